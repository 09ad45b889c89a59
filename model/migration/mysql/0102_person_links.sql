CREATE TABLE IF NOT EXISTS person_links (
  person_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  canonical_id BIGINT UNSIGNED NOT NULL,
  linked_at DATETIME(3) NOT NULL,
  KEY person_links_canonical (canonical_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
