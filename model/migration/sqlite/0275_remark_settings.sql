CREATE TABLE IF NOT EXISTS remark_settings (
  appid TEXT NOT NULL PRIMARY KEY,
  how TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  updated_at DATETIME NOT NULL
);
