CREATE TABLE IF NOT EXISTS plan_fills (
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  week INT NOT NULL COMMENT 'its Monday, 20261123',
  filled_by VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  filled_at DATETIME(3) NOT NULL,
  PRIMARY KEY (appid, week)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
