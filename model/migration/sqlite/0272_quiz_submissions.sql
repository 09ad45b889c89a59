CREATE TABLE IF NOT EXISTS quiz_submissions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  course_id INTEGER NOT NULL,
  lesson_id INTEGER NOT NULL,
  learner_id INTEGER NOT NULL,
  person_id INTEGER NOT NULL,
  idem_key TEXT NOT NULL,
  number INTEGER NOT NULL,
  quiz TEXT NOT NULL,
  answers TEXT NOT NULL,
  points INTEGER NOT NULL,
  total INTEGER NOT NULL,
  passed BOOLEAN NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS quiz_submissions_key ON quiz_submissions (learner_id, idem_key);
CREATE UNIQUE INDEX IF NOT EXISTS quiz_submissions_number ON quiz_submissions (learner_id, lesson_id, number);
CREATE INDEX IF NOT EXISTS quiz_submissions_lesson ON quiz_submissions (lesson_id, id);
CREATE INDEX IF NOT EXISTS quiz_submissions_person ON quiz_submissions (person_id);
