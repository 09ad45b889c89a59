ALTER TABLE course_prices ADD COLUMN flash_price INTEGER NULL;
ALTER TABLE course_prices ADD COLUMN flash_from DATETIME NULL;
ALTER TABLE course_prices ADD COLUMN flash_until DATETIME NULL;
