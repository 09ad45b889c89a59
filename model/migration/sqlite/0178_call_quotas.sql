CREATE TABLE IF NOT EXISTS call_quotas (
  appid TEXT NOT NULL,
  path TEXT NOT NULL,
  daily_limit INTEGER NOT NULL,
  used INTEGER NOT NULL,
  remain INTEGER NOT NULL,
  note TEXT NOT NULL,
  asked_at DATETIME NOT NULL,
  PRIMARY KEY (appid, path)
);
