ALTER TABLE payments ADD COLUMN openid_sealed BLOB NULL;
