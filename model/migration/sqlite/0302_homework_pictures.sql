CREATE TABLE IF NOT EXISTS homework_pictures (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  lesson_id INTEGER NOT NULL,
  learner_id INTEGER NOT NULL,
  person_id INTEGER NOT NULL,
  submission_id INTEGER NOT NULL DEFAULT 0,
  position INTEGER NOT NULL DEFAULT 0,
  address TEXT NOT NULL,
  verdict TEXT NOT NULL DEFAULT '',
  trace_id TEXT NOT NULL DEFAULT '',
  asked_at DATETIME NULL,
  created_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS homework_pictures_submission ON homework_pictures (submission_id, position);
CREATE INDEX IF NOT EXISTS homework_pictures_trace ON homework_pictures (trace_id);
CREATE INDEX IF NOT EXISTS homework_pictures_person ON homework_pictures (person_id);
CREATE INDEX IF NOT EXISTS homework_pictures_waiting ON homework_pictures (verdict, asked_at);
