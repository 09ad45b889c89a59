CREATE TABLE IF NOT EXISTS push_minutes (
  appid TEXT NOT NULL,
  what TEXT NOT NULL,
  minute DATETIME NOT NULL,
  instance TEXT NOT NULL,
  times INTEGER NOT NULL,
  last_at DATETIME NOT NULL,
  PRIMARY KEY (appid, what, minute, instance)
);
