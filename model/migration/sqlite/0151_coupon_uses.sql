CREATE TABLE IF NOT EXISTS coupon_uses (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  coupon_id INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  learner_id INTEGER NOT NULL,
  off INTEGER NOT NULL,
  slot INTEGER NULL,
  status TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS coupon_uses_order ON coupon_uses (order_id);
CREATE UNIQUE INDEX IF NOT EXISTS coupon_uses_slot ON coupon_uses (coupon_id, learner_id, slot);
