package iteration_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/event"
	"loudou/service/figure"
	"loudou/service/iteration"
	"loudou/service/operator"
	"loudou/service/person"
	"loudou/service/plan"
	"loudou/service/store"
)

// free lifts the limit on logins.
type free struct{}

func (free) Try(context.Context, string, int, time.Duration, int) (time.Duration, bool) {
	return 0, true
}
func (free) Forget(context.Context, string) {}

// A next version keeps the figures it was made from, and later shows those of who began since its task was done.
func TestNextVersionBeforeAndAfter(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		now := time.Date(2026, 5, 20, 4, 0, 0, 0, time.UTC)
		clock := func() time.Time { return now }
		ops := operator.New(db, free{}, operator.Options{})
		by, err := ops.Add(t.Context(), model.Operator{Name: "system"}, "xiaoyu", "correct horse battery", model.RoleEditor)
		if err != nil {
			t.Fatal(err)
		}
		rdb, err := store.OpenRedis("")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = rdb.Close() })
		persons := person.New(db, clock)
		figures := figure.New(db, "wxofficial", "wxmini", persons, event.New(db, rdb, event.Options{Now: clock}), clock)
		tasks := plan.New(db, "wxoa", ops, nil, nil, clock)
		s := iteration.New(db, "wxmini", figures, tasks, ops, clock)
		c := model.Course{AppID: "wxmini", Title: "写作", Status: model.CourseOnSale, CreatedAt: now, UpdatedAt: now}
		if err := db.Create(&c).Error; err != nil {
			t.Fatal(err)
		}
		var lessons []model.Lesson
		for i := range 2 {
			l := model.Lesson{AppID: "wxmini", CourseID: c.ID, Position: i + 1, Title: "课", Kind: model.LessonVideo, Seconds: 100, Version: 1, CreatedAt: now, UpdatedAt: now}
			if err := db.Create(&l).Error; err != nil {
				t.Fatal(err)
			}
			lessons = append(lessons, l)
		}
		// studies lets a new learner begin at a moment, and finish the first lesson or not.
		n := int64(0)
		studies := func(at time.Time, finished bool) {
			t.Helper()
			n++
			var who int64
			if err := store.Tx(t.Context(), db, func(tx *gorm.DB) (err error) {
				who, err = persons.EnsureUnion(tx, time.Duration(n).String())
				return err
			}); err != nil {
				t.Fatal(err)
			}
			g := model.Grant{AppID: "wxmini", LearnerID: n, CourseID: c.ID, Reason: model.GrantByGift, ReasonKey: time.Duration(n).String(), Status: model.GrantActive, StartsAt: at, CreatedAt: at, UpdatedAt: at}
			p := model.Progress{AppID: "wxmini", LearnerID: n, PersonID: who, CourseID: c.ID, LessonID: lessons[0].ID, Position: 40, CreatedAt: at, UpdatedAt: at}
			if finished {
				p.FinishedAt = &at
			}
			for _, row := range []any{&g, &p} {
				if err := db.Create(row).Error; err != nil {
					t.Fatal(err)
				}
			}
		}
		april := time.Date(2026, 4, 10, 4, 0, 0, 0, time.UTC)
		studies(april, true)
		for range 3 {
			studies(april, false)
		}
		in := iteration.Input{LessonID: lessons[0].ID, FirstDay: 20260401, LastDay: 20260430, Title: " 第一课重录 ", Note: "开头太长", Day: 20260521, Estimated: 90}
		v, err := s.Begin(t.Context(), by, c.ID, in)
		if err != nil {
			t.Fatal(err)
		}
		if v.Task.Title != "第一课重录" || !v.Task.Important || v.Task.Day != 20260521 || v.Task.Owner != "xiaoyu" || v.Task.Estimated != 90 {
			t.Errorf("%+v", v.Task)
		}
		of := func(all []model.Measure, name string) (num, den int64) {
			t.Helper()
			for _, m := range all {
				if m.Name == name {
					return *m.Numerator, *m.Denominator
				}
			}
			t.Fatalf("no %s in %+v", name, all)
			return
		}
		want := func(what string, all []model.Measure, num, den int64) {
			t.Helper()
			if a, b := of(all, "lesson_finish_rate"); a != num || b != den {
				t.Errorf("%s: %d of %d, want %d of %d", what, a, b, num, den)
			}
		}
		want("frozen", v.Then, 1, 4)

		// The same again is refused, and leaves no second task.
		if _, err := s.Begin(t.Context(), by, c.ID, in); !errors.Is(err, model.ErrConflict) {
			t.Error(err)
		}
		for name, bad := range map[string]iteration.Input{
			"no title": {FirstDay: 20260401, LastDay: 20260430}, "backwards": {Title: "改", FirstDay: 20260430, LastDay: 20260401}, "to come": {Title: "改", FirstDay: 20260601, LastDay: 20260630}, "too long": {Title: "改", FirstDay: 20240101, LastDay: 20260401},
		} {
			if _, err := s.Begin(t.Context(), by, c.ID, bad); !errors.Is(err, model.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.Begin(t.Context(), by, c.ID, iteration.Input{Title: "改", LessonID: 999, FirstDay: 20260401, LastDay: 20260430}); !errors.Is(err, model.ErrNotFound) {
			t.Error(err)
		}
		var made int64
		if err := db.Model(&model.Task{}).Count(&made).Error; err != nil || made != 1 {
			t.Error("tasks:", made, err)
		}

		// A late report of an old learner moves the recount, never what was frozen.
		if err := db.Model(&model.Progress{}).Where("learner_id = 2").Updates(map[string]any{"finished_at": now, "updated_at": now}).Error; err != nil {
			t.Fatal(err)
		}
		look := func() iteration.View {
			t.Helper()
			all, err := s.List(t.Context(), c.ID)
			if err != nil || len(all) != 1 {
				t.Fatal(err, all)
			}
			return all[0]
		}
		got := look()
		want("frozen still", got.Then, 1, 4)
		want("counted again", got.Again, 2, 4)
		if got.After != nil || got.AfterFrom != 0 {
			t.Error("an after before it was done:", got.AfterFrom, got.After)
		}
		if _, err := tasks.Done(t.Context(), by, got.TaskID, 0); err != nil {
			t.Fatal(err)
		}
		if got = look(); got.AfterFrom != 20260521 || got.AfterTo != 20260619 || got.After != nil {
			t.Error("after:", got.AfterFrom, got.AfterTo, got.After)
		}
		studies(now.Add(time.Hour), true) // the day it was done belongs to neither version
		now = now.Add(48 * time.Hour)
		studies(now.Add(-time.Hour), true)
		studies(now.Add(-time.Hour), false)
		got = look()
		want("after", got.After, 1, 2)
		want("frozen at the end", got.Then, 1, 4)
		if err := db.Model(&model.Lesson{}).Where("id = ?", lessons[0].ID).Update("deleted_at", now).Error; err != nil {
			t.Fatal(err)
		}
		if got = look(); !got.Gone || len(got.Then) == 0 {
			t.Error("a lesson that is gone:", got.Gone)
		}
		if other, err := iteration.New(db, "wxother", figures, tasks, ops, clock).List(t.Context(), c.ID); err != nil || len(other) != 0 {
			t.Error("another account's:", other, err)
		}
	})
}
