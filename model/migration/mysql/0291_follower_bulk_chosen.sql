CREATE TABLE IF NOT EXISTS follower_bulk_chosen (
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  bulk_id BIGINT NOT NULL,
  follower_id BIGINT NOT NULL,
  PRIMARY KEY (bulk_id, follower_id),
  KEY follower_bulk_chosen_fan (appid, follower_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
