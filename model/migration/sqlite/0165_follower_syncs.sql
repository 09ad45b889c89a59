CREATE TABLE IF NOT EXISTS follower_syncs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  open_key TEXT NULL,
  state TEXT NOT NULL,
  phase TEXT NOT NULL,
  page_from TEXT NOT NULL DEFAULT '',
  step INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  seen INTEGER NOT NULL DEFAULT 0,
  fresh INTEGER NOT NULL DEFAULT 0,
  unchanged INTEGER NOT NULL DEFAULT 0,
  gone INTEGER NOT NULL DEFAULT 0,
  unreadable INTEGER NOT NULL DEFAULT 0,
  resume_at DATETIME NULL,
  last_error TEXT NOT NULL DEFAULT '',
  operator_name TEXT NOT NULL DEFAULT '',
  started_at DATETIME NOT NULL,
  ended_at DATETIME NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS follower_syncs_open ON follower_syncs (open_key);
CREATE INDEX IF NOT EXISTS follower_syncs_app ON follower_syncs (appid, id);
