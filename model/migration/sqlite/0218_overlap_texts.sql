CREATE TABLE IF NOT EXISTS overlap_texts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  ref INTEGER NOT NULL,
  course_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  plain TEXT NOT NULL,
  length INTEGER NOT NULL,
  source_version INTEGER NOT NULL,
  shared INTEGER NOT NULL,
  outside INTEGER NOT NULL,
  allowed INTEGER NOT NULL,
  rev INTEGER NOT NULL,
  counted_rev INTEGER NOT NULL,
  read_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS overlap_texts_item ON overlap_texts (kind, ref);
CREATE INDEX IF NOT EXISTS overlap_texts_course ON overlap_texts (course_id);
