CREATE TABLE IF NOT EXISTS quiz_picks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  lesson_id INTEGER NOT NULL,
  submission_id INTEGER NOT NULL,
  question TEXT NOT NULL,
  picked INTEGER NOT NULL,
  correct BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS quiz_picks_once ON quiz_picks (submission_id, question);
CREATE INDEX IF NOT EXISTS quiz_picks_count ON quiz_picks (lesson_id, question, picked, correct);
