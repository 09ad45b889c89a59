CREATE TABLE IF NOT EXISTS order_keys (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  learner_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  request_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  order_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  answer MEDIUMTEXT NULL,
  lease_until DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY order_keys_once (learner_id, request_key),
  KEY order_keys_age (created_at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
