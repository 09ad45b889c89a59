ALTER TABLE followers ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE followers ADD COLUMN seen_sync INTEGER NOT NULL DEFAULT 0;
CREATE INDEX IF NOT EXISTS followers_seen ON followers (appid, subscribed, seen_sync);
