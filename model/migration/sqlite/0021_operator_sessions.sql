CREATE TABLE IF NOT EXISTS operator_sessions (
  token_hash TEXT NOT NULL PRIMARY KEY,
  operator_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  seen_at DATETIME NOT NULL,
  expires_at DATETIME NOT NULL,
  ended_at DATETIME NULL
);
CREATE INDEX IF NOT EXISTS operator_sessions_operator ON operator_sessions (operator_id, address);
CREATE INDEX IF NOT EXISTS operator_sessions_expires ON operator_sessions (expires_at);
