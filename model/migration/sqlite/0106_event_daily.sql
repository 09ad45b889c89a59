CREATE TABLE IF NOT EXISTS event_daily (
  day INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  ref TEXT NOT NULL,
  type INTEGER NOT NULL,
  n INTEGER NOT NULL,
  seconds INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (day, kind, ref, type)
);
CREATE INDEX IF NOT EXISTS event_daily_ref ON event_daily (kind, ref, type, day);
