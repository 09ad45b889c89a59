ALTER TABLE scene_codes ADD COLUMN batch_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE scene_codes ADD COLUMN tag_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE scene_codes ADD COLUMN disabled_at DATETIME NULL;
ALTER TABLE scene_codes ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
CREATE INDEX IF NOT EXISTS scene_codes_batch ON scene_codes (appid, batch_id, id);
