CREATE TABLE IF NOT EXISTS partner_settlements (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  partner_id INTEGER NOT NULL,
  month INTEGER NOT NULL,
  share_bp INTEGER NULL,
  orders INTEGER NOT NULL,
  gross INTEGER NOT NULL,
  refunded INTEGER NOT NULL,
  correction INTEGER NOT NULL,
  payable INTEGER NULL,
  figures TEXT NOT NULL,
  settled_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS partner_settlements_once ON partner_settlements (partner_id, month);
