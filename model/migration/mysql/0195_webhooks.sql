CREATE TABLE IF NOT EXISTS webhooks (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  url VARCHAR(500) NOT NULL,
  types VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of events, a blank between',
  note VARCHAR(100) NOT NULL,
  enabled TINYINT NOT NULL,
  why_off VARCHAR(200) NOT NULL COMMENT 'where we switched it off',
  turn INT NOT NULL COMMENT 'of its secret',
  updated_by VARCHAR(64) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  removed_at DATETIME(3) NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
