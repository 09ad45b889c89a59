CREATE TABLE IF NOT EXISTS fan_groups (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  name TEXT NOT NULL,
  code TEXT NOT NULL,
  campaign_id INTEGER NOT NULL,
  note TEXT NOT NULL,
  closed INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS fan_groups_name ON fan_groups (appid, name);
CREATE UNIQUE INDEX IF NOT EXISTS fan_groups_code ON fan_groups (code);
