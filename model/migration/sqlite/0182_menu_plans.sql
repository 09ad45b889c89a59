CREATE TABLE IF NOT EXISTS menu_plans (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  publish_at DATETIME NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  menu TEXT NOT NULL,
  draft_revision INTEGER NOT NULL DEFAULT 0,
  revision INTEGER NOT NULL DEFAULT 1,
  state TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  version INTEGER NOT NULL DEFAULT 0,
  operator_id INTEGER NOT NULL DEFAULT 0,
  operator_name TEXT NOT NULL DEFAULT '',
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS menu_plans_state ON menu_plans (appid, state, publish_at);
