CREATE TABLE IF NOT EXISTS event_checks (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  checked_at DATETIME(3) NOT NULL,
  first_day INT NOT NULL,
  last_day INT NOT NULL,
  found INT NOT NULL,
  redis_asked TINYINT NOT NULL,
  KEY event_checks_at (checked_at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
