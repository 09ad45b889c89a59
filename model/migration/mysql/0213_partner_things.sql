CREATE TABLE IF NOT EXISTS partner_things (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  partner_id BIGINT UNSIGNED NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ref VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  begins_at DATETIME(3) NULL COMMENT 'NULL: ever since there is such a thing',
  ended_at DATETIME(3) NULL,
  live TINYINT NULL COMMENT '1 while it is somebody''s',
  created_by VARCHAR(64) NOT NULL,
  ended_by VARCHAR(64) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY partner_things_live (appid, kind, ref, live),
  KEY partner_things_partner (partner_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
