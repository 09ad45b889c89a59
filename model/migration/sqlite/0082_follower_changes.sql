CREATE TABLE IF NOT EXISTS follower_changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  openid TEXT NOT NULL,
  kind TEXT NOT NULL,
  scene TEXT NOT NULL DEFAULT '',
  push_key TEXT NOT NULL,
  happened_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS follower_changes_once ON follower_changes (appid, push_key);
CREATE INDEX IF NOT EXISTS follower_changes_fan ON follower_changes (appid, openid, id);
