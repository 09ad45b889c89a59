package review_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/event"
	"loudou/service/figure"
	"loudou/service/limit"
	"loudou/service/operator"
	"loudou/service/person"
	"loudou/service/plan"
	"loudou/service/review"
	"loudou/service/store"
)

var lin = model.Operator{ID: 1, Name: "林", Role: model.RoleEditor}

type desk struct {
	t       *testing.T
	db      *gorm.DB
	figures *figure.Service
	plan    *plan.Service
	reviews *review.Service
	now     time.Time
}

func open(t *testing.T, db *gorm.DB) *desk {
	t.Helper()
	rdb, err := store.OpenRedis("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	d := &desk{t: t, db: db, now: at(t, "2026-11-23 10:30")}
	now := func() time.Time { return d.now }
	operators := operator.New(db, limit.New(rdb, true), operator.Options{})
	who := lin
	who.NameKey, who.PasswordHash, who.CreatedAt, who.UpdatedAt = who.Name, "x", d.now, d.now
	if err := db.Create(&who).Error; err != nil {
		t.Fatal(err)
	}
	persons := person.New(db, now)
	d.figures = figure.New(db, "wx1", "wx1", persons, event.New(db, rdb, event.Options{Now: now}), now)
	d.plan = plan.New(db, "wx1", operators, nil, nil, now)
	d.reviews = review.New(db, "wx1", d.figures, d.plan, operators, now)
	return d
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, model.Shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (d *desk) article(title, published string, window int) int64 {
	d.t.Helper()
	when := at(d.t, published).UTC()
	a := model.Article{AppID: "wx1", Title: title, State: model.ArticlePublished, WindowDays: window, Goal: "让人报名", PublishedAt: &when, CreatedAt: when, UpdatedAt: when}
	if err := d.db.Create(&a).Error; err != nil {
		d.t.Fatal(err)
	}
	return a.ID
}

func (d *desk) open() []review.Item {
	d.t.Helper()
	if err := d.reviews.Open(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	list, err := d.reviews.List(d.t.Context(), "", 0, 50)
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

func titles(list []review.Item) string {
	var out []string
	for _, r := range list {
		out = append(out, r.Title)
	}
	return strings.Join(out, " ")
}

// A review opens the morning after the window ended, with what was planned and the figures of those days; once, on any
// number of instances; and of nothing that ended long ago.
func TestReviewOpens(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		id := d.article("写作", "2026-11-15 20:00", 7) // to 11-22 20:00
		d.article("明天", "2026-11-16 00:10", 7)       // to 11-23
		d.article("旧的", "2026-10-20 20:00", 7)
		item := model.PlanItem{AppID: "wx1", Version: 1, CreatedAt: d.now, UpdatedAt: d.now, PlanFields: model.PlanFields{Day: 20261115, Slot: 1, Title: "写作", Hand: model.ArticleIdea, TargetKPI: "buyers", Target: 3, Hypothesis: "老学员会买", ArticleID: &id}}
		if err := db.Create(&item).Error; err != nil {
			t.Fatal(err)
		}
		for _, c := range []model.Campaign{{Name: "春", FirstDay: 20261110, LastDay: 20261115, Goal: "new_followers", Target: 10}, {Name: "没完", FirstDay: 20261110, LastDay: 20261116}, {Name: "去年", FirstDay: 20251110, LastDay: 20251116}} {
			c.AppID, c.Version, c.CreatedAt, c.UpdatedAt = "wx1", 1, d.now, d.now
			if err := db.Create(&c).Error; err != nil {
				t.Fatal(err)
			}
		}
		d.now = at(t, "2026-11-23 10:29")
		if list := d.open(); len(list) != 0 {
			t.Errorf("before WeChat told of the day: %s", titles(list))
		}
		d.now = at(t, "2026-11-23 10:30")
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := d.reviews.Open(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		list := d.open()
		if len(list) != 2 || !strings.Contains(titles(list), "写作") || !strings.Contains(titles(list), "春") {
			t.Fatalf("opened: %s", titles(list))
		}
		for _, r := range list {
			if r.Title == "写作" && (r.Hypothesis != "老学员会买" || r.FirstDay != 20261115 || r.LastDay != 20261122 || r.Met == nil || *r.Met || r.Aim() != "购买人数 0，目标 3") {
				t.Errorf("%+v", r)
			}
			if r.Title == "春" && (r.Aim() != "新增关注 0，目标 10" || len(r.Figures()) != 9) {
				t.Errorf("%+v", r)
			}
		}
		d.now = at(t, "2026-11-24 10:30")
		if list := d.open(); len(list) != 4 {
			t.Errorf("the day after: %s", titles(list))
		}
	})
}

// A decision makes its next step a task, both or neither; it acts until the task is done, and stands in the report as the
// next plan.
func TestReviewDecided(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		ctx := t.Context()
		if _, err := d.reviews.Write(ctx, lin, " ", ""); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("about nothing: %v", err)
		}
		r, err := d.reviews.Write(ctx, lin, "标题写数字", "点开的人更多")
		if err != nil {
			t.Fatal(err)
		}
		good := model.ReviewDecision{Finding: "阅读率高了", Decision: "change", Next: "每周两篇带数字", DueDay: 20261130}
		for name, bad := range map[string]func(*model.ReviewDecision){
			"no finding": func(x *model.ReviewDecision) { x.Finding = " " }, "no decision": func(x *model.ReviewDecision) { x.Decision = "maybe" },
			"change what": func(x *model.ReviewDecision) { x.Next = "" }, "yesterday": func(x *model.ReviewDecision) { x.DueDay = 20261122 }, "nobody": func(x *model.ReviewDecision) { x.OwnerID = 99 },
		} {
			x := good
			bad(&x)
			if _, err := d.reviews.Decide(ctx, lin, r.ID, r.Version, x); !errors.Is(err, model.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		var tasks int64
		if err := db.Model(&model.Task{}).Count(&tasks).Error; err != nil || tasks != 0 {
			t.Errorf("what was refused left %d tasks, %v", tasks, err)
		}
		var all sync.WaitGroup
		won := make(chan review.Item, 6)
		for range 6 {
			all.Go(func() {
				x, err := d.reviews.Decide(context.WithoutCancel(ctx), lin, r.ID, r.Version, good)
				if err == nil {
					won <- x
				} else if !errors.Is(err, model.ErrConflict) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		close(won)
		if len(won) != 1 {
			t.Fatalf("decided %d times", len(won))
		}
		r = <-won
		if err := db.Model(&model.Task{}).Count(&tasks).Error; err != nil || tasks != 1 || r.Stage != model.ReviewActing || r.Owner != "林" {
			t.Errorf("%d tasks, %+v, %v", tasks, r, err)
		}
		facts, err := d.figures.Report(ctx, "wx1", model.ReportWeek, 20261123)
		if err != nil || len(facts.Reviews) != 1 || !facts.Reviews[0].Open {
			t.Errorf("in the report: %+v %v", facts.Reviews, err)
		}
		task, err := d.plan.Get(ctx, *r.TaskID)
		if err != nil || task.Title != good.Next || task.Day != 20261130 || !task.Important {
			t.Fatalf("%+v %v", task, err)
		}
		if _, err := d.plan.Done(ctx, lin, task.ID, task.Version); err != nil {
			t.Fatal(err)
		}
		for stage, want := range map[model.ReviewState]int{model.ReviewOpen: 0, model.ReviewActing: 0, model.ReviewClosed: 1} {
			if list, err := d.reviews.List(ctx, stage, 0, 10); err != nil || len(list) != want {
				t.Errorf("%s: %d %v", stage, len(list), err)
			}
		}
		if r, err = d.reviews.One(ctx, r.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := d.reviews.Refresh(ctx, lin, r.ID, r.Version); !errors.Is(err, model.ErrConflict) {
			t.Errorf("the figures of a decision moved: %v", err)
		}
		if r, err = d.reviews.Reopen(ctx, lin, r.ID, r.Version); err != nil || r.Stage != model.ReviewOpen || r.Finding != good.Finding {
			t.Errorf("taken back: %+v %v", r, err)
		}
		if r, err = d.reviews.Decide(ctx, lin, r.ID, r.Version, model.ReviewDecision{Finding: "不值得", Decision: "stop"}); err != nil || r.Stage != model.ReviewClosed || r.TaskID != nil {
			t.Errorf("stopped: %+v %v", r, err)
		}
	})
}
