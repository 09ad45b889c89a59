CREATE TABLE orders (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL DEFAULT '',
  out_trade_no TEXT NOT NULL,
  learner_id INTEGER NOT NULL DEFAULT 0,
  person_id INTEGER NOT NULL DEFAULT 0,
  openid TEXT NOT NULL DEFAULT '',
  platform TEXT NOT NULL DEFAULT '',
  course_id INTEGER NOT NULL DEFAULT 0,
  title TEXT NOT NULL DEFAULT '',
  list_price INTEGER NOT NULL DEFAULT 0,
  amount INTEGER NOT NULL DEFAULT 0,
  agreement TEXT NOT NULL DEFAULT '',
  access_days INTEGER NOT NULL DEFAULT 0,
  via TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL,
  open_key TEXT NULL,
  paid_by TEXT NOT NULL DEFAULT '',
  paid_at DATETIME NULL,
  refunded INTEGER NOT NULL DEFAULT 0,
  expires_at DATETIME NOT NULL,
  close_at DATETIME NULL,
  closing_at DATETIME NULL,
  closed_at DATETIME NULL,
  article_id INTEGER NOT NULL DEFAULT 0,
  campaign_id INTEGER NOT NULL DEFAULT 0,
  channel TEXT NOT NULL DEFAULT '',
  proof TEXT NOT NULL DEFAULT '',
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX orders_no ON orders (out_trade_no);
CREATE UNIQUE INDEX orders_open ON orders (open_key);
CREATE INDEX orders_learner ON orders (learner_id, course_id);
CREATE INDEX orders_course ON orders (course_id, id);
CREATE INDEX orders_due ON orders (status, expires_at);
CREATE INDEX orders_close ON orders (status, close_at);
CREATE INDEX orders_paid ON orders (paid_at);
CREATE INDEX orders_person ON orders (person_id);
