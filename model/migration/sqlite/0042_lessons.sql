CREATE TABLE IF NOT EXISTS lessons (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  course_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  chapter TEXT NOT NULL,
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  content TEXT NOT NULL,
  media TEXT NOT NULL,
  trial BOOLEAN NOT NULL,
  seconds INTEGER NOT NULL,
  version INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  deleted_at DATETIME NULL
);
CREATE INDEX IF NOT EXISTS lessons_course ON lessons (course_id, position);
