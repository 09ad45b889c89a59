CREATE TABLE IF NOT EXISTS event_daily (
  day INT NOT NULL COMMENT 'Asia/Shanghai yyyymmdd',
  kind TINYINT UNSIGNED NOT NULL COMMENT '0 all, 1 article, 2 course, 3 campaign, 4 channel, 5 excluded',
  ref VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
  type TINYINT UNSIGNED NOT NULL,
  n BIGINT NOT NULL,
  seconds BIGINT NOT NULL,
  amount BIGINT NOT NULL COMMENT 'fen',
  version BIGINT NOT NULL,
  PRIMARY KEY (day, kind, ref, type),
  KEY event_daily_ref (kind, ref, type, day)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
