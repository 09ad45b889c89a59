CREATE TABLE IF NOT EXISTS overlap_prints (
  text_id INTEGER NOT NULL,
  place INTEGER NOT NULL,
  hash INTEGER NOT NULL,
  PRIMARY KEY (text_id, place)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS overlap_prints_hash ON overlap_prints (hash, text_id);
