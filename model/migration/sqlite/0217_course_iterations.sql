CREATE TABLE IF NOT EXISTS course_iterations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  appid TEXT NOT NULL,
  course_id INTEGER NOT NULL,
  lesson_id INTEGER NOT NULL,
  task_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  note TEXT NOT NULL,
  first_day INTEGER NOT NULL,
  last_day INTEGER NOT NULL,
  before_json TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS course_iterations_once ON course_iterations (appid, course_id, lesson_id, first_day, last_day, title);
CREATE UNIQUE INDEX IF NOT EXISTS course_iterations_task ON course_iterations (task_id);
