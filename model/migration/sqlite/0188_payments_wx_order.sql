ALTER TABLE payments ADD COLUMN wx_order_id TEXT NOT NULL DEFAULT '';
CREATE INDEX IF NOT EXISTS payments_wx_order ON payments (wx_order_id);
