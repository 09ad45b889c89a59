CREATE TABLE IF NOT EXISTS broadcast_results (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  msg_id TEXT NOT NULL,
  status TEXT NOT NULL,
  total INTEGER NOT NULL,
  filtered INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  urls TEXT NOT NULL,
  happened_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS broadcast_results_msg ON broadcast_results (appid, msg_id);
CREATE INDEX IF NOT EXISTS broadcast_results_time ON broadcast_results (appid, happened_at);
