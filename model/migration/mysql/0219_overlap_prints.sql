CREATE TABLE IF NOT EXISTS overlap_prints (
  text_id BIGINT UNSIGNED NOT NULL,
  place INT NOT NULL COMMENT 'where in the letters',
  hash BIGINT NOT NULL,
  PRIMARY KEY (text_id, place),
  KEY overlap_prints_hash (hash, text_id)
) DEFAULT CHARACTER SET ascii COLLATE ascii_bin
