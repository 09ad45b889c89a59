CREATE TABLE IF NOT EXISTS plan_items (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  day INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  title TEXT NOT NULL,
  column_name TEXT NOT NULL,
  author TEXT NOT NULL,
  state TEXT NOT NULL,
  target_kpi TEXT NOT NULL,
  target INTEGER NOT NULL,
  hypothesis TEXT NOT NULL,
  article_id INTEGER NULL,
  broadcast_id INTEGER NULL,
  version INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS plan_items_article ON plan_items (article_id);
CREATE INDEX IF NOT EXISTS plan_items_day ON plan_items (appid, day, slot);
