CREATE TABLE IF NOT EXISTS event_differences (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  check_id INTEGER NOT NULL,
  place TEXT NOT NULL,
  day INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  ref TEXT NOT NULL,
  type INTEGER NOT NULL,
  was INTEGER NOT NULL,
  is_now INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS event_differences_check ON event_differences (check_id);
