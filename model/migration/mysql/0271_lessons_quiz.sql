ALTER TABLE lessons ADD COLUMN quiz MEDIUMTEXT NULL COMMENT 'JSON of the quiz asked at its end'
