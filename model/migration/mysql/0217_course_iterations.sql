CREATE TABLE IF NOT EXISTS course_iterations (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL,
  lesson_id BIGINT UNSIGNED NOT NULL COMMENT '0: the whole course',
  task_id BIGINT UNSIGNED NOT NULL,
  title VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  note VARCHAR(1000) NOT NULL,
  first_day INT NOT NULL COMMENT '20260131, Asia/Shanghai: whose beginners the figures are of',
  last_day INT NOT NULL,
  before_json TEXT NOT NULL COMMENT 'the figures, frozen when it was made',
  created_by VARCHAR(64) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY course_iterations_once (appid, course_id, lesson_id, first_day, last_day, title),
  UNIQUE KEY course_iterations_task (task_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
