CREATE TABLE IF NOT EXISTS invites (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  campaign_id INTEGER NOT NULL,
  keyword TEXT NOT NULL,
  live_key TEXT NULL,
  poster_id INTEGER NOT NULL,
  need INTEGER NOT NULL,
  reward TEXT NOT NULL,
  reward_ref INTEGER NOT NULL,
  per_person INTEGER NOT NULL,
  total INTEGER NOT NULL,
  hold_hours INTEGER NOT NULL,
  speed_most INTEGER NOT NULL,
  speed_minutes INTEGER NOT NULL,
  state TEXT NOT NULL,
  fault TEXT NOT NULL,
  version INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS invites_campaign ON invites (appid, campaign_id);
CREATE UNIQUE INDEX IF NOT EXISTS invites_live ON invites (appid, live_key);
