CREATE TABLE IF NOT EXISTS event_batches (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  instance TEXT NOT NULL,
  counted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS event_batches_counted ON event_batches (counted, id);
