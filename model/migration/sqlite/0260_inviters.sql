CREATE TABLE IF NOT EXISTS inviters (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  invite_id INTEGER NOT NULL,
  openid TEXT NOT NULL,
  person_id INTEGER NOT NULL,
  scene TEXT NOT NULL,
  blocked INTEGER NOT NULL,
  media_id TEXT NOT NULL,
  media_until DATETIME NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS inviters_once ON inviters (invite_id, openid);
CREATE UNIQUE INDEX IF NOT EXISTS inviters_scene ON inviters (appid, scene);
CREATE INDEX IF NOT EXISTS inviters_openid ON inviters (appid, openid);
