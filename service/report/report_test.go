package report_test

import (
	"context"
	"errors"
	"fmt"
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
	"loudou/service/report"
	"loudou/service/store"
)

var (
	lin = model.Operator{ID: 1, Name: "林", Role: model.RoleEditor}
	mei = model.Operator{ID: 2, Name: "梅", Role: model.RoleReviewer}
)

// desk is the services a report is made of, all real.
type desk struct {
	t       *testing.T
	db      *gorm.DB
	persons *person.Service
	events  *event.Service
	reports *report.Service
	now     time.Time
	n       int
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
	d.persons = person.New(db, now)
	d.events = event.New(db, rdb, event.Options{Now: now, Articles: figure.NewCatalogue(db, "articles", "wx1"), Courses: figure.NewCatalogue(db, "courses", "wx1")})
	operators := operator.New(db, limit.New(rdb, true), operator.Options{TwoPerson: true})
	for _, who := range []model.Operator{lin, mei} {
		who.NameKey, who.PasswordHash, who.CreatedAt, who.UpdatedAt = who.Name, "x", d.now, d.now
		if err := db.Create(&who).Error; err != nil {
			t.Fatal(err)
		}
	}
	d.reports = report.New(db, "wx1", figure.New(db, "wx1", "wx1", d.persons, d.events, now), operators, now)
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

func (d *desk) does(who string, typ model.EventType, when string, e model.Event) {
	d.t.Helper()
	d.n++
	e.Key, e.Type, e.AppID, e.OccurredAt = fmt.Sprint("test:", d.n), typ, "mini", at(d.t, "2026-"+when)
	if err := store.Tx(d.t.Context(), d.db, func(tx *gorm.DB) (err error) {
		e.PersonID, err = d.persons.EnsureUnion(tx, who)
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
	if err := d.db.Transaction(func(tx *gorm.DB) error { return d.events.Add(tx, e) }); err != nil {
		d.t.Fatal(err)
	}
	if err := d.events.Settle(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

// week lets three people open the Mini Program in the week of 11-16, two the week before; one buys in each.
func (d *desk) week() {
	for _, who := range []string{"a", "b", "c"} {
		d.does(who, model.EventMPOpen, "11-18 10:00", model.Event{})
	}
	for _, who := range []string{"a", "x"} {
		d.does(who, model.EventMPOpen, "11-12 10:00", model.Event{})
	}
	d.does("a", model.EventPaid, "11-12 11:00", model.Event{Amount: 10000, OutTradeNo: "o1"})
	d.does("b", model.EventPaid, "11-18 11:00", model.Event{Amount: 19900, OutTradeNo: "o2"})
	d.does("c", model.EventPaid, "11-22 23:59", model.Event{Amount: 19900, OutTradeNo: "o3"})
}

func (d *desk) make(kind model.ReportKind, day int) model.Report {
	d.t.Helper()
	r, err := d.reports.Make(d.t.Context(), lin, kind, day)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

func texts(t *testing.T, r model.Report, key string) string {
	t.Helper()
	f, err := r.Facts()
	if err != nil {
		t.Fatal(err)
	}
	c, _ := f.Cell(key)
	return c.TargetText + " " + c.ActualText + " " + c.DoneText + " " + c.LastText + " " + c.ChangeText
}

// A report made twice is one; a refund that comes late makes the next version with the cells it changed, and what was
// written by hand goes along.
func TestReportVersions(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		d.week()
		d.now = at(t, "2026-11-10 09:00")
		if _, err := d.reports.SetTargets(t.Context(), lin, model.ReportWeek, 20261116, []model.ReportTarget{{KPI: "buyers", Target: 4, Hypothesis: "老用户会买"}, {KPI: "net", Target: 20000}}); err != nil {
			t.Fatal(err)
		}
		d.now = at(t, "2026-11-23 10:30")
		if _, err := d.reports.SetTargets(t.Context(), lin, model.ReportWeek, 20261118, nil); !errors.Is(err, model.ErrConflict) {
			t.Errorf("the targets of a week that is over: %v", err)
		}
		r := d.make(model.ReportWeek, 20261118)
		for key, want := range map[string]string{"visitors": "– 3 – 2 +50.0%", "buyers": "4 2 50.0% 1 +100.0%", "net": "¥200.00 ¥398.00 199.0% ¥100.00 +298.0%", "paid_rate": "– 66.7% – 50.0% +16.7 个百分点", "followers_new": "– – – – –"} {
			if got := texts(t, r, key); got != want {
				t.Errorf("%s: %q, want %q", key, got, want)
			}
		}
		facts, _ := r.Facts()
		if len(facts.Days) != 7 || facts.Days[2].Visitors != 3 || facts.Days[6].Net != 19900 || facts.Days[0].Followers != nil {
			t.Errorf("days: %+v", facts.Days)
		}
		if again := d.make(model.ReportWeek, 20261122); again.ID != r.ID || again.Number != 1 {
			t.Errorf("made again: %d, version %d", again.ID, again.Number)
		}
		mine := "我的话"
		r, err := d.reports.Write(t.Context(), lin, r.ID, r.Revision, map[string]*string{"problems": &mine})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.reports.Write(t.Context(), mei, r.ID, r.Revision-1, map[string]*string{"problems": &mine}); !errors.Is(err, model.ErrConflict) {
			t.Errorf("written over: %v", err)
		}
		d.does("b", model.EventRefunded, "11-22 12:00", model.Event{Amount: 19900, OutTradeNo: "o2"})
		late, err := d.reports.Late(t.Context(), r)
		if err != nil || len(late) == 0 {
			t.Fatalf("late: %+v %v", late, err)
		}
		next := d.make(model.ReportWeek, 20261118)
		changes := map[string]string{}
		for _, c := range next.Changes() {
			changes[c.Key] = c.Old + " → " + c.New
		}
		if next.Number != 2 || changes["kpi:net"] != "¥398.00 → ¥199.00" || changes["kpi:refund_rate"] != "0.0% → 50.0%" || changes["kpi:buyers"] != "" {
			t.Errorf("version %d: %v", next.Number, changes)
		}
		if w, _ := next.Words(); w.Problems.Text != mine || !w.Problems.Edited || !strings.Contains(w.Goals.Text, "净收入 ¥199.00，目标 ¥200.00") {
			t.Errorf("words: %+v", w)
		}
		if old, err := d.reports.One(t.Context(), r.ID); err != nil || texts(t, old, "net") != "¥200.00 ¥398.00 199.0% ¥100.00 +298.0%" {
			t.Errorf("version 1 moved: %v", err)
		}
		if _, err := d.reports.Ask(t.Context(), lin, r.ID, r.Revision); !errors.Is(err, model.ErrConflict) {
			t.Errorf("an old version is sent on: %v", err)
		}
		d.now = d.now.Add(-time.Minute) // gathered before the version that is there
		d.does("c", model.EventRefunded, "11-22 13:00", model.Event{Amount: 100, OutTradeNo: "o3"})
		if stale := d.make(model.ReportWeek, 20261118); stale.ID != next.ID {
			t.Errorf("older facts became version %d", stale.Number)
		}
		d.now = d.now.Add(time.Minute)
		empty := ""
		next, err = d.reports.Write(t.Context(), lin, next.ID, next.Revision, map[string]*string{"problems": &empty})
		if w, _ := next.Words(); err != nil || w.Problems.Edited || !strings.Contains(w.Problems.Text, "离目标还差") {
			t.Errorf("given up, the rules write again: %+v %v", w, err)
		}
		if list, err := d.reports.List(t.Context(), "", 0, 10); err != nil || len(list) != 1 || list[0].Number != 2 {
			t.Errorf("list: %+v %v", list, err)
		}
	})
}

// Whoever sends it on cannot say yes; what was read is what is confirmed; a confirmed one is written on no more.
func TestReportConfirmed(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		d.week()
		r := d.make(model.ReportWeek, 20261118)
		r, err := d.reports.Ask(t.Context(), lin, r.ID, r.Revision)
		if err != nil || r.State != model.ReportWaiting {
			t.Fatal(r.State, err)
		}
		if n, err := d.reports.WaitingFor(t.Context(), lin.ID); err != nil || n != 0 {
			t.Errorf("waits for whoever asked: %d %v", n, err)
		}
		if n, err := d.reports.WaitingFor(t.Context(), mei.ID); err != nil || n != 1 {
			t.Errorf("waits for the other: %d %v", n, err)
		}
		if _, err := d.reports.Decide(t.Context(), lin, r.ID, r.Revision, true, ""); !errors.Is(err, model.ErrForbidden) {
			t.Errorf("one person, two yeses: %v", err)
		}
		if _, err := d.reports.Decide(t.Context(), mei, r.ID, r.Revision, false, " "); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("given back without a word: %v", err)
		}
		if r, err = d.reports.Decide(t.Context(), mei, r.ID, r.Revision, false, "第三节太短"); err != nil || r.State != model.ReportDraft || r.Remark != "第三节太短" {
			t.Fatal(r.State, err)
		}
		longer := "写长了"
		if r, err = d.reports.Write(t.Context(), lin, r.ID, r.Revision, map[string]*string{"problems": &longer}); err != nil {
			t.Fatal(err)
		}
		seen, err := d.reports.Ask(t.Context(), lin, r.ID, r.Revision)
		if err != nil {
			t.Fatal(err)
		}
		// It is written on while the other reads: the yes is to what they saw, so it does not count.
		changed := "又改了"
		if r, err = d.reports.Write(t.Context(), lin, seen.ID, seen.Revision, map[string]*string{"problems": &changed}); err != nil || r.State != model.ReportDraft {
			t.Fatal(r.State, err)
		}
		if _, err := d.reports.Decide(t.Context(), mei, seen.ID, seen.Revision, true, ""); !errors.Is(err, model.ErrConflict) {
			t.Errorf("a yes to other words: %v", err)
		}
		if r, err = d.reports.Ask(t.Context(), lin, r.ID, r.Revision); err != nil {
			t.Fatal(err)
		}
		if r, err = d.reports.Decide(t.Context(), mei, r.ID, r.Revision, true, "好"); err != nil || r.State != model.ReportConfirmed || r.DecidedBy != "梅" {
			t.Fatal(r.State, err)
		}
		if _, err := d.reports.Write(t.Context(), lin, r.ID, r.Revision, map[string]*string{"problems": &longer}); !errors.Is(err, model.ErrConflict) {
			t.Errorf("a confirmed one is written on: %v", err)
		}
	})
}

// On Monday at half past ten it makes itself, once, whoever asks at the same instant; where nothing was counted there is none.
func TestReportMakesItself(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		due := func() int {
			if err := d.reports.Due(t.Context()); err != nil {
				t.Fatal(err)
			}
			list, err := d.reports.List(t.Context(), "", 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		if n := due(); n != 0 {
			t.Errorf("of nothing: %d", n)
		}
		d.week()
		d.now = at(t, "2026-11-23 10:29")
		if n := due(); n != 1 { // the week of 11-09: its own Monday was missed
			t.Errorf("before half past ten: %d", n)
		}
		d.now = at(t, "2026-11-23 10:30")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := d.reports.Due(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				if _, err := d.reports.Make(context.WithoutCancel(t.Context()), lin, model.ReportWeek, 20261116); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var n int64
		if err := db.Model(&model.Report{}).Where("first_day = 20261116").Count(&n).Error; err != nil || n != 1 {
			t.Errorf("made %d times, %v", n, err)
		}
		d.now = at(t, "2026-12-01 10:30")
		if n := due(); n != 4 { // two weeks, the one of 11-23, and November
			t.Errorf("on the first of the month: %d", n)
		}
		if _, err := d.reports.Make(t.Context(), lin, model.ReportWeek, 20261208); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("of a week to come: %v", err)
		}
	})
}

// One made by hand on Wednesday holds half a week: Monday makes the whole one, even where no figure moved, and once.
func TestReportMadeTooSoon(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		d.does("a", model.EventMPOpen, "11-16 10:00", model.Event{})
		d.now = at(t, "2026-11-18 09:00")
		soon := d.make(model.ReportWeek, 20261118)
		d.now = at(t, "2026-11-23 10:30")
		for range 2 {
			if err := d.reports.Due(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		list, err := d.reports.Versions(t.Context(), soon)
		if err != nil || len(list) != 2 || list[0].MadeBy != "" {
			t.Fatalf("versions: %+v %v", list, err)
		}
		r, err := d.reports.One(t.Context(), list[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if f, _ := r.Facts(); strings.Contains(strings.Join(f.Holes, ""), "还没有结束") {
			t.Errorf("the week is over: %v", f.Holes)
		}
	})
}

// A report made again long after speaks of its own days: not of what opened since, nor of another account's articles.
func TestReportOfItsOwn(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		d.week()
		for i, r := range []model.Review{{Title: "那周的", LastDay: 20261122, OpenedAt: at(t, "2026-11-23 10:30")}, {Title: "后来的", LastDay: 20261206, OpenedAt: at(t, "2026-12-07 10:30")}} {
			subject := int64(i + 1)
			r.AppID, r.Kind, r.SubjectID, r.State, r.Version, r.UpdatedAt = "wx1", model.ReviewArticle, &subject, model.ReviewOpen, 1, r.OpenedAt
			if err := db.Create(&r).Error; err != nil {
				t.Fatal(err)
			}
		}
		for _, appid := range []string{"wx1", "wx2"} {
			when := at(t, "2026-11-17 20:00").UTC()
			if err := db.Create(&model.Article{AppID: appid, Title: "写作", State: model.ArticlePublished, PublishedAt: &when, CreatedAt: when, UpdatedAt: when}).Error; err != nil {
				t.Fatal(err)
			}
		}
		d.now = at(t, "2026-12-20 10:00")
		f, err := d.make(model.ReportWeek, 20261118).Facts()
		if err != nil || len(f.Reviews) != 1 || f.Reviews[0].Title != "那周的" {
			t.Errorf("reviews: %+v %v", f.Reviews, err)
		}
		if c, _ := f.Cell("articles"); c.ActualText != "1" || len(f.Articles.Rows) != 1 {
			t.Errorf("articles: %s, %d in the table", c.ActualText, len(f.Articles.Rows))
		}
	})
}

func TestReportTargets(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		set := func(by model.Operator, list ...model.ReportTarget) ([]model.ReportTarget, error) {
			return d.reports.SetTargets(t.Context(), by, model.ReportMonth, 20261124, list)
		}
		if _, err := set(lin, model.ReportTarget{KPI: "net", Target: 100}, model.ReportTarget{KPI: "buyers", Target: 3}); err != nil {
			t.Fatal(err)
		}
		d.now = d.now.Add(time.Hour)
		list, err := set(mei, model.ReportTarget{KPI: "net", Target: 100}, model.ReportTarget{KPI: "refund_rate", Target: 0})
		if err != nil || len(list) != 2 || list[0].SetBy != "林" || list[1].SetBy != "梅" {
			t.Errorf("one that stays keeps who set it: %+v %v", list, err)
		}
		for name, bad := range map[string]model.ReportTarget{"unknown": {KPI: "fun", Target: 1}, "nothing": {KPI: "net"}, "above one": {KPI: "read_rate", Target: 10001}, "below": {KPI: "buyers", Target: -1}} {
			if _, err := set(lin, bad); !errors.Is(err, model.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := set(lin, model.ReportTarget{KPI: "net", Target: 1}, model.ReportTarget{KPI: "net", Target: 2}); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("twice: %v", err)
		}
		if _, _, got, err := d.reports.Targets(t.Context(), model.ReportMonth, 20261101); err != nil || len(got) != 2 {
			t.Errorf("what was refused changed something: %+v %v", got, err)
		}
	})
}
