CREATE TABLE IF NOT EXISTS partner_settlements (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  partner_id BIGINT UNSIGNED NOT NULL,
  month INT NOT NULL COMMENT '202601, Asia/Shanghai',
  share_bp INT NULL,
  orders BIGINT NOT NULL,
  gross BIGINT NOT NULL COMMENT 'fen',
  refunded BIGINT NOT NULL,
  correction BIGINT NOT NULL,
  payable BIGINT NULL,
  figures TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  settled_at DATETIME(3) NOT NULL,
  UNIQUE KEY partner_settlements_once (partner_id, month)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
