CREATE TABLE IF NOT EXISTS menu_versions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  version INTEGER NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  restored_from INTEGER NOT NULL DEFAULT 0,
  menu TEXT NOT NULL,
  diff TEXT NOT NULL,
  operator_id INTEGER NOT NULL DEFAULT 0,
  operator_name TEXT NOT NULL DEFAULT '',
  published_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS menu_versions_number ON menu_versions (appid, version);
