CREATE TABLE IF NOT EXISTS uploads (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  ukey TEXT NOT NULL,
  open_key TEXT NULL,
  operator_id INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  title TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  got INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL,
  why TEXT NOT NULL DEFAULT '',
  media_id INTEGER NOT NULL DEFAULT 0,
  expires_at DATETIME NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS uploads_ukey ON uploads (ukey);
CREATE UNIQUE INDEX IF NOT EXISTS uploads_open ON uploads (open_key);
CREATE INDEX IF NOT EXISTS uploads_expires ON uploads (expires_at);
