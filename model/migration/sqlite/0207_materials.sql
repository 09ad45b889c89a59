CREATE TABLE IF NOT EXISTS materials (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  media_id TEXT NOT NULL,
  current_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  permanent BOOLEAN NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  title TEXT NOT NULL DEFAULT '',
  intro TEXT NOT NULL DEFAULT '',
  url TEXT NOT NULL DEFAULT '',
  format TEXT NOT NULL DEFAULT '',
  bytes INTEGER NOT NULL DEFAULT 0,
  seconds REAL NOT NULL DEFAULT 0,
  sha256 TEXT NOT NULL DEFAULT '',
  file TEXT NULL,
  cover_id TEXT NOT NULL DEFAULT '',
  articles INTEGER NOT NULL DEFAULT 0,
  expires_at DATETIME NULL,
  renewals INTEGER NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  seen_sync INTEGER NOT NULL DEFAULT 0,
  gone_at DATETIME NULL,
  operator_name TEXT NOT NULL DEFAULT '',
  changed_at DATETIME NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS materials_media_id ON materials (appid, media_id);
CREATE UNIQUE INDEX IF NOT EXISTS materials_file ON materials (appid, file);
CREATE INDEX IF NOT EXISTS materials_list ON materials (appid, kind, changed_at, id);
CREATE INDEX IF NOT EXISTS materials_all ON materials (appid, changed_at, id);
CREATE INDEX IF NOT EXISTS materials_ends ON materials (appid, expires_at);
CREATE INDEX IF NOT EXISTS materials_same ON materials (appid, sha256);
