CREATE TABLE IF NOT EXISTS person_identities (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  appid TEXT NOT NULL,
  value TEXT NOT NULL,
  person_id INTEGER NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS person_identities_value ON person_identities (kind, appid, value);
CREATE INDEX IF NOT EXISTS person_identities_person ON person_identities (person_id);
