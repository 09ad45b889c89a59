CREATE TABLE IF NOT EXISTS partner_lines (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  settlement_id BIGINT UNSIGNED NOT NULL,
  partner_id BIGINT UNSIGNED NOT NULL,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  out_trade_no VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  first TINYINT NULL COMMENT '1 where the order was settled: once, to one partner',
  paid_at DATETIME(3) NOT NULL,
  share_bp INT NULL,
  gross BIGINT NOT NULL COMMENT 'fen',
  refunded BIGINT NOT NULL,
  UNIQUE KEY partner_lines_once (settlement_id, out_trade_no),
  UNIQUE KEY partner_lines_first (appid, out_trade_no, first),
  KEY partner_lines_partner (partner_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
