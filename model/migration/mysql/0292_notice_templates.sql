CREATE TABLE IF NOT EXISTS notice_templates (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'template or subscribe',
  template_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  title VARCHAR(120) NOT NULL DEFAULT '',
  content TEXT NOT NULL,
  example TEXT NOT NULL,
  fetched_at DATETIME(3) NOT NULL,
  UNIQUE KEY notice_templates_key (appid, kind, template_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
