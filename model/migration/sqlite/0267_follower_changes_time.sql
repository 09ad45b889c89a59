CREATE INDEX IF NOT EXISTS follower_changes_time ON follower_changes (appid, kind, happened_at);
