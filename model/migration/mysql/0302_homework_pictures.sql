CREATE TABLE IF NOT EXISTS homework_pictures (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  lesson_id BIGINT UNSIGNED NOT NULL,
  learner_id BIGINT UNSIGNED NOT NULL,
  person_id BIGINT UNSIGNED NOT NULL,
  submission_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  position INT NOT NULL DEFAULT 0,
  address VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  verdict VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  trace_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  asked_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  KEY homework_pictures_submission (submission_id, position),
  KEY homework_pictures_trace (trace_id),
  KEY homework_pictures_person (person_id),
  KEY homework_pictures_waiting (verdict, asked_at)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
