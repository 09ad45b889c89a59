CREATE TABLE event_rejections_new (
  account INTEGER NOT NULL DEFAULT 0,
  day INTEGER NOT NULL,
  reason TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (account, day, reason)
);
INSERT INTO event_rejections_new (day, reason, n) SELECT day, reason, n FROM event_rejections;
DROP TABLE event_rejections;
ALTER TABLE event_rejections_new RENAME TO event_rejections;
