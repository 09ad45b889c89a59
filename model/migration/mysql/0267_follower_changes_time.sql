ALTER TABLE follower_changes ADD KEY follower_changes_time (appid, kind, happened_at)
