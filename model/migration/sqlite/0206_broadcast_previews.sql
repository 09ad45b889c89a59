CREATE TABLE IF NOT EXISTS broadcast_previews (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  broadcast_id INTEGER NOT NULL,
  content_hash TEXT NOT NULL,
  account TEXT NOT NULL,
  operator TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS broadcast_previews_of ON broadcast_previews (broadcast_id, content_hash);
CREATE INDEX IF NOT EXISTS broadcast_previews_account ON broadcast_previews (appid, account);
