CREATE TABLE IF NOT EXISTS course_prices (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  course_id INTEGER NOT NULL,
  price INTEGER NOT NULL,
  original_price INTEGER NULL,
  operator_id INTEGER NOT NULL,
  operator_name TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS course_prices_course ON course_prices (course_id, id);
