CREATE TABLE IF NOT EXISTS coupon_uses (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  coupon_id BIGINT UNSIGNED NOT NULL,
  order_id BIGINT UNSIGNED NOT NULL,
  learner_id BIGINT UNSIGNED NOT NULL,
  off BIGINT NOT NULL COMMENT 'fen',
  slot INT NULL COMMENT 'which of the learner''s uses it is; NULL: given back',
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'held, spent, released',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY coupon_uses_order (order_id),
  UNIQUE KEY coupon_uses_slot (coupon_id, learner_id, slot)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
