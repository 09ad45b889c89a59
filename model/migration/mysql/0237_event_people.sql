CREATE TABLE IF NOT EXISTS event_people (
  kind TINYINT UNSIGNED NOT NULL COMMENT 'as event_daily',
  ref VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
  type TINYINT UNSIGNED NOT NULL,
  day INT NOT NULL,
  version BIGINT NOT NULL COMMENT 'of the roll-up it was made at',
  n BIGINT NOT NULL COMMENT 'events of that roll-up',
  people MEDIUMBLOB NOT NULL COMMENT 'the numbers in the rows, a roaring bitmap',
  PRIMARY KEY (kind, ref, type, day)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
