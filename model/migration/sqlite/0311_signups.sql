CREATE TABLE IF NOT EXISTS signups (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  campaign_id INTEGER NOT NULL,
  learner_id INTEGER NOT NULL,
  person_id INTEGER NOT NULL,
  state TEXT NOT NULL,
  line INTEGER NOT NULL,
  answers TEXT NOT NULL,
  words TEXT NOT NULL,
  came TEXT NOT NULL,
  came_by TEXT NOT NULL,
  came_at DATETIME NULL,
  note TEXT NOT NULL,
  note_by TEXT NOT NULL,
  note_version INTEGER NOT NULL,
  joined_at DATETIME NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS signups_learner ON signups (campaign_id, learner_id);
CREATE UNIQUE INDEX IF NOT EXISTS signups_line ON signups (campaign_id, line);
CREATE INDEX IF NOT EXISTS signups_waiting ON signups (campaign_id, state, line);
CREATE INDEX IF NOT EXISTS signups_person ON signups (person_id);
CREATE INDEX IF NOT EXISTS signups_of_learner ON signups (learner_id);
