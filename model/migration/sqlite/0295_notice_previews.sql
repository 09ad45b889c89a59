CREATE TABLE IF NOT EXISTS notice_previews (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  notice_id INTEGER NOT NULL,
  content_hash TEXT NOT NULL,
  openid TEXT NOT NULL,
  operator TEXT NOT NULL DEFAULT '',
  created_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS notice_previews_notice ON notice_previews (notice_id, content_hash);
CREATE INDEX IF NOT EXISTS notice_previews_fan ON notice_previews (appid, openid);
