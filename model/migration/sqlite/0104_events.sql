CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY,
  uid BLOB NOT NULL,
  appid TEXT NOT NULL,
  type INTEGER NOT NULL,
  day INTEGER NOT NULL,
  person_id INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  article_id INTEGER NOT NULL DEFAULT 0,
  course_id INTEGER NOT NULL DEFAULT 0,
  lesson_id INTEGER NOT NULL DEFAULT 0,
  campaign_id INTEGER NOT NULL DEFAULT 0,
  channel TEXT NOT NULL DEFAULT '',
  code TEXT NOT NULL DEFAULT '',
  share_id TEXT NOT NULL DEFAULT '',
  scene INTEGER NOT NULL DEFAULT 0,
  seconds INTEGER NOT NULL DEFAULT 0,
  amount INTEGER NOT NULL DEFAULT 0,
  out_trade_no TEXT NOT NULL DEFAULT '',
  excluded INTEGER NOT NULL DEFAULT 0,
  imported INTEGER NOT NULL DEFAULT 0,
  props TEXT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS events_uid ON events (uid);
CREATE INDEX IF NOT EXISTS events_article ON events (article_id, type, day, person_id, occurred_at) WHERE article_id > 0;
CREATE INDEX IF NOT EXISTS events_course ON events (course_id, type, day, person_id, occurred_at) WHERE course_id > 0;
CREATE INDEX IF NOT EXISTS events_type ON events (type, day, person_id, occurred_at, seconds);
CREATE INDEX IF NOT EXISTS events_person ON events (person_id, occurred_at);
