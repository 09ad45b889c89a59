CREATE TABLE IF NOT EXISTS draft_pictures (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  media_name TEXT NOT NULL,
  url TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS draft_pictures_media ON draft_pictures (appid, media_name);
