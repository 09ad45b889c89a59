CREATE TABLE IF NOT EXISTS campaign_items (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  campaign_id BIGINT UNSIGNED NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ref BIGINT UNSIGNED NOT NULL,
  created_by VARCHAR(64) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY campaign_items_once (campaign_id, kind, ref)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
