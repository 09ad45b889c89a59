CREATE TABLE IF NOT EXISTS courses (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  title TEXT NOT NULL,
  intro TEXT NOT NULL,
  cover TEXT NOT NULL,
  category TEXT NOT NULL,
  teacher TEXT NOT NULL,
  price INTEGER NOT NULL,
  original_price INTEGER NULL,
  status TEXT NOT NULL,
  goods_id TEXT NOT NULL,
  goods_status TEXT NOT NULL,
  goods_error TEXT NOT NULL,
  version INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  published_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS courses_shop ON courses (appid, status, id);
