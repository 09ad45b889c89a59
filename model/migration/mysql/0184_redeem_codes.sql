CREATE TABLE IF NOT EXISTS redeem_codes (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  batch_id BIGINT UNSIGNED NOT NULL,
  code VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'unused, redeemed, withdrawn',
  learner_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  redeemed_at DATETIME(3) NULL,
  withdrawn_at DATETIME(3) NULL,
  withdrawn_by VARCHAR(64) NOT NULL DEFAULT '',
  withdrawn_why VARCHAR(200) NOT NULL DEFAULT '',
  UNIQUE KEY redeem_codes_code (appid, code),
  KEY redeem_codes_batch (batch_id, status, id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
