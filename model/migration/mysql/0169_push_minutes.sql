CREATE TABLE IF NOT EXISTS push_minutes (
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  what VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  minute DATETIME(3) NOT NULL,
  instance VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  times BIGINT NOT NULL,
  last_at DATETIME(3) NOT NULL,
  PRIMARY KEY (appid, what, minute, instance)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
