ALTER TABLE follower_changes ADD COLUMN operator_name VARCHAR(64) NOT NULL DEFAULT ''
