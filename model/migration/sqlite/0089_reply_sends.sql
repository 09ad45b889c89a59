CREATE TABLE IF NOT EXISTS reply_sends (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  push_key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  openid TEXT NOT NULL,
  rule_id INTEGER NOT NULL DEFAULT 0,
  message TEXT NOT NULL,
  origin TEXT NOT NULL DEFAULT '',
  opened_at DATETIME NOT NULL,
  ends_at DATETIME NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  tries INTEGER NOT NULL DEFAULT 0,
  created_at DATETIME NOT NULL,
  sent_at DATETIME NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS reply_sends_once ON reply_sends (appid, push_key, seq);
CREATE INDEX IF NOT EXISTS reply_sends_fan ON reply_sends (appid, openid, id);
