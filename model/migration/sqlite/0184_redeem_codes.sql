CREATE TABLE IF NOT EXISTS redeem_codes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  batch_id INTEGER NOT NULL,
  code TEXT NOT NULL,
  status TEXT NOT NULL,
  learner_id INTEGER NOT NULL DEFAULT 0,
  redeemed_at DATETIME NULL,
  withdrawn_at DATETIME NULL,
  withdrawn_by TEXT NOT NULL DEFAULT '',
  withdrawn_why TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX IF NOT EXISTS redeem_codes_code ON redeem_codes (appid, code);
CREATE INDEX IF NOT EXISTS redeem_codes_batch ON redeem_codes (batch_id, status, id);
