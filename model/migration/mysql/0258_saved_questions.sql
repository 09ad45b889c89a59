CREATE TABLE IF NOT EXISTS saved_questions (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  owner_id BIGINT UNSIGNED NOT NULL,
  owner_name VARCHAR(64) NOT NULL,
  page VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  query VARCHAR(2000) NOT NULL,
  shared TINYINT NOT NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY saved_questions_name (appid, owner_id, page, name)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
