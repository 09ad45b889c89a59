CREATE TABLE IF NOT EXISTS overlap_allowances (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'empty: wherever the passage stands',
  ref BIGINT UNSIGNED NOT NULL,
  other_kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  other_ref BIGINT UNSIGNED NOT NULL,
  passage_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  passage MEDIUMTEXT NOT NULL,
  note VARCHAR(500) NOT NULL,
  created_by VARCHAR(64) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY overlap_allowances_once (appid, kind, ref, other_kind, other_ref, passage_hash)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
