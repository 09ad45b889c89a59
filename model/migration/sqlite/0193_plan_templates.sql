CREATE TABLE IF NOT EXISTS plan_templates (
  appid TEXT NOT NULL PRIMARY KEY,
  columns_json TEXT NOT NULL,
  version INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  updated_at DATETIME NOT NULL
);
