CREATE TABLE IF NOT EXISTS fan_group_visits (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  group_id BIGINT UNSIGNED NOT NULL,
  code_id BIGINT UNSIGNED NOT NULL,
  browser CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'a random number of this group alone',
  channel VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  joined_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY fan_group_visits_once (group_id, browser)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
