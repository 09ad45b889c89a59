CREATE INDEX IF NOT EXISTS pushes_event ON pushes (appid, event, happened_at);
