package plan_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/article"
	"loudou/service/broadcast"
	"loudou/service/operator"
	"loudou/service/plan"
)

var ctx = context.Background()

// free counts nothing: the limits are tested where they belong.
type free struct{}

func (free) Try(context.Context, string, int, time.Duration, int) (time.Duration, bool) {
	return 0, true
}
func (free) Forget(context.Context, string) {}

type desk struct {
	*plan.Service
	articles *article.Service
	t        *testing.T
	db       *gorm.DB
	ann, ben model.Operator // two editors
	eye      model.Operator // who may only look
	now      time.Time
}

// friday is 2026-11-27, nine in the morning.
var friday = time.Date(2026, 11, 27, 9, 0, 0, 0, model.Shanghai)

func open(t *testing.T, db *gorm.DB) *desk {
	t.Helper()
	ops := operator.New(db, free{}, operator.Options{TwoPerson: true})
	d := &desk{t: t, db: db, now: friday}
	now := func() time.Time { return d.now }
	d.articles = article.New(db, "wxoa", ops, nil, now)
	d.Service = plan.New(db, "wxoa", ops, d.articles, broadcast.New(db, "wxoa", nil, nil, ops, nil, now), now)
	for name, p := range map[string]*model.Operator{"ann": &d.ann, "ben": &d.ben, "eye": &d.eye} {
		role := model.RoleEditor
		if name == "eye" {
			role = model.RoleViewer
		}
		o, err := ops.Add(ctx, model.Operator{Name: "system"}, name, "correct horse battery", role)
		if err != nil {
			t.Fatal(err)
		}
		*p = o
	}
	return d
}

func (d *desk) create(in plan.Input) model.Task {
	d.t.Helper()
	k, err := d.Create(ctx, d.ann, in)
	if err != nil {
		d.t.Fatal(err)
	}
	return k
}

func (d *desk) get(id int64) model.Task {
	d.t.Helper()
	k, err := d.Get(ctx, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return k
}

func (d *desk) must(k model.Task, err error) model.Task {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	return k
}

func fields(title string) model.TaskFields { return model.TaskFields{Title: title, Estimated: 60} }

func code(err error) string {
	var r *model.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return fmt.Sprint(err)
}

func TestClockOfTasks(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		a, b := d.create(plan.Input{TaskFields: fields("写稿"), Day: 20261126}), d.create(plan.Input{TaskFields: fields("排版"), Day: 20261127})
		bens := d.create(plan.Input{TaskFields: model.TaskFields{Title: "回留言", OwnerID: d.ben.ID}, Day: 20261127})
		d.must(d.Start(ctx, d.ben, bens.ID, 1))
		a = d.must(d.Start(ctx, d.ann, a.ID, 1))
		if a.Day != 20261127 || a.State != model.TaskDoing {
			t.Error("a task of yesterday is worked on today:", a.Day, a.State)
		}
		d.now = friday.Add(25 * time.Minute)
		d.must(d.Start(ctx, d.ann, b.ID, 1))
		if a = d.get(a.ID); a.State != model.TaskTodo || a.Actual(d.now) != 25 {
			t.Error("one person does one thing at a time:", a.State, a.Actual(d.now))
		}
		if got := d.get(bens.ID); got.State != model.TaskDoing {
			t.Error("another person's clock runs on:", got.State)
		}
		d.now = friday.Add(65 * time.Minute)
		b = d.must(d.Done(ctx, d.ann, b.ID, 2))
		if b.Actual(d.now) != 40 || b.DoneAt == nil {
			t.Error(b.Actual(d.now), b.DoneAt)
		}
		if _, err := d.Done(ctx, d.ben, b.ID, 2); code(err) != "version" {
			t.Error("an old page finished it again:", err)
		}
		// Undo takes back one step, once, for whoever looks at the newest.
		b = d.must(d.Undo(ctx, d.ann, b.ID, b.Version))
		if b.State != model.TaskDoing || b.DoneAt != nil || b.Actual(d.now) != 40 {
			t.Error("undo of done:", b.State, b.DoneAt, b.Actual(d.now))
		}
		if _, err := d.Undo(ctx, d.ann, b.ID, b.Version); code(err) != "undone" {
			t.Error(err)
		}
		d.must(d.Remove(ctx, d.ann, b.ID, b.Version))
		if _, err := d.Get(ctx, b.ID); !errors.Is(err, model.ErrNotFound) {
			t.Error(err)
		}
		if b = d.must(d.Undo(ctx, d.ann, b.ID, 0)); b.RemovedAt != nil || d.get(b.ID).Title != "排版" {
			t.Error("undo of remove", b)
		}
	})
}

// Whoever owns it does one thing at a time, by whatever way a clock came to run.
func TestOneClockEach(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		a, b := d.create(plan.Input{TaskFields: fields("写稿"), Day: 20261127}), d.create(plan.Input{TaskFields: fields("排版"), Day: 20261127})
		running := func(want ...int64) {
			t.Helper()
			var got []int64
			if err := db.Model(&model.Task{}).Where("state = ? AND removed_at IS NULL", model.TaskDoing).Order("id").Pluck("id", &got).Error; err != nil || !slices.Equal(got, want) {
				t.Errorf("clocks run of %v, want %v (%v)", got, want, err)
			}
		}
		d.must(d.Start(ctx, d.ann, a.ID, 0))
		d.must(d.Pause(ctx, d.ann, a.ID, 0))
		d.now = friday.Add(10 * time.Minute)
		d.must(d.Start(ctx, d.ann, b.ID, 0))
		d.now = friday.Add(15 * time.Minute)
		d.must(d.Undo(ctx, d.ann, a.ID, 0)) // it runs again, as if never paused
		running(a.ID)
		if b = d.get(b.ID); b.Actual(d.now) != 5 {
			t.Error("what it took is kept:", b.Actual(d.now))
		}
		d.must(d.Start(ctx, d.ben, d.create(plan.Input{TaskFields: model.TaskFields{Title: "回留言", OwnerID: d.ben.ID}, Day: 20261127}).ID, 0))
		given := fields("写稿")
		given.OwnerID = d.ben.ID
		a = d.must(d.Save(ctx, d.ann, a.ID, plan.Input{TaskFields: given, Day: 20261127}))
		if a.State != model.TaskTodo || a.Actual(d.now) != 15 {
			t.Error("handed over, its clock rests:", a.State, a.Actual(d.now))
		}
	})
}

func TestMoveAndOwners(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		yes, no, half, none, day := true, false, 600, -1, 20261130
		a := d.create(plan.Input{TaskFields: fields("写稿"), Day: 20261127})
		a = d.must(d.Move(ctx, d.ben, a.ID, 1, plan.Place{Important: &yes, Urgent: &no, Start: &half}))
		if !a.Important || a.Urgent || *a.Start != 600 || a.Day != 20261127 || a.UpdatedBy != "ben" {
			t.Error(a)
		}
		if _, err := d.Move(ctx, d.ann, a.ID, 1, plan.Place{Urgent: &yes}); code(err) != "version" {
			t.Error("two people:", err)
		}
		a = d.must(d.Move(ctx, d.ann, a.ID, a.Version, plan.Place{Start: &none, Day: &day}))
		if a.Start != nil || a.Day != day || !d.get(a.ID).Important {
			t.Error(a)
		}
		a = d.must(d.Undo(ctx, d.ann, a.ID, a.Version))
		if a.Day != 20261127 || a.Start == nil {
			t.Error("undo of move", a)
		}
		in := plan.Input{TaskFields: fields("给不能改的人"), Day: 20261127}
		in.OwnerID = d.eye.ID
		if _, err := d.Create(ctx, d.ann, in); !errors.Is(err, model.ErrInvalid) {
			t.Error(err)
		}
		if _, err := d.Create(ctx, d.ann, plan.Input{TaskFields: fields("没有第一天"), Repeat: model.TaskDaily}); !errors.Is(err, model.ErrInvalid) {
			t.Error(err)
		}
		other := plan.New(db, "wxother", nil, nil, nil, time.Now)
		if _, err := other.Get(ctx, a.ID); !errors.Is(err, model.ErrNotFound) {
			t.Error("another account's task:", err)
		}
	})
}

func TestRepeating(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		first := d.create(plan.Input{TaskFields: fields("看数据"), Day: 20261127, Repeat: model.TaskWeekdays})
		count := func(day int) int {
			t.Helper()
			v, err := d.Days(ctx, day, day, 0)
			if err != nil {
				t.Fatal(err)
			}
			return len(v.Tasks)
		}
		// make runs what the timetable runs, at several instances at once.
		makeAll := func() {
			t.Helper()
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					if err := d.Make(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		makeAll()
		if n := count(20261127); n != 1 {
			t.Fatal("the first day has its task already:", n)
		}
		v, err := d.Days(ctx, 20261123, 20261206, 0)
		if err != nil || len(v.Coming) != 5 || v.Coming[0].Day != 20261130 || v.Repeats[*first.SeriesID] != model.TaskWeekdays {
			t.Error("what will come:", v.Coming, err)
		}
		d.now = friday.AddDate(0, 0, 1) // Saturday
		makeAll()
		d.now = friday.AddDate(0, 0, 3) // Monday
		makeAll()
		makeAll()
		if a, b := count(20261128), count(20261130); a != 0 || b != 1 {
			t.Fatal("Saturday", a, "Monday", b)
		}
		v, _ = d.Days(ctx, 20261130, 20261130, 0)
		monday := v.Tasks[0]
		if len(v.Late) != 1 || v.Late[0].ID != first.ID {
			t.Error("Friday's is late:", v.Late)
		}
		// Taken away, it is not made again; moved to another day, neither.
		d.must(d.Remove(ctx, d.ann, monday.ID, monday.Version))
		makeAll()
		if n := count(20261130); n != 0 {
			t.Error("made again after it was removed:", n)
		}
		monday = d.must(d.Undo(ctx, d.ann, monday.ID, 0))
		in := plan.Input{TaskFields: monday.TaskFields, Day: 20261130, Repeat: model.TaskWeekdays, Ever: true, Version: monday.Version}
		in.Title, in.Estimated = "看数据与留言", 20
		monday = d.must(d.Save(ctx, d.ann, monday.ID, in))
		d.now = friday.AddDate(0, 0, 4)
		makeAll()
		v, _ = d.Days(ctx, 20261201, 20261201, 0)
		if len(v.Tasks) != 1 || v.Tasks[0].Title != "看数据与留言" || v.Tasks[0].Estimated != 20 {
			t.Fatal("the next ones follow:", v.Tasks)
		}
		if d.get(first.ID).Title != "看数据" {
			t.Error("what was stays")
		}
		// Ended, and the end taken back.
		tue := v.Tasks[0]
		in = plan.Input{TaskFields: tue.TaskFields, Day: tue.Day, Version: tue.Version}
		tue = d.must(d.Save(ctx, d.ann, tue.ID, in))
		d.now = friday.AddDate(0, 0, 5)
		makeAll()
		if n := count(20261202); n != 0 {
			t.Error("an ended series made one")
		}
		d.must(d.Undo(ctx, d.ann, tue.ID, tue.Version))
		makeAll()
		if n := count(20261202); n != 1 {
			t.Error("the end was taken back:", n)
		}
	})
}

func TestReview(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		minutes := func(n int) *int { return &n }
		for _, c := range []struct {
			title             string
			important, urgent bool
			kpi               string
			estimated         int
			actual            *int
			done              bool
			day               int
		}{
			{"写稿", true, true, "read_rate", 60, minutes(90), true, 20261123},
			{"排版", true, false, "read_rate", 30, minutes(20), true, 20261124},
			{"回留言", false, true, "active", 45, nil, true, 20261125},  // finished, never measured
			{"杂事", false, false, "", 0, minutes(15), true, 20261126}, // measured, never estimated
			{"没做", true, false, "buyers", 120, nil, false, 20261129},
			{"下周", true, true, "buyers", 500, nil, false, 20261130},
		} {
			f := model.TaskFields{Title: c.title, Important: c.important, Urgent: c.urgent, KPI: c.kpi, Estimated: c.estimated}
			k := d.create(plan.Input{TaskFields: f, Day: c.day})
			if c.actual != nil {
				k = d.must(d.Save(ctx, d.ann, k.ID, plan.Input{TaskFields: k.TaskFields, Day: k.Day, Actual: c.actual, Version: k.Version}))
			}
			if c.done {
				d.must(d.Done(ctx, d.ann, k.ID, k.Version))
			}
		}
		r, err := d.Review(ctx, 20261123, 20261129, 0)
		if err != nil {
			t.Fatal(err)
		}
		want := plan.Sum{Tasks: 5, Done: 4, Estimated: 255, Actual: 125, Compared: 2, ComparedEstimated: 90, ComparedActual: 110, Unmeasured: 1}
		if r.All != want {
			t.Errorf("all %+v, want %+v", r.All, want)
		}
		if r.ByQuadrant[0].Actual != 90 || r.ByQuadrant[1].Actual != 20 || r.ByQuadrant[1].Tasks != 2 || r.ByQuadrant[3].Actual != 15 {
			t.Errorf("%+v", r.ByQuadrant)
		}
		if r.ByKPI["read_rate"].Actual != 110 || r.ByKPI[""].Actual != 15 || r.ByKPI["buyers"].Tasks != 1 || r.ByDay[20261123].Actual != 90 {
			t.Errorf("%+v %+v", r.ByKPI, r.ByDay)
		}
		if r, err = d.Review(ctx, 20261123, 20261129, d.ben.ID); err != nil || r.All.Tasks != 0 {
			t.Error("ben has none:", r.All, err)
		}
		if _, err := d.Review(ctx, 20260101, 20261231, 0); !errors.Is(err, model.ErrInvalid) {
			t.Error(err)
		}
	})
}
