CREATE TABLE IF NOT EXISTS homeworks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  course_id INTEGER NOT NULL,
  lesson_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  task TEXT NOT NULL,
  due_days INTEGER NOT NULL DEFAULT 0,
  need_text BOOLEAN NOT NULL DEFAULT 0,
  need_pictures BOOLEAN NOT NULL DEFAULT 0,
  counts BOOLEAN NOT NULL DEFAULT 0,
  closed BOOLEAN NOT NULL DEFAULT 0,
  updated_by TEXT NOT NULL DEFAULT '',
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS homeworks_lesson ON homeworks (lesson_id);
CREATE INDEX IF NOT EXISTS homeworks_course ON homeworks (appid, course_id);
