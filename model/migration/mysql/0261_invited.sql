CREATE TABLE IF NOT EXISTS invited (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  invite_id BIGINT UNSIGNED NOT NULL,
  inviter_id BIGINT UNSIGNED NOT NULL,
  openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'forgotten: a mark of its own',
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'staying, held, counted, left, refused',
  why VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of held and refused',
  allowed TINYINT NOT NULL COMMENT 'an operator looked',
  reward_id BIGINT UNSIGNED NOT NULL COMMENT '0: not used for one',
  followed_at DATETIME(3) NOT NULL,
  left_at DATETIME(3) NULL,
  decided_by VARCHAR(64) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY invited_once (invite_id, openid),
  KEY invited_inviter (inviter_id, state, reward_id),
  KEY invited_due (appid, state, followed_at),
  KEY invited_openid (appid, openid)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
