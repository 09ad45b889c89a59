CREATE TABLE bill_differences (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  bill_id INTEGER NOT NULL,
  ukey TEXT NOT NULL,
  kind TEXT NOT NULL,
  verdict TEXT NOT NULL,
  order_id INTEGER NOT NULL DEFAULT 0,
  transaction_id TEXT NOT NULL DEFAULT '',
  out_trade_no TEXT NOT NULL DEFAULT '',
  out_refund_no TEXT NOT NULL DEFAULT '',
  ours INTEGER NOT NULL DEFAULT 0,
  theirs INTEGER NOT NULL DEFAULT 0,
  what TEXT NOT NULL DEFAULT '',
  inbox_key TEXT NOT NULL DEFAULT '',
  fence INTEGER NOT NULL DEFAULT 0,
  solved_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX bill_differences_once ON bill_differences (ukey);
CREATE INDEX bill_differences_bill ON bill_differences (bill_id, id);
CREATE INDEX bill_differences_order ON bill_differences (order_id);
