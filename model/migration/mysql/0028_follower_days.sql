CREATE TABLE IF NOT EXISTS follower_days (
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  day INT NOT NULL COMMENT 'yyyymmdd',
  source INT NOT NULL COMMENT 'user_source; -1: the total at the end of the day',
  new_user BIGINT NOT NULL,
  cancel_user BIGINT NOT NULL,
  total BIGINT NOT NULL COMMENT 'of source -1 alone',
  fetched_at DATETIME(3) NOT NULL,
  PRIMARY KEY (appid, day, source)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
