CREATE TABLE IF NOT EXISTS apple_questions (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ukey CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'digest of what makes a repeat a repeat',
  order_id BIGINT UNSIGNED NOT NULL COMMENT '0: no order of ours',
  pay_order_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason VARCHAR(200) NOT NULL,
  verdict VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  agree TINYINT NOT NULL,
  info VARCHAR(200) NOT NULL,
  evidence VARCHAR(500) NOT NULL,
  times INT NOT NULL,
  first_at DATETIME(3) NOT NULL,
  last_at DATETIME(3) NOT NULL,
  UNIQUE KEY apple_questions_ukey (appid, ukey),
  KEY apple_questions_order (order_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
