ALTER TABLE payments ADD COLUMN openid_sealed VARBINARY(160) NULL COMMENT 'of an erased buyer whose money could still go back; for refunds only'
