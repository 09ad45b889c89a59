CREATE TABLE IF NOT EXISTS alert_rules (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'figure, refunds, leavers, callback',
  figure VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of kind figure',
  enabled TINYINT NOT NULL,
  percent INT NOT NULL,
  least BIGINT NOT NULL,
  millis INT NOT NULL COMMENT 'of kind callback',
  asleep_until DATETIME(3) NULL,
  checked_day INT NOT NULL COMMENT 'the last day a figure was looked at',
  version BIGINT NOT NULL,
  updated_by VARCHAR(64) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  UNIQUE KEY alert_rules_once (appid, kind, figure)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
