CREATE TABLE IF NOT EXISTS fan_group_codes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  group_id INTEGER NOT NULL,
  picture TEXT NOT NULL,
  most INTEGER NOT NULL,
  shown INTEGER NOT NULL,
  ends_at DATETIME NULL,
  state TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS fan_group_codes_group ON fan_group_codes (group_id, id);
