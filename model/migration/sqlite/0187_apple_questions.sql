CREATE TABLE IF NOT EXISTS apple_questions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  ukey TEXT NOT NULL,
  order_id INTEGER NOT NULL,
  pay_order_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  verdict TEXT NOT NULL,
  agree INTEGER NOT NULL,
  info TEXT NOT NULL,
  evidence TEXT NOT NULL,
  times INTEGER NOT NULL,
  first_at DATETIME NOT NULL,
  last_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS apple_questions_ukey ON apple_questions (appid, ukey);
CREATE INDEX IF NOT EXISTS apple_questions_order ON apple_questions (order_id);
