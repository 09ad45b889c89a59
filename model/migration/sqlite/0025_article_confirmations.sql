CREATE TABLE IF NOT EXISTS article_confirmations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  article_id INTEGER NOT NULL,
  operator_id INTEGER NOT NULL,
  operator_name TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  version INTEGER NOT NULL,
  comment TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS article_confirmations_once ON article_confirmations (article_id, content_hash, operator_id);
