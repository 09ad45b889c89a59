CREATE TABLE IF NOT EXISTS reviews (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject_id INTEGER NULL,
  title TEXT NOT NULL,
  kpi TEXT NOT NULL,
  target INTEGER NOT NULL,
  hypothesis TEXT NOT NULL,
  first_day INTEGER NOT NULL,
  last_day INTEGER NOT NULL,
  facts_json TEXT NOT NULL,
  facts_at DATETIME NULL,
  met BOOLEAN NULL,
  finding TEXT NOT NULL,
  decision TEXT NOT NULL,
  next_step TEXT NOT NULL,
  owner_id INTEGER NOT NULL,
  owner TEXT NOT NULL,
  due_day INTEGER NOT NULL,
  task_id INTEGER NULL,
  state TEXT NOT NULL,
  opened_at DATETIME NOT NULL,
  opened_by TEXT NOT NULL,
  decided_at DATETIME NULL,
  decided_by TEXT NOT NULL,
  version INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS reviews_subject ON reviews (appid, kind, subject_id);
CREATE INDEX IF NOT EXISTS reviews_state ON reviews (appid, state, id);
CREATE INDEX IF NOT EXISTS reviews_task ON reviews (task_id);
