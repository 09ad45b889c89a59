CREATE TABLE IF NOT EXISTS alert_rules (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  kind TEXT NOT NULL,
  figure TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  percent INTEGER NOT NULL,
  least INTEGER NOT NULL,
  millis INTEGER NOT NULL,
  asleep_until DATETIME NULL,
  checked_day INTEGER NOT NULL,
  version INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS alert_rules_once ON alert_rules (appid, kind, figure);
