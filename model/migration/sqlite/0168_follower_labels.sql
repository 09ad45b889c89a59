CREATE TABLE IF NOT EXISTS follower_labels (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  tag_id INTEGER NOT NULL,
  openid TEXT NOT NULL,
  due_at DATETIME NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS follower_labels_once ON follower_labels (appid, tag_id, openid);
CREATE INDEX IF NOT EXISTS follower_labels_due ON follower_labels (appid, due_at);
