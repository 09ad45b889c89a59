CREATE TABLE IF NOT EXISTS follower_tags (
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  tag_id BIGINT NOT NULL,
  follower_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (appid, tag_id, follower_id),
  KEY follower_tags_fan (follower_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
