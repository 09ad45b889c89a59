CREATE TABLE event_intake_new (
  account INTEGER NOT NULL DEFAULT 0,
  day INTEGER NOT NULL,
  what TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (account, day, what)
);
INSERT INTO event_intake_new (day, what, n) SELECT day, what, n FROM event_intake;
DROP TABLE event_intake;
ALTER TABLE event_intake_new RENAME TO event_intake;
