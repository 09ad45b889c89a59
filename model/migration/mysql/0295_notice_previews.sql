CREATE TABLE IF NOT EXISTS notice_previews (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  notice_id BIGINT UNSIGNED NOT NULL,
  content_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  operator VARCHAR(64) NOT NULL DEFAULT '',
  created_at DATETIME(3) NOT NULL,
  KEY notice_previews_notice (notice_id, content_hash),
  KEY notice_previews_fan (appid, openid)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
