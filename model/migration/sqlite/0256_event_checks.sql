CREATE TABLE IF NOT EXISTS event_checks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  checked_at DATETIME NOT NULL,
  first_day INTEGER NOT NULL,
  last_day INTEGER NOT NULL,
  found INTEGER NOT NULL,
  redis_asked INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS event_checks_at ON event_checks (checked_at);
