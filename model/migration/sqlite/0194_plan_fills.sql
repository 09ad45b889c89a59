CREATE TABLE IF NOT EXISTS plan_fills (
  appid TEXT NOT NULL,
  week INTEGER NOT NULL,
  filled_by TEXT NOT NULL,
  filled_at DATETIME NOT NULL,
  PRIMARY KEY (appid, week)
);
