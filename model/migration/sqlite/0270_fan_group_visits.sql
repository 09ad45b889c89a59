CREATE TABLE IF NOT EXISTS fan_group_visits (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  group_id INTEGER NOT NULL,
  code_id INTEGER NOT NULL,
  browser TEXT NOT NULL,
  channel TEXT NOT NULL,
  joined_at DATETIME NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS fan_group_visits_once ON fan_group_visits (group_id, browser);
