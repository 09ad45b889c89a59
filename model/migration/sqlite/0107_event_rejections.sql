CREATE TABLE IF NOT EXISTS event_rejections (
  day INTEGER NOT NULL,
  reason TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (day, reason)
);
