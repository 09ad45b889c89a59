CREATE TABLE IF NOT EXISTS event_people (
  kind INTEGER NOT NULL,
  ref TEXT NOT NULL,
  type INTEGER NOT NULL,
  day INTEGER NOT NULL,
  version INTEGER NOT NULL,
  n INTEGER NOT NULL,
  people BLOB NOT NULL,
  PRIMARY KEY (kind, ref, type, day)
);
