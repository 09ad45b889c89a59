CREATE TABLE IF NOT EXISTS reports (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  kind TEXT NOT NULL,
  first_day INTEGER NOT NULL,
  last_day INTEGER NOT NULL,
  number INTEGER NOT NULL,
  state TEXT NOT NULL,
  facts_json TEXT NOT NULL,
  words_json TEXT NOT NULL,
  changes_json TEXT NOT NULL,
  revision INTEGER NOT NULL,
  asked_by TEXT NOT NULL,
  asked_by_id INTEGER NOT NULL,
  asked_at DATETIME NULL,
  decided_by TEXT NOT NULL,
  decided_at DATETIME NULL,
  remark TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made_at DATETIME NOT NULL,
  updated_by TEXT NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS reports_version ON reports (appid, kind, first_day, number);
