CREATE TABLE payments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id INTEGER NOT NULL DEFAULT 0,
  out_trade_no TEXT NOT NULL,
  via TEXT NOT NULL DEFAULT '',
  appid TEXT NOT NULL DEFAULT '',
  mchid TEXT NOT NULL DEFAULT '',
  openid TEXT NOT NULL DEFAULT '',
  product_id TEXT NOT NULL DEFAULT '',
  total INTEGER NOT NULL DEFAULT 0,
  currency TEXT NOT NULL DEFAULT '',
  expire_at DATETIME NOT NULL,
  status TEXT NOT NULL,
  prepay_id TEXT NOT NULL DEFAULT '',
  prepaid_at DATETIME NULL,
  handed_at DATETIME NULL,
  called_at DATETIME NULL,
  call_until DATETIME NULL,
  transaction_id TEXT NULL,
  trade_state TEXT NOT NULL DEFAULT '',
  payer_total INTEGER NOT NULL DEFAULT 0,
  paid_at DATETIME NULL,
  check_at DATETIME NULL,
  checks INTEGER NOT NULL DEFAULT 0,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX payments_no ON payments (out_trade_no);
CREATE UNIQUE INDEX payments_transaction ON payments (via, transaction_id);
CREATE INDEX payments_order ON payments (order_id);
CREATE INDEX payments_check ON payments (status, check_at);
