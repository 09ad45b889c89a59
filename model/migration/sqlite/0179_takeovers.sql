CREATE TABLE IF NOT EXISTS takeovers (
  appid TEXT NOT NULL PRIMARY KEY,
  sources TEXT NOT NULL,
  notes TEXT NOT NULL,
  rules INTEGER NOT NULL,
  files INTEGER NOT NULL,
  menu INTEGER NOT NULL,
  imported_at DATETIME NULL,
  imported_by TEXT NOT NULL,
  waiting_since DATETIME NULL,
  waiting_by TEXT NOT NULL,
  updated_at DATETIME NOT NULL
);
