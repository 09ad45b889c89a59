CREATE TABLE IF NOT EXISTS invite_rewards (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  invite_id INTEGER NOT NULL,
  inviter_id INTEGER NOT NULL,
  openid TEXT NOT NULL,
  nth INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  reward TEXT NOT NULL,
  code TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS invite_rewards_nth ON invite_rewards (inviter_id, nth);
CREATE UNIQUE INDEX IF NOT EXISTS invite_rewards_slot ON invite_rewards (invite_id, slot);
CREATE UNIQUE INDEX IF NOT EXISTS invite_rewards_code ON invite_rewards (appid, reward, code);
CREATE INDEX IF NOT EXISTS invite_rewards_openid ON invite_rewards (appid, openid);
