DROP INDEX IF EXISTS events_type;
CREATE INDEX IF NOT EXISTS events_type_account ON events (type, day, person_id, occurred_at, seconds, account);
