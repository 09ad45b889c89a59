CREATE TABLE IF NOT EXISTS connection_outages (
  instance TEXT NOT NULL,
  part TEXT NOT NULL,
  began_at DATETIME NOT NULL,
  seen_at DATETIME NOT NULL,
  ended_at DATETIME NULL,
  spooled INTEGER NOT NULL,
  drained INTEGER NOT NULL,
  peak INTEGER NOT NULL,
  PRIMARY KEY (instance, part, began_at)
);
CREATE INDEX IF NOT EXISTS connection_outages_seen ON connection_outages (seen_at);
