CREATE TABLE IF NOT EXISTS lessons (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL,
  position INT NOT NULL,
  chapter VARCHAR(100) NOT NULL,
  title VARCHAR(100) NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  content MEDIUMTEXT NOT NULL,
  media VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  trial BOOLEAN NOT NULL,
  seconds INT NOT NULL,
  version BIGINT NOT NULL,
  updated_by VARCHAR(64) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  deleted_at DATETIME(3) NULL,
  KEY lessons_course (course_id, position)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
