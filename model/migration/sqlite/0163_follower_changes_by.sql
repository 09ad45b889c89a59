ALTER TABLE follower_changes ADD COLUMN operator_name TEXT NOT NULL DEFAULT '';
