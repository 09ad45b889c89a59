package model

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// TaskState is how far a task is.
type TaskState string

// The states of a task.
const (
	TaskTodo  TaskState = "todo"
	TaskDoing TaskState = "doing"
	TaskDone  TaskState = "done"
)

// TaskRepeat says on which days a task comes again.
type TaskRepeat string

// The ways a task repeats; TaskOnce is none of them.
const (
	TaskOnce     TaskRepeat = ""
	TaskDaily    TaskRepeat = "daily"
	TaskWeekdays TaskRepeat = "weekdays" // Monday to Friday
	TaskWeekly   TaskRepeat = "weekly"   // on the weekday of its first day
)

// TaskKPIs are the figures a task may serve: what makes it important. "" is none.
var TaskKPIs = []string{"read_rate", "share_rate", "conversion", "followers", "active", "visitors", "users", "buyers"}

// Bounds of what a task may say.
const (
	TaskTitleMax   = 60
	TaskMinutesMax = 24 * 60
)

// TaskFields is what an operator writes of a task; a repeating one hands it on to its next days.
type TaskFields struct {
	Title     string
	Important bool
	Urgent    bool
	Start     *int `gorm:"column:start_minute"` // minute of the day in Asia/Shanghai; nil: any time
	Estimated int  `gorm:"column:estimated_minutes"`
	KPI       string
	OwnerID   int64
	Owner     string
}

// Task is one thing to do. Its day is where its time is counted.
type Task struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	TaskFields `gorm:"embedded"`
	Day        int // 20261124; 0: on no day yet
	State      TaskState
	StartedAt  *time.Time // of the run that goes on
	Spent      int64      `gorm:"column:spent_seconds"` // of the runs that ended
	DoneAt     *time.Time
	SeriesID   *int64
	SeriesDay  *int // the day the series made it for, wherever it was moved since
	Version    int64
	Undo       string `gorm:"column:undo_json"` // JSON of what the last change changed; "" when there is nothing to take back
	RemovedAt  *time.Time
	CreatedBy  string
	UpdatedBy  string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// TaskSeries is what a repeating task is made from, once for every day that it falls on.
type TaskSeries struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	TaskFields `gorm:"embedded"`
	Repeat     TaskRepeat `gorm:"column:repeats"`
	FirstDay   int        // it falls on no earlier day
	UpdatedBy  string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// TableName keeps the plural what it is.
func (TaskSeries) TableName() string { return "task_series" }

// Falls says whether the series comes on day.
func (s TaskSeries) Falls(day int) bool {
	if day < s.FirstDay {
		return false
	}
	wd := DayStart(day).Weekday()
	switch s.Repeat {
	case TaskDaily:
		return true
	case TaskWeekdays:
		return wd != time.Saturday && wd != time.Sunday
	case TaskWeekly:
		return wd == DayStart(s.FirstDay).Weekday()
	}
	return false
}

// Check says by field what is wrong.
func (f *TaskFields) Check() error {
	f.Title = strings.TrimSpace(f.Title)
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查填写的内容")
	if f.Title == "" {
		bad.Field("title", "请写这件事是什么")
	} else if utf8.RuneCountInString(f.Title) > TaskTitleMax {
		bad.Field("title", "最多 60 个字")
	}
	if f.Start != nil && (*f.Start < 0 || *f.Start >= TaskMinutesMax) {
		bad.Field("start", "时间应在 00:00 到 23:59 之间")
	}
	if f.Estimated < 0 || f.Estimated > TaskMinutesMax {
		bad.Field("estimated_minutes", "预计 0 到 1440 分钟")
	}
	if f.KPI != "" && !slices.Contains(TaskKPIs, f.KPI) {
		bad.Field("kpi", "没有这个指标")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Running is how long the run that goes on has lasted at now. A run nobody ended is not believed beyond the day it
// began on: who forgot to press a button was not at work all night.
func (t Task) Running(now time.Time) time.Duration {
	if t.State != TaskDoing || t.StartedAt == nil {
		return 0
	}
	midnight := DayStart(DayNumber(*t.StartedAt)).AddDate(0, 0, 1)
	if now.After(midnight) {
		now = midnight
	}
	return max(0, now.Sub(*t.StartedAt))
}

// Actual is the minutes measured up to now, rounded; any measured time at all is at least one.
func (t Task) Actual(now time.Time) int {
	s := t.Spent + int64(t.Running(now)/time.Second)
	if s == 0 {
		return 0
	}
	return int(max(1, (s+30)/60))
}

// Begin starts the clock; a task that runs already is left alone.
func (t *Task) Begin(now time.Time) {
	if t.State != TaskDoing {
		t.State, t.StartedAt, t.DoneAt = TaskDoing, &now, nil
	}
}

// Rest stops the clock and keeps what it measured.
func (t *Task) Rest(now time.Time) {
	t.Spent += int64(t.Running(now) / time.Second)
	t.State, t.StartedAt, t.DoneAt = TaskTodo, nil, nil
}

// Finish stops the clock for good.
func (t *Task) Finish(now time.Time) {
	if t.State != TaskDone {
		t.Rest(now)
		t.State, t.DoneAt = TaskDone, &now
	}
}
