CREATE TABLE IF NOT EXISTS scene_scans (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  scene VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
  openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  new_fan TINYINT NOT NULL,
  push_key VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  happened_at DATETIME(3) NOT NULL,
  UNIQUE KEY scene_scans_once (appid, push_key),
  KEY scene_scans_scene (appid, scene, happened_at),
  KEY scene_scans_fan (appid, openid)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
