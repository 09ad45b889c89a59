CREATE TABLE IF NOT EXISTS partners (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  name TEXT NOT NULL,
  contact TEXT NOT NULL,
  note TEXT NOT NULL,
  share_bp INTEGER NULL,
  settle_from INTEGER NOT NULL,
  link_hash TEXT NULL,
  link_at DATETIME NULL,
  link_by TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS partners_name ON partners (appid, name);
CREATE UNIQUE INDEX IF NOT EXISTS partners_link ON partners (link_hash);
