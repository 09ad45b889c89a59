CREATE TABLE IF NOT EXISTS media_materials (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  media_id BIGINT UNSIGNED NOT NULL,
  material_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY media_materials_media (appid, media_id),
  KEY media_materials_material (appid, material_id)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
