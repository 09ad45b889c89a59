CREATE TABLE IF NOT EXISTS partners (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  contact VARCHAR(128) NOT NULL,
  note VARCHAR(1000) NOT NULL,
  share_bp INT NULL COMMENT 'basis points of net revenue; NULL: nothing is shared',
  settle_from INT NOT NULL COMMENT '202601, Asia/Shanghai',
  link_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'sha256 of the secret in the link',
  link_at DATETIME(3) NULL,
  link_by VARCHAR(64) NOT NULL,
  version BIGINT NOT NULL,
  created_by VARCHAR(64) NOT NULL,
  updated_by VARCHAR(64) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY partners_name (appid, name),
  UNIQUE KEY partners_link (link_hash)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
