CREATE TABLE IF NOT EXISTS connection_outages (
  instance VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  part VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  began_at DATETIME(3) NOT NULL,
  seen_at DATETIME(3) NOT NULL,
  ended_at DATETIME(3) NULL,
  spooled BIGINT NOT NULL,
  drained BIGINT NOT NULL,
  peak BIGINT NOT NULL,
  PRIMARY KEY (instance, part, began_at),
  KEY connection_outages_seen (seen_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
