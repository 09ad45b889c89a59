ALTER TABLE orders ADD COLUMN flash_off BIGINT NOT NULL DEFAULT 0 COMMENT 'fen the flash price took off the list price'
