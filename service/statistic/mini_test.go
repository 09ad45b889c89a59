package statistic_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/event"
	"loudou/service/figure"
	"loudou/service/person"
	"loudou/service/statistic"
	"loudou/service/store"
	"loudou/service/wechat"
	"loudou/service/wechat/wechattest"
)

// mini is a Mini Program with visitors, the real client, and a clock of its own.
type mini struct {
	t    *testing.T
	db   *gorm.DB
	now  time.Time
	fake *wechattest.Fake
	wx   *wechat.Client
	s    *statistic.Mini
	f    *figure.Service
}

func openMini(t *testing.T, db *gorm.DB) *mini {
	t.Helper()
	m := &mini{t: t, db: db}
	now := func() time.Time { return m.now }
	m.fake = wechattest.New(wechattest.Options{Now: now}).Start(t)
	redis, err := store.OpenRedis("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redis.Close() })
	app := m.fake.Mini()
	if m.wx, err = wechat.New(wechat.Options{AppID: app.AppID, Secret: app.Secret, API: m.fake.URL(), Redis: redis}); err != nil {
		t.Fatal(err)
	}
	m.s = statistic.NewMini(db, app.AppID, m.wx, now)
	m.f = figure.New(db, "official", app.AppID, person.New(db, now), event.New(db, redis, event.Options{Now: now}), now)
	return m
}

func (m *mini) at(day, clock string) {
	m.t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", day+" "+clock, model.Shanghai)
	if err != nil {
		m.t.Fatal(err)
	}
	m.now = v
}

func (m *mini) visit(who wechattest.Person) {
	m.t.Helper()
	if _, err := m.wx.Code2Session(m.t.Context(), m.fake.LoginCode(who.ID)); err != nil {
		m.t.Fatal(err)
	}
}

// run is one look of the timetable; it gives how many calls that took.
func (m *mini) run() int {
	m.t.Helper()
	before := len(m.fake.Calls("/datacube/*"))
	if err := m.s.Run(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	return len(m.fake.Calls("/datacube/*")) - before
}

func (m *mini) board(from, to string) (map[string]figure.Figure, figure.MiniBoard) {
	m.t.Helper()
	span, err := figure.ParseSpan(from, to)
	if err != nil {
		m.t.Fatal(err)
	}
	f, err := m.f.Account(m.t.Context(), span)
	if err != nil {
		m.t.Fatal(err)
	}
	b, err := m.f.Mini(m.t.Context(), span)
	if err != nil {
		m.t.Fatal(err)
	}
	return f, b
}

func value(f figure.Figure) float64 {
	if f.Value == nil {
		return -1
	}
	return *f.Value
}

// Three people on Monday, two of them again on Tuesday and one on the next Monday: what WeChat counts is fetched
// when its time has come, once, and a person is one in a day, a week, a month, and in no other range.
func TestMiniStatistics(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		m := openMini(t, db)
		a, b, c := m.fake.AddPerson(wechattest.Person{}), m.fake.AddPerson(wechattest.Person{}), m.fake.AddPerson(wechattest.Person{})
		m.at("2026-03-02", "12:00")
		for _, p := range []wechattest.Person{a, a, b, c} {
			m.visit(p)
		}
		m.at("2026-03-03", "12:00")
		m.visit(a)
		m.visit(b)
		m.at("2026-03-03", "09:10")
		if n := m.run(); n != 0 {
			t.Errorf("%d calls before its time", n)
		}
		if f, _ := m.board("2026-03-02", "2026-03-02"); value(f["mini_visit_uv"]) != -1 || f["mini_visit_uv"].State != figure.Missing {
			t.Errorf("not fetched: %+v, want missing and not 0", f["mini_visit_uv"])
		}
		m.at("2026-03-03", "09:40")
		first := m.run()
		f, board := m.board("2026-03-02", "2026-03-02")
		if value(f["mini_visit_uv"]) != 3 || value(f["mini_session_cnt"]) != 4 || value(f["mini_visit_uv_new"]) != 3 || value(f["mini_visit_total"]) != 3 || value(f["mini_visitors_gap"]) != -3 || first == 0 {
			t.Errorf("after %d calls: %v %v", first, value(f["mini_visit_uv"]), value(f["mini_session_cnt"]))
		}
		if len(board.Days) != 1 || board.Days[0].Visits == nil || board.Days[0].Visits.VisitUV != 3 || len(board.Pages) == 0 || len(board.Parts) == 0 || len(board.Cohorts) != 1 || len(board.Cohorts[0].New) != 1 {
			t.Errorf("board %+v", board)
		}
		m.at("2026-03-03", "10:10")
		for _, x := range m.fetches() {
			if x.Day == 20260302 && x.State != statistic.Done {
				t.Errorf("%+v", x)
			}
		}
		m.at("2026-03-03", "18:00")
		m.run()
		if n := m.run(); n != 0 {
			t.Errorf("%d calls for what was there, or not ready after two", n)
		}
		m.at("2026-03-09", "11:00")
		m.visit(a)
		m.run()
		f, board = m.board("2026-03-02", "2026-03-08")
		if value(f["mini_visit_uv"]) != 3 || value(f["mini_session_cnt"]) != 6 || value(f["mini_visit_uv_new"]) != 3 {
			t.Errorf("week: people %v, openings %v", value(f["mini_visit_uv"]), value(f["mini_session_cnt"]))
		}
		kept := map[int]int64{}
		for _, x := range board.Cohorts {
			if x.From == "2026-03-02" && x.Unit == "day" {
				for _, k := range x.New {
					kept[k.Key] = k.Value
				}
			}
		}
		if kept[0] != 3 || kept[1] != 2 {
			t.Errorf("who came back: %v", kept)
		}
		if _, told := kept[7]; told {
			t.Error("a day that is not over was told")
		}
		if f, _ = m.board("2026-03-02", "2026-03-04"); value(f["mini_visit_uv"]) != -1 || value(f["mini_session_cnt"]) != 6 {
			t.Errorf("three days have no people of WeChat's, and have openings: %v %v", value(f["mini_visit_uv"]), value(f["mini_session_cnt"]))
		}
		var versions int64
		if db.Table("mini_statistic_versions").Where("kind = ? AND day = ?", model.MiniRetain, 20260302).Count(&versions); versions == 0 {
			t.Error("what was said of the retention before is gone")
		}
	})
}

func (m *mini) fetches() []statistic.Fetch {
	m.t.Helper()
	list, err := m.s.Latest(m.t.Context(), 200)
	if err != nil {
		m.t.Fatal(err)
	}
	return list
}

// A refusal that asking again would not cure ends the day; what is only not ready is asked for again until two.
func TestMiniRefused(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		m := openMini(t, db)
		m.at("2026-03-02", "12:00")
		m.visit(m.fake.AddPerson(wechattest.Person{}))
		m.at("2026-03-03", "09:40")
		m.fake.Fail("/datacube/", wechattest.ErrCode(61503))
		if n := m.run(); n != 1 || m.fetches()[0].State != statistic.Unready {
			t.Errorf("%d calls, %+v", n, m.fetches())
		}
		m.fake.Heal()
		m.fake.Fail("/datacube/", wechattest.ErrCode(48001))
		m.at("2026-03-03", "10:40")
		if n := m.run() + m.run(); n != 1 {
			t.Errorf("%d calls without the right, want one", n)
		}
		refused := false
		for _, f := range m.fetches() {
			refused = refused || f.State == statistic.Failed && f.Code == "48001"
		}
		if !refused {
			t.Errorf("%+v", m.fetches())
		}
		m.fake.Heal()
		m.at("2026-03-04", "09:40")
		m.run()
		if f, _ := m.board("2026-03-02", "2026-03-02"); value(f["mini_visit_uv"]) != 1 {
			t.Errorf("the day before yesterday was not made good: %+v", f["mini_visit_uv"])
		}
	})
}
