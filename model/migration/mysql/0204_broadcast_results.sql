CREATE TABLE IF NOT EXISTS broadcast_results (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  msg_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  total BIGINT NOT NULL,
  filtered BIGINT NOT NULL,
  sent BIGINT NOT NULL,
  errors BIGINT NOT NULL,
  urls TEXT NOT NULL,
  happened_at DATETIME(3) NOT NULL,
  UNIQUE KEY broadcast_results_msg (appid, msg_id),
  KEY broadcast_results_time (appid, happened_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
