CREATE TABLE IF NOT EXISTS abandoned_notes (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  order_id BIGINT UNSIGNED NOT NULL,
  note VARCHAR(500) NOT NULL DEFAULT '' COMMENT 'what was said to the person, or found out',
  done BOOLEAN NOT NULL DEFAULT 0 COMMENT 'nothing more is to be done about it',
  operator_id BIGINT UNSIGNED NOT NULL,
  operator_name VARCHAR(64) NOT NULL DEFAULT '' COMMENT 'who wrote last',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY abandoned_notes_order (order_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
