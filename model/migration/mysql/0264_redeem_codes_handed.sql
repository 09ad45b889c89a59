ALTER TABLE redeem_codes ADD COLUMN handed_at DATETIME(3) NULL COMMENT 'given to a winner by the house'
