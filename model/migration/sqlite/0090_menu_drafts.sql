CREATE TABLE IF NOT EXISTS menu_drafts (
  appid TEXT NOT NULL,
  revision INTEGER NOT NULL,
  menu TEXT NOT NULL,
  operator_id INTEGER NOT NULL DEFAULT 0,
  operator_name TEXT NOT NULL DEFAULT '',
  updated_at DATETIME NOT NULL,
  PRIMARY KEY (appid)
);
