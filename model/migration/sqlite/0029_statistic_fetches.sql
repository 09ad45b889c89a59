CREATE TABLE IF NOT EXISTS statistic_fetches (
  appid TEXT NOT NULL,
  kind TEXT NOT NULL,
  day INTEGER NOT NULL,
  asked_day INTEGER NOT NULL,
  state TEXT NOT NULL,
  code TEXT NOT NULL DEFAULT '',
  said TEXT NOT NULL DEFAULT '',
  tries INTEGER NOT NULL DEFAULT 0,
  fetched_at DATETIME NOT NULL,
  PRIMARY KEY (appid, kind, day)
);
