CREATE TABLE IF NOT EXISTS media_materials (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  media_id INTEGER NOT NULL,
  material_id TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS media_materials_media ON media_materials (appid, media_id);
CREATE INDEX IF NOT EXISTS media_materials_material ON media_materials (appid, material_id);
