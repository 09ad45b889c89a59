CREATE TABLE IF NOT EXISTS reply_hits (
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  rule_id BIGINT NOT NULL,
  keyword VARCHAR(256) COLLATE utf8mb4_bin NOT NULL,
  day VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  hits BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (appid, rule_id, day, keyword)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
