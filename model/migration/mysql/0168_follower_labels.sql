CREATE TABLE IF NOT EXISTS follower_labels (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  tag_id BIGINT NOT NULL,
  openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  due_at DATETIME(3) NOT NULL COMMENT 'not before: the real clock',
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY follower_labels_once (appid, tag_id, openid),
  KEY follower_labels_due (appid, due_at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
