CREATE TABLE IF NOT EXISTS mini_statistics (
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'model.MiniKind',
  day INT NOT NULL COMMENT 'first of its period, yyyymmdd',
  raw MEDIUMTEXT COLLATE utf8mb4_bin NOT NULL COMMENT 'the answer, JSON as it came',
  fetched_at DATETIME(3) NOT NULL,
  PRIMARY KEY (appid, kind, day)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
