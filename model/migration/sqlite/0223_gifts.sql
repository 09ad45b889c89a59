CREATE TABLE IF NOT EXISTS gifts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  order_id INTEGER NOT NULL,
  out_trade_no TEXT NOT NULL,
  course_id INTEGER NOT NULL,
  giver_id INTEGER NOT NULL,
  code TEXT NOT NULL,
  access_days INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL,
  learner_id INTEGER NOT NULL DEFAULT 0,
  opened_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS gifts_order ON gifts (order_id);
CREATE UNIQUE INDEX IF NOT EXISTS gifts_code ON gifts (appid, code);
CREATE INDEX IF NOT EXISTS gifts_giver ON gifts (giver_id, id);
CREATE INDEX IF NOT EXISTS gifts_learner ON gifts (learner_id, id);
