CREATE TABLE IF NOT EXISTS answer_minutes (
  minute DATETIME(3) NOT NULL,
  instance VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  answers BIGINT NOT NULL,
  repeats BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  buckets VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (minute, instance)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
