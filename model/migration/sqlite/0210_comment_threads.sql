CREATE TABLE IF NOT EXISTS comment_threads (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  msg_data_id TEXT NOT NULL,
  msg_index INTEGER NOT NULL,
  article_id INTEGER NOT NULL,
  open_state TEXT NOT NULL DEFAULT '',
  changed_by TEXT NOT NULL DEFAULT '',
  last_error TEXT NOT NULL DEFAULT '',
  read_at DATETIME NULL,
  read_no INTEGER NOT NULL DEFAULT 0,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS comment_threads_of ON comment_threads (appid, msg_data_id, msg_index);
