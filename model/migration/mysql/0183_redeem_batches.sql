CREATE TABLE IF NOT EXISTS redeem_batches (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL,
  size INT NOT NULL,
  access_days INT NOT NULL COMMENT '0: for ever',
  starts_at DATETIME(3) NOT NULL,
  ends_at DATETIME(3) NOT NULL COMMENT 'to be redeemed before',
  note VARCHAR(100) NOT NULL,
  created_by VARCHAR(64) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  KEY redeem_batches_app (appid, id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
