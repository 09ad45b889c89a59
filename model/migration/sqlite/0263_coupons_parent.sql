ALTER TABLE coupons ADD COLUMN parent_id INTEGER NOT NULL DEFAULT 0;
CREATE INDEX IF NOT EXISTS coupons_parent ON coupons (parent_id);
