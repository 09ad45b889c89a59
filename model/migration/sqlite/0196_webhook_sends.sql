CREATE TABLE IF NOT EXISTS webhook_sends (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  webhook_id INTEGER NOT NULL,
  uid TEXT NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  code INTEGER NOT NULL,
  last_error TEXT NOT NULL,
  next_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  done_at DATETIME NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS webhook_sends_once ON webhook_sends (webhook_id, uid);
CREATE INDEX IF NOT EXISTS webhook_sends_state ON webhook_sends (webhook_id, state, id);
CREATE INDEX IF NOT EXISTS webhook_sends_at ON webhook_sends (created_at);
