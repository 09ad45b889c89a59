CREATE TABLE IF NOT EXISTS scene_codes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  scene TEXT NOT NULL,
  permanent INTEGER NOT NULL,
  channel TEXT NOT NULL DEFAULT '',
  campaign_id INTEGER NOT NULL DEFAULT 0,
  ticket TEXT NOT NULL DEFAULT '',
  url TEXT NOT NULL DEFAULT '',
  expires_at DATETIME NULL,
  operator_id INTEGER NOT NULL DEFAULT 0,
  operator_name TEXT NOT NULL DEFAULT '',
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS scene_codes_scene ON scene_codes (appid, scene);
