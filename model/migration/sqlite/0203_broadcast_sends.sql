CREATE TABLE IF NOT EXISTS broadcast_sends (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  broadcast_id INTEGER NOT NULL,
  round INTEGER NOT NULL,
  client_id TEXT NOT NULL,
  state TEXT NOT NULL,
  first_call_at DATETIME NULL,
  calls INTEGER NOT NULL,
  msg_id TEXT NULL,
  msg_data_id TEXT NOT NULL,
  status TEXT NOT NULL,
  total INTEGER NULL,
  filtered INTEGER NULL,
  sent INTEGER NULL,
  errors INTEGER NULL,
  last_error TEXT NOT NULL,
  check_at DATETIME NULL,
  accepted_at DATETIME NULL,
  finished_at DATETIME NULL,
  operator_id INTEGER NOT NULL,
  operator TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS broadcast_sends_round ON broadcast_sends (broadcast_id, round);
CREATE UNIQUE INDEX IF NOT EXISTS broadcast_sends_client ON broadcast_sends (appid, client_id);
CREATE UNIQUE INDEX IF NOT EXISTS broadcast_sends_msg ON broadcast_sends (appid, msg_id);
CREATE INDEX IF NOT EXISTS broadcast_sends_check ON broadcast_sends (state, check_at);
CREATE INDEX IF NOT EXISTS broadcast_sends_time ON broadcast_sends (appid, created_at);
