ALTER TABLE media ADD COLUMN learner BOOLEAN NOT NULL DEFAULT 0 COMMENT 'a learner sent it: it is not in the list of files'
