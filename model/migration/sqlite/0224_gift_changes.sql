CREATE TABLE IF NOT EXISTS gift_changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  thing TEXT NOT NULL,
  thing_id INTEGER NOT NULL DEFAULT 0,
  order_id INTEGER NOT NULL DEFAULT 0,
  from_status TEXT NOT NULL DEFAULT '',
  to_status TEXT NOT NULL,
  who TEXT NOT NULL DEFAULT '',
  why TEXT NOT NULL DEFAULT '',
  happen_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS gift_changes_order ON gift_changes (order_id, id);
CREATE INDEX IF NOT EXISTS gift_changes_thing ON gift_changes (thing_id, id);
