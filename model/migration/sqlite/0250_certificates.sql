CREATE TABLE IF NOT EXISTS certificates (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  serial TEXT NOT NULL,
  course_id INTEGER NOT NULL,
  course_title TEXT NOT NULL,
  lessons INTEGER NOT NULL,
  learner_id INTEGER NOT NULL,
  person_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  withdrawn_at DATETIME NULL,
  withdrawn_by TEXT NOT NULL DEFAULT '',
  withdrawn_why TEXT NOT NULL DEFAULT '',
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS certificates_serial ON certificates (serial);
CREATE UNIQUE INDEX IF NOT EXISTS certificates_once ON certificates (learner_id, course_id);
CREATE INDEX IF NOT EXISTS certificates_course ON certificates (course_id, id);
CREATE INDEX IF NOT EXISTS certificates_person ON certificates (person_id);
