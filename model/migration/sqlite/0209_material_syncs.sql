CREATE TABLE IF NOT EXISTS material_syncs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  open_key TEXT NULL,
  state TEXT NOT NULL,
  phase TEXT NOT NULL,
  page_offset INTEGER NOT NULL DEFAULT 0,
  step INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  seen INTEGER NOT NULL DEFAULT 0,
  fresh INTEGER NOT NULL DEFAULT 0,
  gone INTEGER NOT NULL DEFAULT 0,
  copied INTEGER NOT NULL DEFAULT 0,
  resume_at DATETIME NULL,
  last_error TEXT NOT NULL DEFAULT '',
  operator_name TEXT NOT NULL DEFAULT '',
  started_at DATETIME NOT NULL,
  ended_at DATETIME NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS material_syncs_open ON material_syncs (open_key);
CREATE INDEX IF NOT EXISTS material_syncs_app ON material_syncs (appid, id);
