CREATE TABLE IF NOT EXISTS pushes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  push_key TEXT NOT NULL,
  openid TEXT NOT NULL,
  msg_type TEXT NOT NULL,
  event TEXT NOT NULL DEFAULT '',
  event_key TEXT NOT NULL,
  content TEXT NOT NULL,
  raw TEXT NOT NULL,
  answer TEXT NOT NULL,
  rule_id INTEGER NOT NULL DEFAULT 0,
  rule_version INTEGER NOT NULL DEFAULT 0,
  keyword TEXT NOT NULL DEFAULT '',
  handed INTEGER NOT NULL DEFAULT 1,
  happened_at DATETIME NOT NULL,
  received_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS pushes_once ON pushes (appid, push_key);
CREATE INDEX IF NOT EXISTS pushes_fan ON pushes (appid, openid, happened_at);
CREATE INDEX IF NOT EXISTS pushes_received ON pushes (appid, received_at);
