CREATE TABLE IF NOT EXISTS mini_statistic_versions (
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  day INT NOT NULL,
  raw MEDIUMTEXT COLLATE utf8mb4_bin NOT NULL COMMENT 'what was said before it was said otherwise',
  fetched_at DATETIME(3) NOT NULL,
  PRIMARY KEY (appid, kind, day, fetched_at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
