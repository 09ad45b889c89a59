package figure_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/event"
	"loudou/service/figure"
	"loudou/service/person"
	"loudou/service/store"
)

// house is the counting part of the house with real services.
type house struct {
	t       *testing.T
	db      *gorm.DB
	persons *person.Service
	events  *event.Service
	figures *figure.Service
	now     time.Time
	n       int
}

func open(t *testing.T, db *gorm.DB) *house {
	t.Helper()
	rdb, err := store.OpenRedis("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	h := &house{t: t, db: db, now: time.Date(2026, 5, 20, 4, 0, 0, 0, time.UTC)}
	now := func() time.Time { return h.now }
	h.persons = person.New(db, now)
	h.events = event.New(db, rdb, event.Options{Now: now, PackLeast: 1, Articles: figure.NewCatalogue(db, "articles", "official"), Courses: figure.NewCatalogue(db, "courses", "mini")})
	h.figures = figure.New(db, "official", "mini", h.persons, h.events, now)
	return h
}

func (h *house) person(name string) (id int64) {
	h.t.Helper()
	if err := store.Tx(h.t.Context(), h.db, func(tx *gorm.DB) (err error) {
		id, err = h.persons.EnsureUnion(tx, name)
		return err
	}); err != nil {
		h.t.Fatal(err)
	}
	return id
}

// when reads "03-02 10:00[:05]" of 2026 in Shanghai.
func (h *house) when(s string) time.Time {
	h.t.Helper()
	if len(s) == len("03-02 10:00") {
		s += ":00"
	}
	v, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-"+s, model.Shanghai)
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

// does writes down one event of a person.
func (h *house) does(who string, typ model.EventType, at string, more ...model.Event) {
	h.t.Helper()
	e := model.Event{}
	if len(more) > 0 {
		e = more[0]
	}
	h.n++
	e.Key, e.Type, e.AppID, e.OccurredAt = fmt.Sprint("test:", h.n), typ, "mini", h.when(at)
	if who != "" {
		e.PersonID = h.person(who)
	}
	if err := h.db.Transaction(func(tx *gorm.DB) error { return h.events.Add(tx, e) }); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) settle() {
	h.t.Helper()
	if err := h.events.Settle(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) span(from, to string) figure.Span {
	h.t.Helper()
	s, err := figure.ParseSpan("2026-"+from, "2026-"+to)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func show(f figure.Figure) string {
	v := "–"
	if f.Value != nil {
		v = fmt.Sprintf("%.6g", *f.Value)
	}
	if f.Numerator != nil {
		v += fmt.Sprintf(" (%d/%d)", *f.Numerator, *f.Denominator)
	}
	return v + " " + string(f.State)
}

func (h *house) course(title string) int64 {
	h.t.Helper()
	return h.insert("INSERT INTO courses (appid, title, intro, cover, category, teacher, price, status, goods_id, goods_status, goods_error, version, updated_by, created_at, updated_at) VALUES ('mini', ?, '', '', '', '', 19900, 'published', '', '', '', 1, '', ?, ?)", title, h.now, h.now)
}

func (h *house) article(title string) int64 {
	h.t.Helper()
	return h.insert("INSERT INTO articles (appid, title, url, digest, author, cover, content, column_name, goal, window_days, state, version, content_hash, created_by, updated_by, published_by, created_at, updated_at) VALUES ('official', ?, '', '', '', '', '', '', '', 7, 'published', 1, '', '', '', '', ?, ?)", title, h.now, h.now)
}

func (h *house) insert(q string, args ...any) (id int64) {
	h.t.Helper()
	if err := h.db.Transaction(func(tx *gorm.DB) error {
		res, err := tx.Statement.ConnPool.ExecContext(context.Background(), q, args...)
		if err == nil {
			id, err = res.LastInsertId()
		}
		return err
	}); err != nil {
		h.t.Fatal(err)
	}
	return id
}

// kpi4 is the table of the funnel's example.
var kpi4 = map[string]string{
	"a": "o 03-02 10:00,c 03-02 10:05,p 03-02 10:20", "b": "c 03-02 09:00,o 03-02 09:30,p 03-02 09:40",
	"c": "o 03-08 23:50,c 03-09 00:10,p 03-15 23:50", "d": "o 03-08 23:50,c 03-09 00:10,p 03-15 23:50:01",
	"e": "o 03-01 23:59,c 03-02 00:01,p 03-02 00:02", "f": "o 03-02 08:00,o 03-08 09:00,c 03-09 08:30",
	"g": "c 03-04 12:00,p 03-04 12:05", "h": "o 03-05 12:00,c 03-05 12:00",
}

func (h *house) play(course int64) {
	for who, list := range kpi4 {
		for _, x := range strings.Split(list, ",") {
			switch x[0] {
			case 'o':
				h.does(who, model.EventMPOpen, x[2:], model.Event{Channel: map[bool]string{true: "poster", false: "group"}[who < "d"]})
			case 'c':
				h.does(who, model.EventCourseView, x[2:], model.Event{CourseID: course, Seconds: 30})
			case 'p':
				h.does(who, model.EventPaid, x[2:], model.Event{CourseID: course, Amount: 100, OutTradeNo: "N" + who})
			}
		}
	}
}

func TestFunnelOfTheDefinitions(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.play(h.course("写作课"))
		h.settle()
		q := figure.Question{Span: h.span("03-02", "03-08"), Window: 7 * 24 * time.Hour, Order: model.FunnelOrdered,
			Steps: []figure.Step{{Type: model.EventMPOpen}, {Type: model.EventCourseView}, {Type: model.EventPaid}}, Breakdown: "channel"}
		a, err := h.figures.Funnel(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, s := range a.Steps {
			got += fmt.Sprint(s.People, " ")
		}
		if got != "6 5 2 " || fmt.Sprintf("%.3f %.3f %.3f", *a.Steps[1].Rate, *a.Steps[2].Rate, *a.Overall) != "0.833 0.400 0.333" {
			t.Errorf("funnel %s, rates %v %v, overall %v", got, *a.Steps[1].Rate, *a.Steps[2].Rate, *a.Overall)
		}
		groups := map[string]string{}
		for _, g := range a.Groups {
			groups[g.Key] = fmt.Sprint(g.Steps[0].People, g.Steps[1].People, g.Steps[2].People)
		}
		if groups["poster"] != "3 2 2" || groups["group"] != "3 3 0" {
			t.Errorf("groups %v", groups)
		}
		if a.MaturesAt != nil {
			t.Errorf("matures %v in May", a.MaturesAt)
		}
		people, more, err := h.figures.FunnelPeople(t.Context(), q, 3, 0, 10)
		if err != nil || more || len(people) != 2 || people[0].Reached != 3 {
			t.Errorf("people behind the last bar: %v %v %v", people, more, err)
		}
		// The learner's number is the elder, the fan's a younger one found to be the same human.
		who, fan := people[0].PersonID, h.person("the same as a fan")
		if err := store.Tx(t.Context(), db, func(tx *gorm.DB) error { return h.persons.Join(tx, who, fan) }); err != nil {
			t.Fatal(err)
		}
		at := h.when("03-01 00:00")
		learner := h.insert("INSERT INTO learners (appid, openid, unionid, person_id, platform, login_at, created_at, updated_at) VALUES ('mini', 'ofunnel', '', ?, 'android', ?, ?, ?)", who, at, at, at)
		follower := h.insert("INSERT INTO followers (appid, openid, person_id, changed_at, created_at, updated_at) VALUES ('official', 'ofunnel', ?, ?, ?, ?)", fan, at, at, at)
		if people, _, err = h.figures.FunnelPeople(t.Context(), q, 3, 0, 10); err != nil || people[0].LearnerID != learner || people[0].FollowerID != follower || people[1].FollowerID != 0 {
			t.Errorf("known as learner %d and fan %d: %+v %v", learner, follower, people, err)
		}
		first, more, _ := h.figures.FunnelPeople(t.Context(), q, 1, 0, 4)
		rest, last, _ := h.figures.FunnelPeople(t.Context(), q, 1, first[3].PersonID, 4)
		if !more || last || len(first)+len(rest) != 6 {
			t.Errorf("pages of %d and %d", len(first), len(rest))
		}
		h.now = h.when("03-10 12:00")
		if a, _ = h.figures.Funnel(t.Context(), q); a.MaturesAt == nil || !a.MaturesAt.Equal(h.when("03-16 00:00")) {
			t.Errorf("on 03-10 it matures at %v", a.MaturesAt)
		}
		if _, err := h.figures.Funnel(t.Context(), figure.Question{Span: q.Span, Order: "sideways", Steps: q.Steps[:1], Same: "x", Window: -time.Hour}); !errors.Is(err, model.ErrInvalid) || len(refusal(err).Fields) != 4 {
			t.Errorf("a question with four faults: %v", err)
		}
	})
}

func refusal(err error) *model.Refusal {
	var r *model.Refusal
	if !errors.As(err, &r) {
		return &model.Refusal{}
	}
	return r
}

func TestAttributionOfTheDefinitions(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		for at, c := range map[string]string{"03-01 10:00": "A", "03-08 10:00": "G", "03-15 10:00": "P"} {
			h.does("x", model.EventMPOpen, at, model.Event{Channel: c})
		}
		h.does("x", model.EventMPOpen, "03-16 09:59", model.Event{Scene: 1001})
		h.does("x", model.EventPaid, "03-16 10:00", model.Event{Amount: 21000, OutTradeNo: "NX"})
		h.does("y", model.EventMPOpen, "03-16 09:00")
		h.does("y", model.EventPaid, "03-16 11:00", model.Event{Amount: 500, OutTradeNo: "NY"})
		h.does("z", model.EventPaid, "03-16 12:00", model.Event{Amount: 7, OutTradeNo: "NZ"})
		h.does("x", model.EventRefunded, "03-20 10:00", model.Event{Amount: 10, OutTradeNo: "NX"})
		h.does("x", model.EventRefunded, "03-21 10:00", model.Event{Amount: 20990, OutTradeNo: "NX"})
		h.settle()
		for m, want := range map[model.AttributionModel]string{
			model.AttributeLast: "P:1/21000/21000", model.AttributeFirst: "A:1/21000/21000", model.AttributeLinear: "A:1/7000/7000 G:0/7000/7000 P:0/7000/7000",
			model.AttributePosition: "A:1/8400/8400 P:0/8400/8400 G:0/4200/4200", model.AttributeDecay: "P:1/12000/12000 G:0/6000/6000 A:0/3000/3000",
		} {
			list, err := h.figures.Attribution(t.Context(), h.span("03-01", "03-31"), m, "channel", 30*24*time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			sum, orders := int64(0), int64(0)
			for _, c := range list {
				sum, orders = sum+c.Gross, orders+c.Orders
				if c.Key != figure.Direct && c.Key != figure.Unattributed {
					got = append(got, fmt.Sprintf("%s:%d/%d/%d", c.Key, c.Orders, c.Gross, c.Refunded))
				}
			}
			if strings.Join(got, " ") != want || sum != 21507 || orders != 3 {
				t.Errorf("%s: %v sum %d of %d orders, want %s", m, got, sum, orders, want)
			}
		}
		list, _ := h.figures.Attribution(t.Context(), h.span("03-20", "03-20"), model.AttributeLinear, "channel", 30*24*time.Hour)
		if len(list) != 3 || list[0].Refunded+list[1].Refunded+list[2].Refunded != 10 || list[0].Orders != 0 || list[0].Net != -4 {
			t.Errorf("ten fen back on 03-20: %v", list)
		}
	})
}

func TestRetentionOfTheDefinitions(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		use := func(who string, days ...string) {
			for _, d := range days {
				h.does(who, model.EventSearch, d+" 12:00")
			}
		}
		h.does("g", model.EventMPOpen, "02-10 12:00")
		for _, who := range []string{"a", "b", "c", "d"} {
			h.does(who, model.EventMPOpen, "03-02 11:00")
			use(who, "03-02")
		}
		use("a", "03-03", "03-09")
		use("b", "03-04")
		use("d", "03-03", "03-04", "03-09")
		use("g", "03-02", "03-03")
		h.does("f", model.EventMPOpen, "03-03 23:50")
		h.does("f", model.EventSearch, "03-04 00:10")
		cell := func(c figure.Cohort, n int) string {
			for _, x := range c.Cells {
				if x.N == n && x.People != nil {
					return fmt.Sprintf("%d/%d", *x.People, c.Size)
				}
			}
			return "blank"
		}
		list, err := h.figures.Retention(t.Context(), h.span("03-02", "03-03"), "new", "day")
		if err != nil || len(list) != 2 {
			t.Fatal(list, err)
		}
		if got := cell(list[0], 1) + " " + cell(list[0], 2) + " " + cell(list[0], 7) + " " + cell(list[1], 1); got != "2/4 2/4 2/4 1/1" {
			t.Errorf("new: %s", got)
		}
		list, _ = h.figures.Retention(t.Context(), h.span("03-02", "03-02"), "active", "day")
		if got := cell(list[0], 1); got != "3/5" {
			t.Errorf("active: %s", got)
		}
		list, _ = h.figures.Retention(t.Context(), h.span("03-02", "03-02"), "new", "week")
		if list[0].Cohort != "2026-03-02" || cell(list[0], 1) != "2/5" {
			t.Errorf("week: %+v", list[0])
		}
		h.now = h.when("03-09 12:00")
		list, _ = h.figures.Retention(t.Context(), h.span("03-02", "03-02"), "new", "day")
		if got := cell(list[0], 6) + " " + cell(list[0], 7); got != "0/4 blank" {
			t.Errorf("on the seventh day: %s", got)
		}
	})
}

func TestAccountFigures(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		c := h.course("写作课")
		h.does("old", model.EventPaid, "02-20 10:00", model.Event{CourseID: c, Amount: 19900, OutTradeNo: "N0"})
		for i := range 10 {
			h.does(fmt.Sprint("p", i), model.EventMPOpen, "03-02 10:00")
		}
		h.does("old", model.EventMPOpen, "03-03 10:00")
		h.does("tester", model.EventMPOpen, "03-03 10:00")
		h.does("tester", model.EventPaid, "03-03 10:00", model.Event{CourseID: c, Amount: 1, OutTradeNo: "NT"})
		h.does("p0", model.EventCourseView, "03-02 10:01", model.Event{CourseID: c, Seconds: 10})
		h.does("p1", model.EventCourseView, "03-02 10:01", model.Event{CourseID: c, Seconds: 9})
		h.does("p2", model.EventLessonPlay, "03-02 10:01", model.Event{CourseID: c, Seconds: 20})
		h.does("p2", model.EventLessonPlay, "03-03 10:01", model.Event{CourseID: c, Seconds: 10})
		h.does("p3", model.EventSearch, "03-04 10:01")
		h.does("p0", model.EventPaid, "03-05 10:00", model.Event{CourseID: c, Amount: 19900, OutTradeNo: "N1"})
		h.does("p0", model.EventPaid, "03-05 10:00", model.Event{CourseID: c, Amount: 19900, OutTradeNo: "N1"}) // told by an import too
		h.does("old", model.EventPaid, "03-06 10:00", model.Event{CourseID: c, Amount: 10100, OutTradeNo: "N2"})
		h.does("old", model.EventRefunded, "03-07 10:00", model.Event{Amount: 19900, OutTradeNo: "N0"})
		h.does("p0", model.EventRefunded, "03-20 10:00", model.Event{CourseID: c, Amount: 5000, OutTradeNo: "N1"})
		tester := h.person("tester")
		if err := db.Transaction(func(tx *gorm.DB) error { return h.persons.SetStaff(tx, tester, true) }); err != nil {
			t.Fatal(err)
		}
		h.settle()
		f, err := h.figures.Account(t.Context(), h.span("03-02", "03-08"))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"followers_total": "– missing", "visitors": "11 final", "users": "3 final", "active": "2 final", "buyers": "2 final", "orders": "2 final", "gmv": "30000 final",
			"refunded": "19900 final", "net": "10100 final", "average_order": "15000 (30000/2) final", "repurchase_rate": "0.5 (1/2) final",
			"refund_rate": "0.166667 (5000/30000) final", "paid_rate": "0.181818 (2/11) final",
		} {
			if got := show(f[name]); got != want {
				t.Errorf("%s = %s, want %s", name, got, want)
			}
		}
		h.now = h.when("03-20 12:00")
		f, _ = h.figures.Account(t.Context(), h.span("03-02", "03-08"))
		if got := show(f["refund_rate"]); got != "0.166667 (5000/30000) maturing" {
			t.Error(got)
		}
		f, _ = h.figures.Account(t.Context(), h.span("03-20", "03-20"))
		if got := show(f["paid_rate"]) + ", " + show(f["visitors"]); got != "– (0/0) running, 0 running" {
			t.Error(got)
		}
	})
}

func TestCourseAndArticleFigures(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		c, a, b := h.course("写作课"), h.article("文章甲"), h.article("文章乙")
		for _, who := range []string{"r1", "r2", "r3", "r4"} {
			h.does(who, model.EventArticleClick, "03-02 10:00", model.Event{ArticleID: a})
			h.does(who, model.EventCourseView, "03-02 10:01", model.Event{CourseID: c, ArticleID: a, Seconds: 20})
		}
		h.does("r1", model.EventCourseView, "03-03 10:01", model.Event{CourseID: c})
		h.does("r1", model.EventTrialPlay, "03-03 10:02", model.Event{CourseID: c})
		h.does("r2", model.EventArticleClick, "03-04 10:00", model.Event{ArticleID: b})
		h.does("r1", model.EventPaid, "03-05 10:00", model.Event{CourseID: c, Amount: 19900, OutTradeNo: "N1"})
		h.does("r2", model.EventPaid, "03-05 10:00", model.Event{CourseID: c, Amount: 19900, OutTradeNo: "N2"})
		h.does("r3", model.EventPaid, "03-16 10:02", model.Event{CourseID: c, Amount: 19900, OutTradeNo: "N3"}) // fourteen days and a minute after the view
		h.does("r1", model.EventRefunded, "03-06 10:00", model.Event{Amount: 9900, OutTradeNo: "N1"})
		h.does("r1", model.EventLessonPlay, "03-05 11:00", model.Event{CourseID: c, LessonID: 1, Seconds: 60})
		h.settle()
		f, err := h.figures.Course(t.Context(), c, h.span("03-01", "03-08"))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"course_views": "5 final", "viewers": "4 final", "trials": "1 final", "orders": "2 final", "buyers": "2 final", "gross": "39800 final", "refunded": "9900 final",
			"net": "29900 final", "view_to_paid": "0.5 (2/4) final", "start_rate": "0.5 (1/2) final", "finish_rate": "0 (0/2) final",
		} {
			if got := show(f[name]); got != want {
				t.Errorf("course %s = %s, want %s", name, got, want)
			}
		}
		f, err = h.figures.Article(t.Context(), a, h.span("03-01", "03-08"))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"readers": "– missing", "clickers": "4 final", "buyers": "1 final", "gross": "19900 final", "net": "10000 final", "conversion_clickers": "0.5 (2/4) final",
		} {
			if got := show(f[name]); got != want {
				t.Errorf("article %s = %s, want %s", name, got, want)
			}
		}
		if _, err := h.figures.Article(t.Context(), 999, h.span("03-01", "03-08")); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("no such article: %v", err)
		}
		house, err := h.figures.HouseFunnel(t.Context(), h.span("03-01", "03-08"), a, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, s := range house.Steps {
			if s.People == nil {
				got += s.Key + " nil "
				continue
			}
			got += fmt.Sprintf("%s %d/%d ", s.Key, *s.People, *s.Events)
		}
		if got != "read nil article_click 4/4 course_view 4/4 order_create 0/0 paid 0/0 " || *house.Steps[4].Amount != 0 {
			t.Error(got)
		}
	})
}

// Unique counts do not add up, and a link made later makes a figure go down.
func TestPeopleOfAWeek(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		for _, x := range []string{"a 03-02", "b 03-02", "c 03-02", "b 03-03", "c 03-03", "d 03-03"} {
			h.does(x[:1], model.EventMPOpen, x[2:]+" 10:00")
		}
		visitors := func(from, to string) string {
			f, err := h.figures.Account(t.Context(), h.span(from, to))
			if err != nil {
				t.Fatal(err)
			}
			return show(f["visitors"])
		}
		if got := visitors("03-02", "03-02") + " " + visitors("03-03", "03-03") + " " + visitors("03-02", "03-08"); got != "3 final 3 final 4 final" {
			t.Error(got)
		}
		a, d := h.person("a"), h.person("d")
		if err := db.Transaction(func(tx *gorm.DB) error { return h.persons.Join(tx, a, d) }); err != nil {
			t.Fatal(err)
		}
		if got := visitors("03-02", "03-08"); got != "3 final" {
			t.Errorf("after the link: %s", got)
		}
	})
}

func TestLive(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		c := h.course("写作课")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { h.events.Run(ctx); close(done) }()
		defer func() { cancel(); <-done }()
		acked := time.Now()
		h.does("a", model.EventCourseView, "05-20 12:00", model.Event{CourseID: c})
		for {
			v, err := h.figures.Live(t.Context(), 0, c, 0)
			if err != nil {
				t.Fatal(err)
			}
			if v.Counters[model.EventCourseView] == 1 {
				if v.PeopleToday != 1 || len(v.Recent) != 1 || v.Recent[0].Text != "浏览课程《写作课》" {
					t.Errorf("%+v", v)
				}
				break
			}
			if time.Since(acked) > 2*time.Second {
				t.Fatalf("not shown after two seconds: %+v", v)
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
}

func TestSpan(t *testing.T) {
	for _, x := range [][2]string{{"2026-03-08", "2026-03-02"}, {"2026-02-30", "2026-03-02"}, {"", "2026-03-02"}, {"0001-01-01", "2026-01-01"}, {"2026-1-1", "2026-01-02"}} {
		if _, err := figure.ParseSpan(x[0], x[1]); !errors.Is(err, model.ErrInvalid) || len(refusal(err).Fields) != 1 {
			t.Errorf("%v: %v", x, err)
		}
	}
	s, err := figure.ParseSpan("2026-03-02", "2026-03-08")
	if err != nil || s.Before().First != 20260223 || s.Before().Last != 20260301 || len(s.Days()) != 7 {
		t.Errorf("%+v before %+v", s, s.Before())
	}
}
