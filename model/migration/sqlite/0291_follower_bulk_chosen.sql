CREATE TABLE IF NOT EXISTS follower_bulk_chosen (
  appid TEXT NOT NULL,
  bulk_id INTEGER NOT NULL,
  follower_id INTEGER NOT NULL,
  PRIMARY KEY (bulk_id, follower_id)
);
CREATE INDEX IF NOT EXISTS follower_bulk_chosen_fan ON follower_bulk_chosen (appid, follower_id);
