CREATE TABLE grants (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL DEFAULT '',
  learner_id INTEGER NOT NULL DEFAULT 0,
  course_id INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  reason_key TEXT NOT NULL,
  order_id INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL,
  why TEXT NOT NULL DEFAULT '',
  starts_at DATETIME NOT NULL,
  ends_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX grants_reason ON grants (reason_key);
CREATE INDEX grants_learner ON grants (learner_id, course_id);
CREATE INDEX grants_course ON grants (course_id, status);
CREATE INDEX grants_order ON grants (order_id);
CREATE INDEX grants_ends ON grants (status, ends_at);
