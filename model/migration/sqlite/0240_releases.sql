CREATE TABLE IF NOT EXISTS releases (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  publish_at DATETIME NOT NULL,
  note TEXT NOT NULL,
  menu TEXT NOT NULL,
  menu_before TEXT NOT NULL,
  rules TEXT NOT NULL,
  words TEXT NOT NULL,
  at_once INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  state TEXT NOT NULL,
  tries INTEGER NOT NULL,
  error TEXT NOT NULL,
  menu_version INTEGER NOT NULL,
  reply_version INTEGER NOT NULL,
  restored_from INTEGER NOT NULL,
  operator_id INTEGER NOT NULL,
  operator_name TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  published_at DATETIME NULL
);
CREATE INDEX IF NOT EXISTS releases_state ON releases (appid, state, id);
