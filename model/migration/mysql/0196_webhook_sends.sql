CREATE TABLE IF NOT EXISTS webhook_sends (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  webhook_id BIGINT UNSIGNED NOT NULL,
  uid CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  type VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  attempts INT NOT NULL,
  code INT NOT NULL COMMENT 'HTTP status of the last try; 0: none came',
  last_error VARCHAR(200) NOT NULL,
  next_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  done_at DATETIME(3) NULL,
  UNIQUE KEY webhook_sends_once (webhook_id, uid),
  KEY webhook_sends_state (webhook_id, state, id),
  KEY webhook_sends_at (created_at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
