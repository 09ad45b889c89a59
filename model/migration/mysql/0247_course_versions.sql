CREATE TABLE IF NOT EXISTS course_versions (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL,
  version BIGINT NOT NULL,
  note VARCHAR(300) NOT NULL,
  restored_from BIGINT NOT NULL DEFAULT 0,
  body MEDIUMTEXT NOT NULL COMMENT 'JSON; texts by their hash in course_texts',
  hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  diff MEDIUMTEXT NOT NULL COMMENT 'JSON: words',
  operator_id BIGINT NOT NULL,
  operator_name VARCHAR(64) NOT NULL,
  published_at DATETIME(3) NOT NULL,
  UNIQUE KEY course_versions_once (course_id, version)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
