CREATE TABLE order_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  learner_id INTEGER NOT NULL DEFAULT 0,
  request_key TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  order_id INTEGER NOT NULL DEFAULT 0,
  answer TEXT NULL,
  lease_until DATETIME NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX order_keys_once ON order_keys (learner_id, request_key);
CREATE INDEX order_keys_age ON order_keys (created_at);
