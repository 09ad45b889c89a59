CREATE TABLE IF NOT EXISTS article_totals (
  appid TEXT NOT NULL,
  msgid TEXT NOT NULL,
  stat_day INTEGER NOT NULL,
  publish_day INTEGER NOT NULL,
  article_id INTEGER NOT NULL DEFAULT 0,
  title TEXT NOT NULL,
  url TEXT NOT NULL,
  quiet INTEGER NOT NULL DEFAULT 0,
  read_user INTEGER NOT NULL,
  read_message INTEGER NOT NULL,
  share_user INTEGER NOT NULL,
  zaikan_user INTEGER NOT NULL,
  like_user INTEGER NOT NULL,
  comment_count INTEGER NOT NULL,
  collection_user INTEGER NOT NULL,
  praise_money INTEGER NOT NULL,
  read_subscribe_user INTEGER NOT NULL,
  delivery_rate REAL NOT NULL,
  finish_rate REAL NOT NULL,
  minutes REAL NOT NULL,
  sources TEXT NOT NULL,
  is_delayed INTEGER NOT NULL DEFAULT 0,
  fetched_at DATETIME NOT NULL,
  PRIMARY KEY (appid, msgid, stat_day)
);
CREATE INDEX IF NOT EXISTS article_totals_article ON article_totals (article_id, stat_day);
CREATE INDEX IF NOT EXISTS article_totals_day ON article_totals (appid, stat_day);
