ALTER TABLE pushes ADD KEY pushes_event (appid, event, happened_at)
