CREATE TABLE IF NOT EXISTS remark_settings (
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  how VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'first, after or off',
  updated_by VARCHAR(64) NOT NULL,
  updated_at DATETIME(3) NOT NULL
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
