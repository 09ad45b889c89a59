CREATE TABLE bill_rows (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  bill_id INTEGER NOT NULL,
  via TEXT NOT NULL,
  kind TEXT NOT NULL,
  number TEXT NOT NULL,
  appid TEXT NOT NULL DEFAULT '',
  mchid TEXT NOT NULL DEFAULT '',
  transaction_id TEXT NOT NULL DEFAULT '',
  out_trade_no TEXT NOT NULL DEFAULT '',
  refund_id TEXT NOT NULL DEFAULT '',
  out_refund_no TEXT NOT NULL DEFAULT '',
  payer TEXT NOT NULL DEFAULT '',
  currency TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL DEFAULT '',
  amount INTEGER NOT NULL DEFAULT 0,
  fee INTEGER NOT NULL DEFAULT 0,
  rate TEXT NOT NULL DEFAULT '',
  traded_at DATETIME NOT NULL,
  verdict TEXT NOT NULL,
  order_id INTEGER NOT NULL DEFAULT 0,
  fence INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX bill_rows_once ON bill_rows (via, kind, number);
CREATE INDEX bill_rows_bill ON bill_rows (bill_id, id);
CREATE INDEX bill_rows_order ON bill_rows (order_id);
