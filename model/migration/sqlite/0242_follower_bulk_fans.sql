CREATE TABLE IF NOT EXISTS follower_bulk_fans (
  appid TEXT NOT NULL,
  bulk_id INTEGER NOT NULL,
  follower_id INTEGER NOT NULL,
  PRIMARY KEY (bulk_id, follower_id)
);
CREATE INDEX IF NOT EXISTS follower_bulk_fans_fan ON follower_bulk_fans (appid, follower_id);
