ALTER TABLE payments ADD COLUMN fault VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'why the last prepay call failed: the channel''s code, or no_answer'
