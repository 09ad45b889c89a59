CREATE TABLE IF NOT EXISTS report_targets (
  appid TEXT NOT NULL,
  kind TEXT NOT NULL,
  first_day INTEGER NOT NULL,
  kpi TEXT NOT NULL,
  target INTEGER NOT NULL,
  hypothesis TEXT NOT NULL,
  set_by TEXT NOT NULL,
  set_at DATETIME NOT NULL,
  PRIMARY KEY (appid, kind, first_day, kpi)
);
