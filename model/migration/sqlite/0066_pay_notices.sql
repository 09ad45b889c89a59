CREATE TABLE pay_notices (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  digest TEXT NOT NULL,
  source TEXT NOT NULL DEFAULT '',
  via TEXT NOT NULL DEFAULT '',
  notice_id TEXT NOT NULL DEFAULT '',
  order_id INTEGER NOT NULL DEFAULT 0,
  out_trade_no TEXT NOT NULL DEFAULT '',
  out_refund_no TEXT NOT NULL DEFAULT '',
  outcome TEXT NOT NULL DEFAULT '',
  raw TEXT NOT NULL,
  times INTEGER NOT NULL DEFAULT 0,
  first_at DATETIME NOT NULL,
  last_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX pay_notices_once ON pay_notices (digest);
CREATE INDEX pay_notices_order ON pay_notices (order_id, id);
CREATE INDEX pay_notices_no ON pay_notices (out_trade_no);
