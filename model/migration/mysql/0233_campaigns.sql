CREATE TABLE IF NOT EXISTS campaigns (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  goal VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  target BIGINT NOT NULL,
  first_day INT NOT NULL COMMENT '20260131, Asia/Shanghai',
  last_day INT NOT NULL,
  cost BIGINT NULL COMMENT 'fen; NULL: not entered',
  note VARCHAR(1000) NOT NULL,
  stopped_at DATETIME(3) NULL,
  stopped_by VARCHAR(64) NOT NULL,
  version BIGINT NOT NULL,
  created_by VARCHAR(64) NOT NULL,
  updated_by VARCHAR(64) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY campaigns_name (appid, name)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
