CREATE TABLE IF NOT EXISTS posters (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  campaign_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  note TEXT NOT NULL,
  colour TEXT NOT NULL,
  picture TEXT NOT NULL,
  kind TEXT NOT NULL,
  ref TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS posters_campaign ON posters (appid, campaign_id, id);
