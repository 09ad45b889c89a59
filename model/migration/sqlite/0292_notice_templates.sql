CREATE TABLE IF NOT EXISTS notice_templates (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  kind TEXT NOT NULL,
  template_id TEXT NOT NULL,
  title TEXT NOT NULL DEFAULT '',
  content TEXT NOT NULL,
  example TEXT NOT NULL,
  fetched_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS notice_templates_key ON notice_templates (appid, kind, template_id);
