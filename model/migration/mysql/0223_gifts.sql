CREATE TABLE IF NOT EXISTS gifts (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  order_id BIGINT UNSIGNED NOT NULL,
  out_trade_no VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL,
  giver_id BIGINT UNSIGNED NOT NULL,
  code VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  access_days INT NOT NULL DEFAULT 0,
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'waiting, frozen, opened, void',
  learner_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  opened_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY gifts_order (order_id),
  UNIQUE KEY gifts_code (appid, code),
  KEY gifts_giver (giver_id, id),
  KEY gifts_learner (learner_id, id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
