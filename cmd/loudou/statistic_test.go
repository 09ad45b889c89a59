package main

import (
	"context"
	"os"
	"testing"
	"time"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/article"
	"loudou/service/figure"
	"loudou/service/wechat/wechattest"
)

// The readers of an article come from WeChat after eight in the morning, running on for thirty days; what was
// not fetched is missing and not 0; asking again changes nothing, and a refusal ends the day's asking.
func TestStatistics(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { statistics(t, modeltest.SQLiteDSN(t)) })
	if os.Getenv("LOUDOU_TEST_MYSQL") != "" {
		t.Run("mysql", func(t *testing.T) { statistics(t, modeltest.MySQLDSN(t)) })
	}
}

func statistics(t *testing.T, dsn string) {
	start := time.Date(2026, 3, 2, 10, 0, 0, 0, model.Shanghai)
	shared := newClock(&start)
	fake := wechattest.New(wechattest.Options{Now: shared.now}).Start(t)
	h := openHouse(t, fake, dsn, fake.URL())
	// The house asks by itself once, right after its start; from then on only this test does.
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var n int64
		if h.db.Table("timetable").Where("name = ? AND last_at IS NOT NULL", "statistic.fetch").Count(&n); n == 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the timetable never ran")
		}
	}
	h.clock.set(start)
	ctx, by := context.Background(), model.Operator{ID: 1, Name: "boss"}
	if _, err := h.operators.SetTwoPerson(ctx, by, false); err != nil {
		t.Fatal(err)
	}
	made, err := h.articles.Create(ctx, by, article.Input{Title: "三月课程上新", URL: "https://mp.weixin.qq.com/s/march"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.articles.Publish(ctx, by, made.ID, made.Version); err != nil {
		t.Fatal(err)
	}
	fake.Publish(wechattest.Article{MsgDataID: "2247490098", Title: "三月课程上新", URL: "https://mp.weixin.qq.com/s/march", Delivered: 10000, Readers: 1200})
	reached := int64(9250)
	if err := h.db.Create(&model.BroadcastSend{AppID: h.cfg.OfficialAppID, BroadcastID: 1, Round: 1, ClientID: "c1", State: model.BroadcastDone, MsgDataID: "2247490098", Sent: &reached, CreatedAt: start}).Error; err != nil {
		t.Fatal(err)
	}
	fake.Follow("oFan1", "")
	fake.Follow("oFan2", "a1")
	fake.Unfollow("oFan2")

	span, err := figure.ParseSpan("2026-03-02", "2026-03-31")
	if err != nil {
		t.Fatal(err)
	}
	look := func() map[string]figure.Figure {
		t.Helper()
		f, err := h.figures.Article(ctx, made.ID, span)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	own := len(fake.Calls("/datacube/*"))
	calls := func() int { return len(fake.Calls("/datacube/*")) - own }
	run := func(at time.Time) {
		t.Helper()
		h.clock.set(at)
		shared.set(at)
		if err := h.statistics.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}
	run(time.Date(2026, 3, 3, 7, 0, 0, 0, model.Shanghai))
	if f := look()["readers"]; f.Value != nil || f.State != figure.Missing || calls() != 0 {
		t.Fatalf("before eight: %+v after %d calls", f, calls())
	}
	run(time.Date(2026, 3, 3, 8, 5, 0, 0, model.Shanghai))
	first := calls()
	if f := look()["readers"]; f.Value == nil || *f.Value != 660 || f.State != figure.Running {
		t.Fatalf("after the first day: %+v", f)
	}
	run(time.Date(2026, 3, 3, 9, 0, 0, 0, model.Shanghai))
	if calls() != first {
		t.Errorf("asked %d times more for what was there", calls()-first)
	}
	run(time.Date(2026, 4, 1, 9, 0, 0, 0, model.Shanghai))
	f := look()
	if v := f["readers"].Value; v == nil || *v != 1200 || f["readers"].State != figure.Final {
		t.Errorf("after thirty days: %+v", f["readers"])
	}
	if v := f["delivered"].Value; v == nil || *v != 9250 {
		t.Errorf("delivered %+v, want 9250 as the mass send ended, not what makes WeChat's rate", f["delivered"])
	}
	if v := f["read_rate"].Value; v == nil || *v != .096 {
		t.Errorf("read rate %+v, want 888 of 9250", f["read_rate"])
	}
	account, err := h.figures.Account(ctx, span)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"followers_new": 2, "followers_lost": 1, "followers_net": 1, "followers_total": 1} {
		if v := account[name].Value; v == nil || *v != want {
			t.Errorf("%s is %+v, want %v", name, account[name], want)
		}
	}
	funnel, err := h.figures.HouseFunnel(ctx, span, made.ID, 0)
	if err != nil || funnel.Steps[0].People == nil || *funnel.Steps[0].People != 1200 {
		t.Errorf("funnel begins with %+v, %v", funnel.Steps[0], err)
	}

	fake.Fail("/datacube/getarticletotaldetail", wechattest.Fault{Status: 200, Body: `{"errcode":45009,"errmsg":"reach max api daily quota limit"}`})
	before := calls()
	run(time.Date(2026, 4, 2, 9, 0, 0, 0, model.Shanghai))
	run(time.Date(2026, 4, 2, 9, 30, 0, 0, model.Shanghai))
	if n := calls() - before; n != 3 { // two of the followers, one refused
		t.Errorf("%d calls on the day of the refusal, want 3", n)
	}
	latest, err := h.statistics.Latest(ctx, 5)
	if err != nil || len(latest) == 0 {
		t.Fatalf("%+v %v", latest, err)
	}
}
