CREATE TABLE IF NOT EXISTS answer_minutes (
  minute DATETIME NOT NULL,
  instance TEXT NOT NULL,
  answers INTEGER NOT NULL,
  repeats INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  buckets TEXT NOT NULL,
  PRIMARY KEY (minute, instance)
);
