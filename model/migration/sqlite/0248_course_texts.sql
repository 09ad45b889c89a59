CREATE TABLE IF NOT EXISTS course_texts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  hash TEXT NOT NULL,
  content TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS course_texts_once ON course_texts (appid, hash);
