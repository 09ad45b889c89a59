CREATE TABLE IF NOT EXISTS reply_versions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  version INTEGER NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  restored_from INTEGER NOT NULL DEFAULT 0,
  rules TEXT NOT NULL,
  diff TEXT NOT NULL,
  operator_id INTEGER NOT NULL DEFAULT 0,
  operator_name TEXT NOT NULL DEFAULT '',
  published_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS reply_versions_number ON reply_versions (appid, version);
