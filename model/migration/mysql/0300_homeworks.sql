CREATE TABLE IF NOT EXISTS homeworks (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL,
  lesson_id BIGINT UNSIGNED NOT NULL,
  title VARCHAR(60) NOT NULL,
  task TEXT NOT NULL,
  due_days INT NOT NULL DEFAULT 0,
  need_text BOOLEAN NOT NULL DEFAULT 0,
  need_pictures BOOLEAN NOT NULL DEFAULT 0,
  counts BOOLEAN NOT NULL DEFAULT 0,
  closed BOOLEAN NOT NULL DEFAULT 0,
  updated_by VARCHAR(64) NOT NULL DEFAULT '',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY homeworks_lesson (lesson_id),
  KEY homeworks_course (appid, course_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
