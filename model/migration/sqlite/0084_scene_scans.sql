CREATE TABLE IF NOT EXISTS scene_scans (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  scene TEXT NOT NULL,
  openid TEXT NOT NULL,
  new_fan INTEGER NOT NULL,
  push_key TEXT NOT NULL,
  happened_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS scene_scans_once ON scene_scans (appid, push_key);
CREATE INDEX IF NOT EXISTS scene_scans_scene ON scene_scans (appid, scene, happened_at);
CREATE INDEX IF NOT EXISTS scene_scans_fan ON scene_scans (appid, openid);
