CREATE TABLE IF NOT EXISTS overlap_allowances (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  kind TEXT NOT NULL,
  ref INTEGER NOT NULL,
  other_kind TEXT NOT NULL,
  other_ref INTEGER NOT NULL,
  passage_hash TEXT NOT NULL,
  passage TEXT NOT NULL,
  note TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS overlap_allowances_once ON overlap_allowances (appid, kind, ref, other_kind, other_ref, passage_hash);
