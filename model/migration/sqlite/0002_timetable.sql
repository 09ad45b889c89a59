CREATE TABLE timetable (
  name TEXT PRIMARY KEY,
  next_at DATETIME NOT NULL,
  lease_until DATETIME NULL,
  fence INTEGER NOT NULL DEFAULT 0,
  last_at DATETIME NULL,
  last_error TEXT NOT NULL DEFAULT ''
);
