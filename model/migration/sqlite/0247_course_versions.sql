CREATE TABLE IF NOT EXISTS course_versions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  course_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  note TEXT NOT NULL,
  restored_from INTEGER NOT NULL DEFAULT 0,
  body TEXT NOT NULL,
  hash TEXT NOT NULL,
  diff TEXT NOT NULL,
  operator_id INTEGER NOT NULL,
  operator_name TEXT NOT NULL,
  published_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS course_versions_once ON course_versions (course_id, version);
