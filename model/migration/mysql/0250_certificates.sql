CREATE TABLE IF NOT EXISTS certificates (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  serial VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'printed on it, and in the address that proves it',
  course_id BIGINT UNSIGNED NOT NULL,
  course_title VARCHAR(100) NOT NULL COMMENT 'as it was called then',
  lessons INT NOT NULL COMMENT 'finished',
  learner_id BIGINT UNSIGNED NOT NULL,
  person_id BIGINT UNSIGNED NOT NULL,
  name VARCHAR(64) NOT NULL COMMENT 'as the learner wrote it',
  withdrawn_at DATETIME(3) NULL,
  withdrawn_by VARCHAR(64) NOT NULL DEFAULT '',
  withdrawn_why VARCHAR(300) NOT NULL DEFAULT '',
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY certificates_serial (serial),
  UNIQUE KEY certificates_once (learner_id, course_id),
  KEY certificates_course (course_id, id),
  KEY certificates_person (person_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
