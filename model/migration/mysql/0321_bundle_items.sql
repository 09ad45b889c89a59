CREATE TABLE IF NOT EXISTS bundle_items (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  bundle_id BIGINT UNSIGNED NOT NULL COMMENT 'a course with bundle = 1',
  course_id BIGINT UNSIGNED NOT NULL COMMENT 'a course with bundle = 0',
  position INT NOT NULL,
  left_at DATETIME(3) NULL COMMENT 'taken out then; open on to who bought before. NULL: in it',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY bundle_items_bundle (bundle_id, course_id),
  KEY bundle_items_course (course_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
