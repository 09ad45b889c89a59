CREATE TABLE IF NOT EXISTS notice_sends (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  notice_id INTEGER NOT NULL,
  follower_id INTEGER NOT NULL,
  openid TEXT NOT NULL,
  state TEXT NOT NULL,
  calls INTEGER NOT NULL DEFAULT 0,
  called_at DATETIME NULL,
  uncertain_at DATETIME NULL,
  msg_id TEXT NULL,
  early_msg_id TEXT NOT NULL DEFAULT '',
  early_status TEXT NOT NULL DEFAULT '',
  code TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  sent_at DATETIME NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS notice_sends_once ON notice_sends (notice_id, follower_id);
CREATE INDEX IF NOT EXISTS notice_sends_state ON notice_sends (notice_id, state, id);
CREATE INDEX IF NOT EXISTS notice_sends_told ON notice_sends (appid, msg_id);
CREATE INDEX IF NOT EXISTS notice_sends_fan ON notice_sends (appid, openid, state);
