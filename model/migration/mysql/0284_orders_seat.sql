ALTER TABLE orders ADD COLUMN seat TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'it took one of the course''s seats'
