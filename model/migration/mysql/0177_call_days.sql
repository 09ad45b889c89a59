CREATE TABLE IF NOT EXISTS call_days (
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  day INT NOT NULL COMMENT '20260131, Asia/Shanghai',
  path VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  instance VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  calls BIGINT NOT NULL,
  errors BIGINT NOT NULL,
  last_at DATETIME(3) NOT NULL,
  ok_at DATETIME(3) NULL,
  error_at DATETIME(3) NULL,
  error_code VARCHAR(16) NOT NULL,
  error_text VARCHAR(300) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  stopped_until DATETIME(3) NULL,
  PRIMARY KEY (appid, day, path, instance)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
