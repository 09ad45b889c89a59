CREATE TABLE IF NOT EXISTS alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  rule_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  case_key TEXT NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  look TEXT NOT NULL,
  link TEXT NOT NULL,
  seen_at DATETIME NULL,
  seen_by TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS alerts_case ON alerts (appid, case_key);
CREATE INDEX IF NOT EXISTS alerts_open ON alerts (appid, seen_at, id);
