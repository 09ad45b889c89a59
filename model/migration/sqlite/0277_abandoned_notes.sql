CREATE TABLE IF NOT EXISTS abandoned_notes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  order_id INTEGER NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  done BOOLEAN NOT NULL DEFAULT 0,
  operator_id INTEGER NOT NULL,
  operator_name TEXT NOT NULL DEFAULT '',
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS abandoned_notes_order ON abandoned_notes (order_id);
