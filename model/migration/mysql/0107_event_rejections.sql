CREATE TABLE IF NOT EXISTS event_rejections (
  day INT NOT NULL,
  reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (day, reason)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
