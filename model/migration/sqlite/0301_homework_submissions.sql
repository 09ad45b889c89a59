CREATE TABLE IF NOT EXISTS homework_submissions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  homework_id INTEGER NOT NULL,
  course_id INTEGER NOT NULL,
  lesson_id INTEGER NOT NULL,
  learner_id INTEGER NOT NULL,
  person_id INTEGER NOT NULL,
  idem_key TEXT NOT NULL,
  number INTEGER NOT NULL,
  content TEXT NOT NULL,
  verdict TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,
  late BOOLEAN NOT NULL DEFAULT 0,
  score INTEGER NULL,
  words TEXT NOT NULL DEFAULT '',
  marked_by TEXT NOT NULL DEFAULT '',
  marked_at DATETIME NULL,
  featured BOOLEAN NOT NULL DEFAULT 0,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS homework_submissions_key ON homework_submissions (learner_id, idem_key);
CREATE UNIQUE INDEX IF NOT EXISTS homework_submissions_number ON homework_submissions (homework_id, learner_id, number);
CREATE INDEX IF NOT EXISTS homework_submissions_state ON homework_submissions (appid, state, id);
CREATE INDEX IF NOT EXISTS homework_submissions_lesson ON homework_submissions (lesson_id, state, id);
CREATE INDEX IF NOT EXISTS homework_submissions_featured ON homework_submissions (homework_id, featured, id);
CREATE INDEX IF NOT EXISTS homework_submissions_person ON homework_submissions (person_id);
