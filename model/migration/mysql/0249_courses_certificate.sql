ALTER TABLE courses ADD COLUMN certificate BOOLEAN NOT NULL DEFAULT 0 COMMENT 'who finishes every lesson may take one'
