CREATE TABLE IF NOT EXISTS signup_forms (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  campaign_id INTEGER NOT NULL,
  open BOOLEAN NOT NULL,
  title TEXT NOT NULL,
  fields TEXT NOT NULL,
  last_key INTEGER NOT NULL,
  places INTEGER NULL,
  taken INTEGER NOT NULL,
  last_line INTEGER NOT NULL,
  starts_at DATETIME NULL,
  ends_at DATETIME NULL,
  after_text TEXT NOT NULL,
  version INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS signup_forms_campaign ON signup_forms (appid, campaign_id);
