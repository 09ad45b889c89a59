CREATE TABLE IF NOT EXISTS broadcast_confirmations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  broadcast_id INTEGER NOT NULL,
  operator_id INTEGER NOT NULL,
  operator TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  comment TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS broadcast_confirmations_once ON broadcast_confirmations (broadcast_id, content_hash, operator_id);
