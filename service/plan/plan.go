// Package plan is the operator's day: tasks in four quadrants with their times, what they took, and the week's
// review; and the content calendar: what shall go out when, and how far it is. It owns the tables task_series, tasks,
// plan_items, plan_templates and plan_fills.
//
// A repeating task is a series; each day it falls on gets one task, decided by the unique key (series, day), so any
// number of instances may make them. Every change keeps what it changed beside the task: that is what undo restores.
package plan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Operators knows who may own a task: service/operator.
type Operators interface {
	List(ctx context.Context) ([]model.Operator, error)
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service is the verbs.
type Service struct {
	db         *gorm.DB
	appid      string
	operators  Operators
	articles   Articles
	broadcasts Broadcasts
	now        func() time.Time
}

// New makes the service for the account appid. now is the business clock.
func New(db *gorm.DB, appid string, operators Operators, articles Articles, broadcasts Broadcasts, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, operators: operators, articles: articles, broadcasts: broadcasts, now: now}
}

// Now is the business clock that days are told by.
func (s *Service) Now() time.Time { return s.now() }

// Input is what an operator writes of a task. Day 0: on no day yet. OwnerID 0: who writes.
type Input struct {
	model.TaskFields
	Day     int
	Repeat  model.TaskRepeat
	Ever    bool  // the next ones of the series follow this one
	Actual  *int  // minutes, where the clock was not pressed; nil: as measured
	Version int64 // the one the change was made on
}

func (in Input) check() error {
	f := in.TaskFields
	if err := f.Check(); err != nil {
		return err
	}
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	switch in.Repeat {
	case model.TaskOnce, model.TaskDaily, model.TaskWeekdays, model.TaskWeekly:
	default:
		bad.Field("repeat", "没有这种重复")
	}
	if in.Repeat != model.TaskOnce && in.Day == 0 {
		bad.Field("day", "重复的任务要有第一天")
	}
	if in.Actual != nil && (*in.Actual < 0 || *in.Actual > model.TaskMinutesMax) {
		bad.Field("actual_minutes", "实际 0 到 1440 分钟")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Create keeps a new task, and the series it begins where it repeats.
func (s *Service) Create(ctx context.Context, by model.Operator, in Input) (model.Task, error) {
	if err := s.fit(ctx, by, &in, 0); err != nil {
		return model.Task{}, err
	}
	var t model.Task
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) (err error) {
		t, err = s.add(tx, by, in)
		return err
	})
	return t, err
}

// add keeps what fit has passed.
func (s *Service) add(tx *gorm.DB, by model.Operator, in Input) (model.Task, error) {
	now := model.Milli(s.now())
	t := model.Task{AppID: s.appid, TaskFields: in.TaskFields, Day: in.Day, State: model.TaskTodo, Version: 1, CreatedBy: by.Name, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
	if in.Repeat != model.TaskOnce {
		if err := s.begin(tx, &t, in.Repeat, by, now); err != nil {
			return t, err
		}
	}
	if err := tx.Create(&t).Error; err != nil {
		return t, fmt.Errorf("create task: %w", err)
	}
	return t, s.trail(tx, by, "task.create", t, nil, brief(t, in.Repeat))
}

// Prepare checks a task that another room is about to Add, and names its owner: by, where f says none.
func (s *Service) Prepare(ctx context.Context, by model.Operator, f model.TaskFields) (model.TaskFields, error) {
	in := Input{TaskFields: f}
	err := s.fit(ctx, by, &in, 0)
	return in.TaskFields, err
}

// Add keeps a task that Prepare has passed, on day (0: none yet), in the caller's transaction.
func (s *Service) Add(tx *gorm.DB, by model.Operator, f model.TaskFields, day int) (model.Task, error) {
	return s.add(tx, by, Input{TaskFields: f, Day: day})
}

// fit checks in and names its owner; kept is the owner it has now, who may have lost the right since.
func (s *Service) fit(ctx context.Context, by model.Operator, in *Input, kept int64) error {
	if err := in.check(); err != nil {
		return err
	}
	in.Title = strings.TrimSpace(in.Title)
	if in.OwnerID == 0 {
		in.OwnerID = by.ID
	}
	all, err := s.operators.List(ctx)
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.ID == in.OwnerID && (mayOwn(o) || o.ID == kept) {
			in.Owner = o.Name
			return nil
		}
	}
	return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("owner_id", "这位同事不能负责任务：已停用，或者角色只能看")
}

// mayOwn says whether o may be given tasks: who can press their buttons.
func mayOwn(o model.Operator) bool { return o.Enabled() && o.Role.May(model.RightEdit) }

// People are those who may be given tasks.
func (s *Service) People(ctx context.Context) ([]model.Operator, error) {
	all, err := s.operators.List(ctx)
	if err != nil {
		return nil, err
	}
	out := []model.Operator{}
	for _, o := range all {
		if mayOwn(o) {
			out = append(out, o)
		}
	}
	return out, nil
}

// begin makes the series that t is the first of.
func (s *Service) begin(tx *gorm.DB, t *model.Task, repeat model.TaskRepeat, by model.Operator, now time.Time) error {
	series := model.TaskSeries{AppID: s.appid, TaskFields: t.TaskFields, Repeat: repeat, FirstDay: t.Day, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
	if err := tx.Create(&series).Error; err != nil {
		return fmt.Errorf("create task series: %w", err)
	}
	t.SeriesID, t.SeriesDay = &series.ID, &series.FirstDay
	return nil
}

// Save rewrites task id. Whether and how it repeats belongs to its series; with Ever the series takes the rest too.
// Errors: ErrInvalid, ErrNotFound, ErrConflict ("version" says who saved since, and when).
func (s *Service) Save(ctx context.Context, by model.Operator, id int64, in Input) (model.Task, error) {
	now, err := s.Get(ctx, id)
	if err != nil {
		return now, err
	}
	if err := s.fit(ctx, by, &in, now.OwnerID); err != nil {
		return now, err
	}
	return s.change(ctx, by, id, in.Version, "task.save", func(tx *gorm.DB, t *model.Task, old *undo, now time.Time) error {
		if t.State == model.TaskDoing && t.OwnerID != in.OwnerID {
			t.Rest(now) // handed over: who has it now does something else, or begins it
		}
		t.TaskFields, t.Day = in.TaskFields, in.Day
		if in.Actual != nil && *in.Actual != t.Actual(now) {
			t.Spent = int64(*in.Actual) * 60
			if t.State == model.TaskDoing {
				t.StartedAt = &now
			}
		}
		return s.repeat(tx, t, in, by, old, now)
	})
}

// repeat brings t's series to what in says.
func (s *Service) repeat(tx *gorm.DB, t *model.Task, in Input, by model.Operator, old *undo, now time.Time) error {
	if t.SeriesID == nil {
		if in.Repeat == model.TaskOnce {
			return nil
		}
		if err := s.begin(tx, t, in.Repeat, by, now); err != nil {
			return err
		}
		old.Series = &model.TaskSeries{ID: *t.SeriesID, TaskFields: t.TaskFields, FirstDay: t.Day} // taken back: ended
		return nil
	}
	var series model.TaskSeries
	if err := store.Lock(tx).Take(&series, *t.SeriesID).Error; err != nil {
		return fmt.Errorf("series of task %d: %w", t.ID, err)
	}
	if series.Repeat == in.Repeat && !in.Ever {
		return nil
	}
	before := series
	old.Series = &before
	if series.Repeat != in.Repeat && in.Repeat == model.TaskWeekly {
		series.FirstDay = t.Day // the weekday it comes on
	}
	series.Repeat = in.Repeat
	if in.Ever {
		series.TaskFields = t.TaskFields
	}
	return s.putSeries(tx, series, by, now)
}

func (s *Service) putSeries(tx *gorm.DB, series model.TaskSeries, by model.Operator, now time.Time) error {
	series.UpdatedBy, series.UpdatedAt = by.Name, now
	err := tx.Model(&series).Where("appid = ?", s.appid).Select("title", "important", "urgent", "start_minute", "estimated_minutes", "kpi", "owner_id", "owner", "repeats", "first_day", "updated_by", "updated_at").Updates(series).Error
	if err != nil {
		return fmt.Errorf("task series %d: %w", series.ID, err)
	}
	return nil
}

// Place is where a task stands; what is nil stays.
type Place struct {
	Important, Urgent *bool
	Day               *int // 0: on no day
	Start             *int // minute of the day; -1: any time
}

// Move puts task id elsewhere: another quadrant, day or time. Nothing else changes.
func (s *Service) Move(ctx context.Context, by model.Operator, id, version int64, p Place) (model.Task, error) {
	if p.Start != nil && (*p.Start < -1 || *p.Start >= model.TaskMinutesMax) {
		return model.Task{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("start", "时间应在 00:00 到 23:59 之间")
	}
	return s.change(ctx, by, id, version, "task.move", func(_ *gorm.DB, t *model.Task, _ *undo, _ time.Time) error {
		if p.Important != nil {
			t.Important = *p.Important
		}
		if p.Urgent != nil {
			t.Urgent = *p.Urgent
		}
		if p.Day != nil {
			t.Day = *p.Day
		}
		if p.Start != nil {
			if t.Start = p.Start; *p.Start < 0 {
				t.Start = nil
			}
		}
		return nil
	})
}

// Start starts the clock of task id. Whoever owns it does one thing at a time: what else of theirs runs rests.
func (s *Service) Start(ctx context.Context, by model.Operator, id, version int64) (model.Task, error) {
	return s.change(ctx, by, id, version, "task.start", func(tx *gorm.DB, t *model.Task, _ *undo, now time.Time) error {
		if err := s.restOthers(tx, by, *t, now); err != nil {
			return err
		}
		if t.Day == 0 || t.Day < model.DayNumber(now) {
			t.Day = model.DayNumber(now) // its time is counted where it is spent
		}
		t.Begin(now)
		return nil
	})
}

// restOthers stops the clocks of what else t's owner does.
func (s *Service) restOthers(tx *gorm.DB, by model.Operator, t model.Task, now time.Time) error {
	var others []model.Task
	if err := store.Lock(tx).Where("appid = ? AND state = ? AND owner_id = ? AND id <> ? AND removed_at IS NULL", s.appid, model.TaskDoing, t.OwnerID, t.ID).Order("id").Find(&others).Error; err != nil {
		return fmt.Errorf("running tasks: %w", err)
	}
	for _, o := range others {
		old := undo{Task: o}
		o.Rest(now)
		if err := s.put(tx, by, &o, old, now); err != nil {
			return err
		}
		if err := s.trail(tx, by, "task.pause", o, map[string]any{"state": old.Task.State}, map[string]any{"state": o.State}); err != nil {
			return err
		}
	}
	return nil
}

// Pause stops the clock of task id for now.
func (s *Service) Pause(ctx context.Context, by model.Operator, id, version int64) (model.Task, error) {
	return s.change(ctx, by, id, version, "task.pause", func(_ *gorm.DB, t *model.Task, _ *undo, now time.Time) error {
		if t.State == model.TaskDoing {
			t.Rest(now)
		}
		return nil
	})
}

// Done finishes task id; the minutes stay as measured.
func (s *Service) Done(ctx context.Context, by model.Operator, id, version int64) (model.Task, error) {
	return s.change(ctx, by, id, version, "task.done", func(_ *gorm.DB, t *model.Task, _ *undo, now time.Time) error {
		t.Finish(now)
		return nil
	})
}

// Reopen makes a finished task one to do again; what it took stays.
func (s *Service) Reopen(ctx context.Context, by model.Operator, id, version int64) (model.Task, error) {
	return s.change(ctx, by, id, version, "task.reopen", func(_ *gorm.DB, t *model.Task, _ *undo, _ time.Time) error {
		if t.State == model.TaskDone {
			t.State, t.DoneAt = model.TaskTodo, nil
		}
		return nil
	})
}

// Remove takes task id away; Undo brings it back. Its series makes it no second time.
func (s *Service) Remove(ctx context.Context, by model.Operator, id, version int64) (model.Task, error) {
	return s.change(ctx, by, id, version, "task.delete", func(_ *gorm.DB, t *model.Task, _ *undo, now time.Time) error {
		if t.State == model.TaskDoing {
			t.Rest(now)
		}
		t.RemovedAt = &now
		return nil
	})
}

// undo is what the last change changed.
type undo struct {
	Task   model.Task
	Series *model.TaskSeries `json:",omitempty"`
}

// Undo takes the last change of task id back, once. ErrConflict "undone" where there is none.
func (s *Service) Undo(ctx context.Context, by model.Operator, id, version int64) (model.Task, error) {
	now := model.Milli(s.now())
	var t model.Task
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var err error
		if t, err = s.lock(tx, id, version, true); err != nil {
			return err
		}
		var old undo
		if t.Undo == "" || json.Unmarshal([]byte(t.Undo), &old) != nil {
			return model.Refuse(model.ErrConflict, "undone", "没有可以撤销的改动")
		}
		o := old.Task
		t.TaskFields, t.Day, t.State, t.StartedAt, t.Spent, t.DoneAt, t.RemovedAt = o.TaskFields, o.Day, o.State, o.StartedAt, o.Spent, o.DoneAt, o.RemovedAt
		if t.State == model.TaskDoing {
			if err := s.restOthers(tx, by, t, now); err != nil {
				return err
			}
		}
		if old.Series != nil {
			if err := s.putSeries(tx, *old.Series, by, now); err != nil {
				return err
			}
		}
		t.Undo, t.Version, t.UpdatedBy, t.UpdatedAt = "", t.Version+1, by.Name, now
		if err := write(tx, t); err != nil {
			return err
		}
		return s.trail(tx, by, "task.undo", t, nil, map[string]any{"state": t.State})
	})
	return t, err
}

// change locks task id, lets fn alter it, and writes it with what undo needs, in one transaction.
func (s *Service) change(ctx context.Context, by model.Operator, id, version int64, action string, fn func(tx *gorm.DB, t *model.Task, old *undo, now time.Time) error) (model.Task, error) {
	now := model.Milli(s.now())
	var t model.Task
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var err error
		if t, err = s.lock(tx, id, version, false); err != nil {
			return err
		}
		old := undo{Task: t}
		if err := fn(tx, &t, &old, now); err != nil {
			return err
		}
		if err := s.put(tx, by, &t, old, now); err != nil {
			return err
		}
		return s.trail(tx, by, action, t, brief(old.Task, ""), brief(t, ""))
	})
	return t, err
}

// lock takes task id for writing. version 0: whatever it is.
func (s *Service) lock(tx *gorm.DB, id, version int64, removed bool) (model.Task, error) {
	var t model.Task
	q := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, id)
	if !removed {
		q = q.Where("removed_at IS NULL")
	}
	if err := q.Take(&t).Error; err != nil {
		return t, missing(err, id)
	}
	if version != 0 && version != t.Version {
		return t, changed(t.UpdatedBy, t.UpdatedAt, "「"+t.Title+"」", t.Version)
	}
	return t, nil
}

func (s *Service) put(tx *gorm.DB, by model.Operator, t *model.Task, old undo, now time.Time) error {
	old.Task.Undo = "" // one step: no chain of chains
	raw, err := json.Marshal(old)
	if err != nil {
		return fmt.Errorf("undo of task %d: %w", t.ID, err)
	}
	t.Undo, t.Version, t.UpdatedBy, t.UpdatedAt = string(raw), t.Version+1, by.Name, now
	return write(tx, *t)
}

func write(tx *gorm.DB, t model.Task) error {
	err := tx.Model(&t).Select("title", "important", "urgent", "start_minute", "estimated_minutes", "kpi", "owner_id", "owner", "day", "state", "started_at", "spent_seconds", "done_at",
		"series_id", "series_day", "version", "undo_json", "removed_at", "updated_by", "updated_at").Updates(t).Error
	if err != nil {
		return fmt.Errorf("update task %d: %w", t.ID, err)
	}
	return nil
}

func (s *Service) trail(tx *gorm.DB, by model.Operator, action string, t model.Task, before, after map[string]any) error {
	e := model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "task", ObjectID: strconv.FormatInt(t.ID, 10), After: model.AuditJSON(after)}
	if before != nil {
		e.Before = model.AuditJSON(before)
	}
	return s.operators.Audit(tx, e)
}

func brief(t model.Task, repeat model.TaskRepeat) map[string]any {
	out := map[string]any{"title": t.Title, "important": t.Important, "urgent": t.Urgent, "day": t.Day, "state": t.State, "owner": t.Owner}
	if repeat != "" {
		out["repeat"] = repeat
	}
	return out
}

func missing(err error, id int64) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个任务，可能已被删除")
	}
	return fmt.Errorf("task %d: %w", id, err)
}
