CREATE TABLE IF NOT EXISTS bundle_items (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  bundle_id INTEGER NOT NULL,
  course_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  left_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS bundle_items_bundle ON bundle_items (bundle_id, course_id);
CREATE INDEX IF NOT EXISTS bundle_items_course ON bundle_items (course_id);
