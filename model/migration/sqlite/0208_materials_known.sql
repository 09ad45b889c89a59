INSERT OR IGNORE INTO materials (appid, media_id, current_id, kind, permanent, name, format, bytes, sha256, file, changed_at, created_at, updated_at)
SELECT k.appid, k.material_id, k.material_id, 'image', TRUE, m.title, SUBSTR(m.name, INSTR(m.name, '.') + 1), m.bytes, m.sha256, m.name, k.created_at, k.created_at, k.created_at
FROM media_materials k JOIN media m ON m.id = k.media_id;
