CREATE TABLE IF NOT EXISTS inviters (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  invite_id BIGINT UNSIGNED NOT NULL,
  openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'forgotten: a mark of its own',
  person_id BIGINT UNSIGNED NOT NULL,
  scene VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  blocked TINYINT NOT NULL,
  media_id VARCHAR(256) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the poster as WeChat keeps it',
  media_until DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY inviters_once (invite_id, openid),
  UNIQUE KEY inviters_scene (appid, scene),
  KEY inviters_openid (appid, openid)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
