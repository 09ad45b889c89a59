CREATE TABLE IF NOT EXISTS mini_statistic_versions (
  appid TEXT NOT NULL,
  kind TEXT NOT NULL,
  day INTEGER NOT NULL,
  raw TEXT NOT NULL,
  fetched_at DATETIME NOT NULL,
  PRIMARY KEY (appid, kind, day, fetched_at)
);
