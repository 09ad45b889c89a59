CREATE TABLE IF NOT EXISTS audit_entries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  operator_id INTEGER NOT NULL,
  operator_name TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  object_id TEXT NOT NULL,
  "before" TEXT NOT NULL,
  "after" TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_entries_at ON audit_entries (created_at);
CREATE INDEX IF NOT EXISTS audit_entries_operator ON audit_entries (operator_name, id);
CREATE INDEX IF NOT EXISTS audit_entries_object ON audit_entries (object, object_id, id);
