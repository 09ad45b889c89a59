ALTER TABLE lessons ADD COLUMN draft_of BIGINT UNSIGNED NULL COMMENT 'in a draft: the lesson this row is the draft of, 0 a new one; NULL: a lesson'
