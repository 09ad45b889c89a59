CREATE TABLE IF NOT EXISTS articles (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  title TEXT NOT NULL,
  url TEXT NOT NULL,
  digest TEXT NOT NULL,
  author TEXT NOT NULL,
  cover TEXT NOT NULL,
  content TEXT NOT NULL,
  course_id INTEGER NULL,
  column_name TEXT NOT NULL,
  planned_at DATETIME NULL,
  goal TEXT NOT NULL,
  window_days INTEGER NOT NULL,
  state TEXT NOT NULL,
  version INTEGER NOT NULL,
  content_hash TEXT NOT NULL,
  created_by TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  published_by TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  published_at DATETIME NULL,
  msg_data_id TEXT NULL,
  msg_index INTEGER NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS articles_msg ON articles (appid, msg_data_id, msg_index);
CREATE INDEX IF NOT EXISTS articles_state ON articles (appid, state, published_at, id);
CREATE INDEX IF NOT EXISTS articles_course ON articles (course_id);
