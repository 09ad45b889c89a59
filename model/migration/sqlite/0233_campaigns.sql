CREATE TABLE IF NOT EXISTS campaigns (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  name TEXT NOT NULL,
  goal TEXT NOT NULL,
  target INTEGER NOT NULL,
  first_day INTEGER NOT NULL,
  last_day INTEGER NOT NULL,
  cost INTEGER NULL,
  note TEXT NOT NULL,
  stopped_at DATETIME NULL,
  stopped_by TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS campaigns_name ON campaigns (appid, name);
