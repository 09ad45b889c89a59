CREATE TABLE IF NOT EXISTS quiz_picks (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  lesson_id BIGINT UNSIGNED NOT NULL,
  submission_id BIGINT UNSIGNED NOT NULL,
  question CHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'hash of what was asked',
  picked INT NOT NULL COMMENT 'bit n: option n was picked',
  correct BOOLEAN NOT NULL,
  UNIQUE KEY quiz_picks_once (submission_id, question),
  KEY quiz_picks_count (lesson_id, question, picked, correct)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
