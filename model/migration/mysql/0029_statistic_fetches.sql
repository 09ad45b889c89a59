CREATE TABLE IF NOT EXISTS statistic_fetches (
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'articles, followers',
  day INT NOT NULL COMMENT 'asked about, yyyymmdd',
  asked_day INT NOT NULL COMMENT 'when, yyyymmdd of the business clock',
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'done, delayed, unready, failed',
  code VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'errcode',
  said VARCHAR(255) NOT NULL DEFAULT '',
  tries INT NOT NULL DEFAULT 0,
  fetched_at DATETIME(3) NOT NULL,
  PRIMARY KEY (appid, kind, day)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
