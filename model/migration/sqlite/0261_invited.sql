CREATE TABLE IF NOT EXISTS invited (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  invite_id INTEGER NOT NULL,
  inviter_id INTEGER NOT NULL,
  openid TEXT NOT NULL,
  state TEXT NOT NULL,
  why TEXT NOT NULL,
  allowed INTEGER NOT NULL,
  reward_id INTEGER NOT NULL,
  followed_at DATETIME NOT NULL,
  left_at DATETIME NULL,
  decided_by TEXT NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS invited_once ON invited (invite_id, openid);
CREATE INDEX IF NOT EXISTS invited_inviter ON invited (inviter_id, state, reward_id);
CREATE INDEX IF NOT EXISTS invited_due ON invited (appid, state, followed_at);
CREATE INDEX IF NOT EXISTS invited_openid ON invited (appid, openid);
