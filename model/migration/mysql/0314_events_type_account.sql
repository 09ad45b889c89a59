ALTER TABLE events DROP KEY events_type, ADD KEY events_type_account (type, day, person_id, occurred_at, seconds, account)
