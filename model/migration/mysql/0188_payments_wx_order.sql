ALTER TABLE payments ADD COLUMN wx_order_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'virtual payment''s own number', ADD KEY payments_wx_order (wx_order_id)
