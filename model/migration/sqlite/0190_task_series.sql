CREATE TABLE IF NOT EXISTS task_series (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  title TEXT NOT NULL,
  important BOOLEAN NOT NULL,
  urgent BOOLEAN NOT NULL,
  start_minute INTEGER NULL,
  estimated_minutes INTEGER NOT NULL,
  kpi TEXT NOT NULL,
  owner_id INTEGER NOT NULL,
  owner TEXT NOT NULL,
  repeats TEXT NOT NULL,
  first_day INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS task_series_live ON task_series (appid, repeats);
