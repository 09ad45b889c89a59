CREATE TABLE IF NOT EXISTS partner_lines (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  settlement_id INTEGER NOT NULL,
  partner_id INTEGER NOT NULL,
  appid TEXT NOT NULL,
  out_trade_no TEXT NOT NULL,
  first INTEGER NULL,
  paid_at DATETIME NOT NULL,
  share_bp INTEGER NULL,
  gross INTEGER NOT NULL,
  refunded INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS partner_lines_once ON partner_lines (settlement_id, out_trade_no);
CREATE UNIQUE INDEX IF NOT EXISTS partner_lines_first ON partner_lines (appid, out_trade_no, first);
CREATE INDEX IF NOT EXISTS partner_lines_partner ON partner_lines (partner_id);
