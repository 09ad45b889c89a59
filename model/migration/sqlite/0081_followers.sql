CREATE TABLE IF NOT EXISTS followers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  openid TEXT NOT NULL,
  person_id INTEGER NOT NULL DEFAULT 0,
  unionid TEXT NOT NULL DEFAULT '',
  subscribed INTEGER NOT NULL DEFAULT 0,
  subscribed_at DATETIME NULL,
  unsubscribed_at DATETIME NULL,
  changed_at DATETIME NOT NULL,
  subscribe_scene TEXT NOT NULL DEFAULT '',
  scene TEXT NOT NULL DEFAULT '',
  follows INTEGER NOT NULL DEFAULT 0,
  remark TEXT NOT NULL DEFAULT '',
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS followers_openid ON followers (appid, openid);
CREATE INDEX IF NOT EXISTS followers_list ON followers (appid, subscribed, id);
CREATE INDEX IF NOT EXISTS followers_person ON followers (person_id);
