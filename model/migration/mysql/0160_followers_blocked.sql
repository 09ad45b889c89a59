ALTER TABLE followers ADD COLUMN blocked TINYINT NOT NULL DEFAULT 0, ADD COLUMN seen_sync BIGINT NOT NULL DEFAULT 0, ADD KEY followers_seen (appid, subscribed, seen_sync)
