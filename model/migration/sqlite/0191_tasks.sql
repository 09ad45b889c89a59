CREATE TABLE IF NOT EXISTS tasks (
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
  day INTEGER NOT NULL,
  state TEXT NOT NULL,
  started_at DATETIME NULL,
  spent_seconds INTEGER NOT NULL,
  done_at DATETIME NULL,
  series_id INTEGER NULL,
  series_day INTEGER NULL,
  version INTEGER NOT NULL,
  undo_json TEXT NOT NULL,
  removed_at DATETIME NULL,
  created_by TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS tasks_series ON tasks (series_id, series_day);
CREATE INDEX IF NOT EXISTS tasks_day ON tasks (appid, day);
CREATE INDEX IF NOT EXISTS tasks_state ON tasks (appid, state, day);
