CREATE TABLE IF NOT EXISTS gift_changes (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  thing VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  thing_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  order_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  from_status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  to_status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  who VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  why VARCHAR(300) NOT NULL DEFAULT '',
  happen_at DATETIME(3) NOT NULL,
  KEY gift_changes_order (order_id, id),
  KEY gift_changes_thing (thing_id, id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
