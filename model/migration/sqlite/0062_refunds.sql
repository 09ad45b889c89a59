CREATE TABLE refunds (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  out_refund_no TEXT NOT NULL,
  order_id INTEGER NOT NULL DEFAULT 0,
  payment_id INTEGER NOT NULL DEFAULT 0,
  out_trade_no TEXT NOT NULL DEFAULT '',
  via TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT '',
  amount INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL,
  asked_by TEXT NOT NULL DEFAULT '',
  proposed_by TEXT NOT NULL DEFAULT '',
  approved_by TEXT NOT NULL DEFAULT '',
  decided_why TEXT NOT NULL DEFAULT '',
  request_key TEXT NULL,
  request_hash TEXT NOT NULL DEFAULT '',
  open_key TEXT NULL,
  refund_id TEXT NOT NULL DEFAULT '',
  error TEXT NOT NULL DEFAULT '',
  next_at DATETIME NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  sent_at DATETIME NULL,
  succeeded_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX refunds_no ON refunds (out_refund_no);
CREATE UNIQUE INDEX refunds_request ON refunds (request_key);
CREATE UNIQUE INDEX refunds_open ON refunds (open_key);
CREATE INDEX refunds_order ON refunds (order_id);
CREATE INDEX refunds_next ON refunds (status, next_at);
CREATE INDEX refunds_succeeded ON refunds (succeeded_at);
