CREATE TABLE IF NOT EXISTS coupons (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  off INTEGER NOT NULL,
  percent INTEGER NOT NULL,
  course_ids TEXT NOT NULL,
  starts_at DATETIME NOT NULL,
  ends_at DATETIME NOT NULL,
  stock INTEGER NOT NULL,
  per_person INTEGER NOT NULL,
  used INTEGER NOT NULL DEFAULT 0,
  public INTEGER NOT NULL DEFAULT 0,
  disabled INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1,
  created_by TEXT NOT NULL DEFAULT '',
  updated_by TEXT NOT NULL DEFAULT '',
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS coupons_code ON coupons (appid, code);
CREATE INDEX IF NOT EXISTS coupons_public ON coupons (appid, public, disabled, ends_at);
