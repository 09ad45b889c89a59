CREATE TABLE IF NOT EXISTS invite_rewards (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  invite_id BIGINT UNSIGNED NOT NULL,
  inviter_id BIGINT UNSIGNED NOT NULL,
  openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  nth INT NOT NULL COMMENT 'of the inviter',
  slot INT NOT NULL COMMENT 'of the task',
  reward VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY invite_rewards_nth (inviter_id, nth),
  UNIQUE KEY invite_rewards_slot (invite_id, slot),
  UNIQUE KEY invite_rewards_code (appid, reward, code),
  KEY invite_rewards_openid (appid, openid)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
