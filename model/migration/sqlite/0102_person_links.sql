CREATE TABLE IF NOT EXISTS person_links (
  person_id INTEGER PRIMARY KEY,
  canonical_id INTEGER NOT NULL,
  linked_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS person_links_canonical ON person_links (canonical_id);
