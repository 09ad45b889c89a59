CREATE TABLE IF NOT EXISTS progress (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  learner_id INTEGER NOT NULL,
  person_id INTEGER NOT NULL,
  course_id INTEGER NOT NULL,
  lesson_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  finished_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS progress_lesson ON progress (learner_id, lesson_id);
CREATE INDEX IF NOT EXISTS progress_course ON progress (course_id, finished_at);
CREATE INDEX IF NOT EXISTS progress_person ON progress (person_id);
