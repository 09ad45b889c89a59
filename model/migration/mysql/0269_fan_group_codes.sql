CREATE TABLE IF NOT EXISTS fan_group_codes (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  group_id BIGINT UNSIGNED NOT NULL,
  picture VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  most INT NOT NULL COMMENT 'people it is shown to',
  shown INT NOT NULL,
  ends_at DATETIME(3) NULL,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'open, full, withdrawn',
  created_by VARCHAR(64) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  KEY fan_group_codes_group (group_id, id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
