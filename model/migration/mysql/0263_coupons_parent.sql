ALTER TABLE coupons ADD COLUMN parent_id BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'made for one winner after this coupon', ADD KEY coupons_parent (parent_id)
