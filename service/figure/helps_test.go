package figure_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/figure"
)

// task writes down a finished task of a day, 0404, that took so many minutes.
func (h *house) task(kpi string, day, minutes int, change ...func(*model.Task)) {
	h.t.Helper()
	h.n++
	t := model.Task{AppID: "official", TaskFields: model.TaskFields{Title: fmt.Sprint("任务", h.n), KPI: kpi, Owner: "林"}, Day: 20260000 + day, State: model.TaskDone, Spent: int64(minutes) * 60, Version: 1, CreatedAt: h.now, UpdatedAt: h.now}
	for _, f := range change {
		f(&t)
	}
	if err := h.db.Create(&t).Error; err != nil {
		h.t.Fatal(err)
	}
}

// published makes an article of ours that went out at a time.
func (h *house) published(title, at string) int64 {
	h.t.Helper()
	id := h.article(title)
	if err := h.db.Table("articles").Where("id = ?", id).Update("published_at", h.when(at)).Error; err != nil {
		h.t.Fatal(err)
	}
	return id
}

// told is what WeChat said of an article up to a day. One with a delivery was sent to as many as make that of its readers.
func (h *house) told(article int64, published, stat int, read, message, shared int64, delivery float64) {
	h.t.Helper()
	data := fmt.Sprint("m", article)
	var sends int64
	if h.db.Model(&model.BroadcastSend{}).Where("msg_data_id = ?", data).Count(&sends); delivery > 0 && sends == 0 {
		h.went(data, int64(math.Round(float64(message)/delivery)))
	}
	if err := h.db.Table("article_totals").Create(map[string]any{"appid": "official", "article_id": article, "msgid": data + "_1", "stat_day": 20260000 + stat, "publish_day": 20260000 + published, "title": "", "url": "", "quiet": false, "read_user": read, "read_message": message,
		"share_user": shared, "zaikan_user": 0, "like_user": 0, "comment_count": 0, "collection_user": 0, "praise_money": 0, "read_subscribe_user": 0, "delivery_rate": 0.5, "finish_rate": 0, "minutes": 0, "sources": "[]", "is_delayed": false, "fetched_at": h.now}).Error; err != nil {
		h.t.Fatal(err)
	}
}

// went is a mass send of an article that reached so many.
func (h *house) went(data string, reached int64) {
	h.t.Helper()
	h.n++
	msg := fmt.Sprint(h.n)
	if err := h.db.Create(&model.BroadcastSend{AppID: "official", BroadcastID: int64(90000 + h.n), Round: 1, ClientID: "c" + msg, State: model.BroadcastDone, MsgID: &msg, MsgDataID: data, Sent: &reached, CreatedAt: h.now}).Error; err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) sent(title, at string, state model.BroadcastState) {
	h.t.Helper()
	h.n++
	b := model.Broadcast{AppID: "official", Title: title, Kind: "text", State: state, Version: 1, Round: 1, CreatedAt: h.now, UpdatedAt: h.now}
	if err := h.db.Create(&b).Error; err != nil {
		h.t.Fatal(err)
	}
	when, msg := h.when(at), fmt.Sprint(h.n)
	if err := h.db.Create(&model.BroadcastSend{AppID: "official", BroadcastID: b.ID, Round: 1, ClientID: "c" + msg, State: state, MsgID: &msg, AcceptedAt: &when, CreatedAt: when}).Error; err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) helps(from, to string) map[string]figure.HelpsKPI {
	h.t.Helper()
	b, err := h.figures.Helps(h.t.Context(), h.span(from, to))
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]figure.HelpsKPI{}
	for _, k := range b.KPIs {
		out[k.Key] = k
	}
	return out
}

func works(w figure.HelpsWork) string {
	return fmt.Sprintf("%d 分 %d/%d, %d", w.Minutes, w.Done, w.Tasks, w.Unmeasured)
}

func usuals(u figure.HelpsUsual) string {
	return fmt.Sprintf("%s %d: %s–%s, %d %d %d", u.By, u.N, u.LowText, u.HighText, u.Above, u.Within, u.Below)
}

// april is the world that the tests look at from 20 May 2026, noon in Shanghai. On the Wednesday of each week so many people
// open the Mini Program, 9 February being the first day of all.
func april(h *house) {
	for i, x := range []struct{ day, people, minutes int }{
		{209, 10, 100}, {218, 12, 120}, {225, 8, 80}, {304, 11, 110}, {311, 9, 90}, {318, 10, 100}, {325, 12, 120}, // seven weeks before
		{401, 13, 130}, {408, 12, 120}, {415, 7, 200}, {422, 20, 70}, // the four of April: the last two took the wrong time
		{429, 3, 0}, // its Sunday is in May
	} {
		for n := range x.people {
			h.does(fmt.Sprint("w", i, "-", n), model.EventMPOpen, fmt.Sprintf("%02d-%02d 10:00", x.day/100, x.day%100))
		}
		if x.minutes > 0 {
			h.task("visitors", x.day, x.minutes)
		}
	}
	h.task("visitors", 415, 0)
	h.task("visitors", 422, 0, func(t *model.Task) { t.State = model.TaskTodo })
	h.task("", 402, 45)
	// Counted nowhere: taken away, another account's, on no day.
	h.task("visitors", 402, 999, func(t *model.Task) { t.RemovedAt = &h.now })
	h.task("visitors", 402, 999, func(t *model.Task) { t.AppID = "other" })
	h.task("visitors", 402, 999, func(t *model.Task) { t.Day = 0 })

	a, b, c := h.published("甲", "04-06 20:00"), h.published("乙", "04-20 20:00"), h.published("丙", "03-10 20:00")
	h.told(c, 310, 315, 60, 60, 3, 0.03)
	h.told(c, 310, 331, 100, 80, 5, 0.04)
	h.told(a, 406, 412, 80, 50, 4, 0.05)
	h.told(a, 406, 430, 120, 90, 8, 0.09)
	h.told(b, 420, 430, 80, 60, 2, 0.03)
	h.sent("早安", "04-07 08:00", model.BroadcastDone)
	h.sent("没发成", "04-08 08:00", model.BroadcastFailed)
	for _, x := range []struct {
		name        string
		first, last int
	}{{"春季", 20260410, 20260412}, {"以后", 20260601, 20260602}} {
		if err := h.db.Create(&model.Campaign{AppID: "official", Name: x.name, FirstDay: x.first, LastDay: x.last, Version: 1, CreatedAt: h.now, UpdatedAt: h.now}).Error; err != nil {
			h.t.Fatal(err)
		}
	}
	course := h.course("剪辑")
	h.insert("INSERT INTO course_versions (appid, course_id, version, note, body, hash, diff, operator_id, operator_name, published_at) VALUES ('mini', ?, 2, '', '', '', '', 1, '', ?)", course, h.when("04-13 09:00"))
	h.insert("INSERT INTO releases (appid, publish_at, note, menu, menu_before, rules, words, at_once, revision, state, tries, error, menu_version, reply_version, restored_from, operator_id, operator_name, created_at, updated_at, published_at) VALUES ('official', ?, '换季', '', '', '', '', 1, 0, 'done', 0, '', 0, 0, 0, 1, '', ?, ?, ?)", h.when("04-14 09:00"), h.now, h.now, h.when("04-14 09:00"))

	// Whom an article led there: x. y came by nothing, z's touch is thirty-one days old.
	h.does("x", model.EventArticleClick, "04-08 10:00", model.Event{ArticleID: a})
	h.does("x", model.EventPaid, "04-09 10:00", model.Event{Amount: 100, OutTradeNo: "X"})
	h.does("y", model.EventPaid, "04-10 10:00", model.Event{Amount: 100, OutTradeNo: "Y"})
	h.does("z", model.EventArticleClick, "03-09 10:00", model.Event{ArticleID: a})
	h.does("z", model.EventPaid, "04-09 10:00", model.Event{Amount: 100, OutTradeNo: "Z"})
	for day := 406; day <= 412; day++ {
		for source, n := range map[int]int{-1: 0, 0: 5} {
			if err := h.db.Table("follower_days").Create(map[string]any{"appid": "official", "day": 20260000 + day, "source": source, "new_user": n, "cancel_user": n / 5, "total": 1000, "fetched_at": h.now}).Error; err != nil {
				h.t.Fatal(err)
			}
		}
	}
	h.settle()
}

func TestHelps(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		april(h)
		got := h.helps("04-01", "04-30")

		v := got["visitors"]
		if works(v.Work) != "520 分 5/6, 1" {
			t.Errorf("work: %s", works(v.Work))
		}
		if show(v.Now) != "55 final" || show(v.Before) != "42 final" || v.ChangeText != "+31.0%" || v.NowText != "55" {
			t.Errorf("%s, before %s, %s, %s", show(v.Now), show(v.Before), v.ChangeText, v.NowText)
		}
		// Seven weeks: the first of the eight ends before we counted.
		if usuals(v.Usual) != "week 7: 8–12, 2 1 1" || !v.Enough {
			t.Errorf("usual: %s, enough %v", usuals(v.Usual), v.Enough)
		}
		if fmt.Sprint(v.Items, v.Made) != "[{article 2} {broadcast 1} {campaign 1} {release 1}] 5" {
			t.Errorf("items: %v %d", v.Items, v.Made)
		}
		if len(v.Weeks) != 12 || v.Weeks[0].State != figure.Missing || v.Weeks[0].Used || v.Weeks[7].Inside || !v.Weeks[8].Inside {
			t.Fatalf("weeks: %+v", v.Weeks)
		}
		if w := v.Weeks[8]; w.From != "2026-03-30" || w.To != "2026-04-05" || w.Text != "13" || w.Minutes != 130 || w.Items != 0 {
			t.Errorf("the first week of April: %+v", w)
		}
		if w := v.Weeks[9]; w.Text != "12" || w.Items != 3 || w.Done != 1 {
			t.Errorf("the second: %+v", w)
		}
		// Ranks of 7 and 20 people stand for 11 and 1 by hours: 1 − 200 ÷ 215, with a pair and three of a level.
		if r := v.Ranks[0]; r.Of != "hours" || r.N != 11 || r.Rho == nil || math.Abs(*r.Rho-(1-200.0/215)) > 1e-9 || math.Abs(*r.Chance-1.96/math.Sqrt(10)) > 1e-9 {
			t.Errorf("by hours: %+v", r)
		}

		r := got["read_rate"]
		if show(r.Now) != "0.05 (150/3000) final" || show(r.Before) != "0.04 (80/2000) final" || r.ChangeText != "+1.0 个百分点" {
			t.Errorf("read rate %s, before %s, %s", show(r.Now), show(r.Before), r.ChangeText)
		}
		if usuals(r.Usual) != "week 1: –––, 0 0 0" || r.Enough || r.Ranks[0].Rho != nil {
			t.Errorf("one week is not what is usual: %s, enough %v, %+v", usuals(r.Usual), r.Enough, r.Ranks[0])
		}
		if w := r.Weeks[9]; w.Text != "5.0%" || *w.Denominator != 1000 || !w.Used {
			t.Errorf("the week of the first article: %+v", w)
		}
		if s := got["share_rate"]; show(s.Now) != "0.05 (10/200) final" {
			t.Errorf("share rate %s", show(s.Now))
		}
		// The March article lives until 8 April and its last days were not told.
		if c := got["conversion"]; show(c.Now) != "0.005 (1/200) maturing" || fmt.Sprint(c.Items) != "[{article 2} {broadcast 1} {campaign 1} {course 1}]" {
			t.Errorf("conversion %s, %v", show(c.Now), c.Items)
		}
		if b := got["buyers"]; show(b.Now) != "3 final" || b.ChangeText != "新增" || b.Before.Value == nil || *b.Before.Value != 0 {
			t.Errorf("buyers %s, before %s, %s", show(b.Now), show(b.Before), b.ChangeText)
		}
		if f := got["followers"]; show(f.Now) != "28 maturing" || f.Weeks[9].Text != "28" || !f.Weeks[9].Used || f.Weeks[8].State != figure.Missing {
			t.Errorf("followers %s, %+v", show(f.Now), f.Weeks[8:10])
		}
		// The house says the same elsewhere.
		all, err := h.figures.Period(t.Context(), "official", h.span("04-01", "04-30"))
		if err != nil {
			t.Fatal(err)
		}
		for here, there := range map[string]string{"read_rate": "read_rate", "share_rate": "share_rate", "followers": "followers_net", "active": "active", "visitors": "visitors", "users": "users", "buyers": "buyers"} {
			if show(got[here].Now) != show(all[there]) {
				t.Errorf("%s: %s here, %s there", here, show(got[here].Now), show(all[there]))
			}
		}

		b, err := h.figures.Helps(t.Context(), h.span("04-01", "04-30"))
		if err != nil || works(b.None) != "45 分 1/1, 0" || b.BeforeFrom != "2026-03-01" || b.BeforeTo != "2026-03-31" || len(b.KPIs) != len(model.TaskKPIs) {
			t.Errorf("%+v, %v", b, err)
		}
		for i, k := range b.KPIs {
			if k.Key != model.TaskKPIs[i] || k.Now.Rule == "" {
				t.Errorf("%d: %s, rule %q", i, k.Key, k.Now.Rule)
			}
		}
	})
}

// A range of up to a week is compared with the same weekdays; one that is not over with nothing.
func TestHelpsShort(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		april(h)
		for _, c := range []struct{ from, to, now, before, usual string }{
			{"04-20", "04-26", "20 final", "7 final", "range 8: 7–13, 1 0 0"},
			{"04-21", "04-23", "20 final", "0 final", "range 8: 7–13, 1 0 0"}, // Tuesday to Thursday, each with its Wednesday
			{"04-24", "04-26", "0 final", "20 final", "range 8: 0–0, 0 1 0"},  // Friday to Sunday
			{"05-11", "05-17", "0 final", "0 final", "range 8: 0–20, 0 1 0"},
			{"05-18", "05-20", "0 running", "0 final", "range 8: 0–20, 0 0 0"}, // today is in it
			{"02-16", "02-22", "12 final", "10 final", "range 1: –––, 0 0 0"},
			{"02-01", "02-02", "– missing", "– missing", "range 0: –––, 0 0 0"},
		} {
			v := h.helps(c.from, c.to)["visitors"]
			if show(v.Now) != c.now || show(v.Before) != c.before || usuals(v.Usual) != c.usual {
				t.Errorf("%s to %s: %s, before %s, usual %s", c.from, c.to, show(v.Now), show(v.Before), usuals(v.Usual))
			}
		}
		if v := h.helps("05-18", "05-24")["visitors"]; len(v.Weeks) != 9 || v.Weeks[8].State != figure.Running || v.Weeks[8].Used {
			t.Errorf("the week that runs: %+v", v.Weeks)
		}
		if v := h.helps("05-18", "06-30")["visitors"]; len(v.Weeks) != 9 {
			t.Errorf("weeks to come are listed: %+v", v.Weeks)
		}
		for _, c := range [][2]string{{"01-01", "12-31"}} {
			if _, err := h.figures.Helps(t.Context(), h.span(c[0], c[1])); !errors.Is(err, model.ErrInvalid) {
				t.Errorf("a year: %v", err)
			}
		}
	})
}

func TestHelpsBehind(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		april(h)
		got, err := h.figures.HelpsBehind(t.Context(), "conversion", h.span("04-01", "04-30"))
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		for _, i := range got.Items {
			said += i.Day[5:] + i.Kind + i.Title + " "
		}
		if said != "04-06article甲 04-07broadcast早安 04-10campaign春季 04-13course剪辑 04-20article乙 " || len(got.Tasks) != 0 {
			t.Errorf("%s, %v", said, got.Tasks)
		}
		// As many rows as the numbers say.
		want := h.helps("04-01", "04-30")["visitors"]
		if got, err = h.figures.HelpsBehind(t.Context(), "visitors", h.span("04-01", "04-30")); err != nil || len(got.Items) != want.Made || len(got.Tasks) != want.Work.Tasks {
			t.Errorf("%d items for %d, %d tasks for %d, %v", len(got.Items), want.Made, len(got.Tasks), want.Work.Tasks, err)
		}
		minutes := 0
		for _, x := range got.Tasks {
			minutes += x.Minutes
		}
		if minutes != want.Work.Minutes || got.TasksLeft+got.ItemsLeft != 0 {
			t.Errorf("%d minutes for %d", minutes, want.Work.Minutes)
		}
		if got, err = h.figures.HelpsBehind(t.Context(), "", h.span("04-01", "04-30")); err != nil || len(got.Tasks) != 1 || len(got.Items) != 0 {
			t.Errorf("for none: %+v, %v", got, err)
		}
		if _, err = h.figures.HelpsBehind(t.Context(), "luck", h.span("04-01", "04-30")); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("a KPI nobody has: %v", err)
		}
		for range 301 {
			h.task("users", 402, 1)
		}
		if got, err = h.figures.HelpsBehind(t.Context(), "users", h.span("04-01", "04-30")); err != nil || len(got.Tasks) != 300 || got.TasksLeft != 1 {
			t.Errorf("%d tasks, %d left, %v", len(got.Tasks), got.TasksLeft, err)
		}
	})
}
