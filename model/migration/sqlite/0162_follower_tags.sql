CREATE TABLE IF NOT EXISTS follower_tags (
  appid TEXT NOT NULL,
  tag_id INTEGER NOT NULL,
  follower_id INTEGER NOT NULL,
  PRIMARY KEY (appid, tag_id, follower_id)
);
CREATE INDEX IF NOT EXISTS follower_tags_fan ON follower_tags (follower_id);
