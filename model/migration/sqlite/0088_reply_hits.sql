CREATE TABLE IF NOT EXISTS reply_hits (
  appid TEXT NOT NULL,
  rule_id INTEGER NOT NULL,
  keyword TEXT NOT NULL,
  day TEXT NOT NULL,
  hits INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (appid, rule_id, day, keyword)
);
