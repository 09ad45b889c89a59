CREATE TABLE IF NOT EXISTS accounts (
  number SMALLINT UNSIGNED NOT NULL PRIMARY KEY COMMENT '0 is the first of a database',
  official_appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  mini_appid VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  UNIQUE KEY accounts_official (official_appid),
  UNIQUE KEY accounts_mini (mini_appid)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
