CREATE TABLE IF NOT EXISTS accounts (
  number INTEGER NOT NULL PRIMARY KEY,
  official_appid TEXT NULL,
  mini_appid TEXT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS accounts_official ON accounts (official_appid);
CREATE UNIQUE INDEX IF NOT EXISTS accounts_mini ON accounts (mini_appid);
