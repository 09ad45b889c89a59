ALTER TABLE courses ADD COLUMN bundle BOOLEAN NOT NULL DEFAULT 0 COMMENT 'has no lessons of its own and opens the courses of bundle_items'
