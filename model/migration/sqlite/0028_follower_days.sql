CREATE TABLE IF NOT EXISTS follower_days (
  appid TEXT NOT NULL,
  day INTEGER NOT NULL,
  source INTEGER NOT NULL,
  new_user INTEGER NOT NULL,
  cancel_user INTEGER NOT NULL,
  total INTEGER NOT NULL,
  fetched_at DATETIME NOT NULL,
  PRIMARY KEY (appid, day, source)
);
