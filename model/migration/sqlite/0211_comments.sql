CREATE TABLE IF NOT EXISTS comments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  thread_id INTEGER NOT NULL,
  comment_id INTEGER NOT NULL,
  openid TEXT NOT NULL,
  content TEXT NOT NULL,
  elected BOOLEAN NOT NULL,
  reply TEXT NOT NULL DEFAULT '',
  replied_at DATETIME NULL,
  written_at DATETIME NOT NULL,
  seen_at DATETIME NOT NULL,
  read_no INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS comments_of ON comments (thread_id, comment_id);
CREATE INDEX IF NOT EXISTS comments_list ON comments (thread_id, written_at, id);
CREATE INDEX IF NOT EXISTS comments_openid ON comments (appid, openid);
CREATE INDEX IF NOT EXISTS comments_seen ON comments (seen_at);
