CREATE TABLE IF NOT EXISTS comments (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  thread_id BIGINT NOT NULL,
  comment_id BIGINT NOT NULL COMMENT 'user_comment_id: counted for each article',
  openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  content TEXT NOT NULL,
  elected BOOLEAN NOT NULL,
  reply VARCHAR(600) NOT NULL DEFAULT '',
  replied_at DATETIME(3) NULL,
  written_at DATETIME(3) NOT NULL,
  seen_at DATETIME(3) NOT NULL,
  read_no BIGINT NOT NULL,
  UNIQUE KEY comments_of (thread_id, comment_id),
  KEY comments_list (thread_id, written_at, id),
  KEY comments_openid (appid, openid),
  KEY comments_seen (seen_at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
