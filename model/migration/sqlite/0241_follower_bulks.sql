CREATE TABLE IF NOT EXISTS follower_bulks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  open_key TEXT NULL,
  state TEXT NOT NULL,
  give INTEGER NOT NULL,
  tag_id INTEGER NOT NULL,
  tag_name TEXT NOT NULL,
  filter TEXT NOT NULL,
  undoes INTEGER NOT NULL,
  undone_by INTEGER NOT NULL,
  last_id INTEGER NOT NULL,
  up_to INTEGER NOT NULL,
  total INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  step INTEGER NOT NULL,
  resume_at DATETIME NULL,
  last_error TEXT NOT NULL,
  operator_id INTEGER NOT NULL,
  operator_name TEXT NOT NULL,
  started_at DATETIME NOT NULL,
  ended_at DATETIME NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS follower_bulks_open ON follower_bulks (open_key);
CREATE INDEX IF NOT EXISTS follower_bulks_app ON follower_bulks (appid, id);
