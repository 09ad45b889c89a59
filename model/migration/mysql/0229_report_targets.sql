CREATE TABLE IF NOT EXISTS report_targets (
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  first_day INT NOT NULL COMMENT '20261124, of the period',
  kpi VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  target BIGINT NOT NULL COMMENT 'people or items; fen; for a rate ten-thousandths',
  hypothesis VARCHAR(300) NOT NULL,
  set_by VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  set_at DATETIME(3) NOT NULL,
  PRIMARY KEY (appid, kind, first_day, kpi)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
