CREATE TABLE IF NOT EXISTS learners (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  openid TEXT NOT NULL,
  unionid TEXT NOT NULL,
  person_id INTEGER NOT NULL,
  platform TEXT NOT NULL,
  session_key BLOB NULL,
  login_at DATETIME NOT NULL,
  erased_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS learners_openid ON learners (appid, openid);
CREATE INDEX IF NOT EXISTS learners_person ON learners (person_id);
