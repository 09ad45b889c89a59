CREATE TABLE IF NOT EXISTS call_days (
  appid TEXT NOT NULL,
  day INTEGER NOT NULL,
  path TEXT NOT NULL,
  instance TEXT NOT NULL,
  calls INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  last_at DATETIME NOT NULL,
  ok_at DATETIME NULL,
  error_at DATETIME NULL,
  error_code TEXT NOT NULL,
  error_text TEXT NOT NULL,
  stopped_until DATETIME NULL,
  PRIMARY KEY (appid, day, path, instance)
);
