CREATE TABLE money_inbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  ukey TEXT NOT NULL,
  order_id INTEGER NOT NULL DEFAULT 0,
  via TEXT NOT NULL DEFAULT '',
  out_trade_no TEXT NOT NULL DEFAULT '',
  transaction_id TEXT NOT NULL DEFAULT '',
  out_refund_no TEXT NOT NULL DEFAULT '',
  amount INTEGER NOT NULL DEFAULT 0,
  what TEXT NOT NULL DEFAULT '',
  todo TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,
  resolved_by TEXT NOT NULL DEFAULT '',
  resolved_why TEXT NOT NULL DEFAULT '',
  resolved_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX money_inbox_once ON money_inbox (ukey);
CREATE INDEX money_inbox_state ON money_inbox (state, id);
CREATE INDEX money_inbox_order ON money_inbox (order_id);
