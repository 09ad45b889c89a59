CREATE TABLE IF NOT EXISTS partner_things (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  partner_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  ref TEXT NOT NULL,
  begins_at DATETIME NULL,
  ended_at DATETIME NULL,
  live INTEGER NULL,
  created_by TEXT NOT NULL,
  ended_by TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS partner_things_live ON partner_things (appid, kind, ref, live);
CREATE INDEX IF NOT EXISTS partner_things_partner ON partner_things (partner_id);
