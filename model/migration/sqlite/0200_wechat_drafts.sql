CREATE TABLE IF NOT EXISTS wechat_drafts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  article_id INTEGER NOT NULL,
  box_key TEXT NULL,
  media_id TEXT NOT NULL,
  title TEXT NOT NULL,
  state TEXT NOT NULL,
  article_hash TEXT NOT NULL,
  pushed_hash TEXT NOT NULL,
  publish_id TEXT NOT NULL,
  publish_status INTEGER NULL,
  msg_data_id TEXT NOT NULL,
  public_id TEXT NOT NULL,
  url TEXT NOT NULL,
  last_error TEXT NOT NULL,
  check_at DATETIME NULL,
  operator_name TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS wechat_drafts_box ON wechat_drafts (appid, box_key);
CREATE INDEX IF NOT EXISTS wechat_drafts_article ON wechat_drafts (appid, article_id, id);
CREATE INDEX IF NOT EXISTS wechat_drafts_check ON wechat_drafts (state, check_at);
