CREATE TABLE IF NOT EXISTS course_prices (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL,
  price BIGINT NOT NULL,
  original_price BIGINT NULL,
  operator_id BIGINT NOT NULL,
  operator_name VARCHAR(64) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  KEY course_prices_course (course_id, id)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
