CREATE TABLE IF NOT EXISTS comment_threads (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  msg_data_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  msg_index INT NOT NULL COMMENT 'from 0, as the comment calls count',
  article_id BIGINT NOT NULL,
  open_state VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'what was set here last; empty: never set here',
  changed_by VARCHAR(64) NOT NULL DEFAULT '',
  last_error VARCHAR(500) NOT NULL DEFAULT '',
  read_at DATETIME(3) NULL,
  read_no BIGINT NOT NULL DEFAULT 0,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY comment_threads_of (appid, msg_data_id, msg_index)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
