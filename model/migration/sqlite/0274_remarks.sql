CREATE TABLE IF NOT EXISTS remarks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  course_id INTEGER NOT NULL,
  lesson_id INTEGER NOT NULL,
  learner_id INTEGER NOT NULL,
  person_id INTEGER NOT NULL,
  idem_key TEXT NOT NULL,
  content TEXT NOT NULL,
  state TEXT NOT NULL,
  why TEXT NOT NULL DEFAULT '',
  pinned BOOLEAN NOT NULL DEFAULT 0,
  answer TEXT NOT NULL DEFAULT '',
  answered_by TEXT NOT NULL DEFAULT '',
  answered_at DATETIME NULL,
  reviewed_by TEXT NOT NULL DEFAULT '',
  reviewed_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  deleted_at DATETIME NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS remarks_key ON remarks (learner_id, idem_key);
CREATE INDEX IF NOT EXISTS remarks_course ON remarks (course_id, state, pinned, id);
CREATE INDEX IF NOT EXISTS remarks_mine ON remarks (learner_id, course_id, id);
CREATE INDEX IF NOT EXISTS remarks_state ON remarks (appid, state, id);
CREATE INDEX IF NOT EXISTS remarks_person ON remarks (person_id);
