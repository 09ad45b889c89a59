CREATE TABLE IF NOT EXISTS overlap_texts (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'lesson, article',
  ref BIGINT UNSIGNED NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL COMMENT 'of a lesson',
  title VARCHAR(255) NOT NULL,
  plain MEDIUMTEXT NOT NULL,
  length INT NOT NULL COMMENT 'letters that are compared',
  source_version BIGINT NOT NULL,
  shared INT NOT NULL COMMENT 'letters that stand in another item too and are not allowed',
  outside INT NOT NULL COMMENT 'those of shared outside the own course',
  allowed INT NOT NULL,
  rev BIGINT NOT NULL,
  counted_rev BIGINT NOT NULL COMMENT 'the rev the sums are of',
  read_at DATETIME(3) NOT NULL,
  UNIQUE KEY overlap_texts_item (kind, ref),
  KEY overlap_texts_course (course_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
