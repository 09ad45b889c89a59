package connection

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

var ctx = context.Background()

func find(t *testing.T, all []Check, key string) Check {
	t.Helper()
	for _, c := range all {
		if c.Title == "" || c.Text == "" || (c.State == Bad && c.Fix == "") {
			t.Errorf("check %q leaves the reader alone: %+v", c.Key, c)
		}
		if c.Key == key {
			return c
		}
	}
	t.Fatalf("no check %q", key)
	return Check{}
}

// official is an account that takes pushes.
func official() App {
	return App{Key: "official", Title: "公众号", AppID: "wx1", Prefix: "LOUDOU_OFFICIAL", Hook: true}
}

func TestAnswersOfAllInstances(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		var repeated, served int64
		one := New(db, Options{Instance: "one", AppID: "wx1", Apps: []App{official()}, Repeated: func() int64 { return repeated }, Served: func() int64 { return served }})
		two := New(db, Options{Instance: "two", AppID: "wx1", Apps: []App{official()}})
		if c := find(t, one.Checks(ctx), "push"); c.State != Warn || c.At != nil || !strings.Contains(c.Fix, "/hook/official") {
			t.Errorf("never a push: %+v", c)
		}
		for range 90 {
			one.Answered(200, 3*time.Millisecond)
			one.Saw("wx1", sawPush)
		}
		for range 10 {
			two.Answered(200, 1500*time.Millisecond)
			two.Saw("wx1", sawPush)
		}
		two.Answered(403, time.Millisecond)
		two.Saw("wx1", sawStranger)
		two.Saw("wx2", sawPush) // another account's row is none of ours
		repeated, served = 7, 6
		for range 2 { // written twice is written once
			for _, s := range []*Service{one, two} {
				if err := s.Flush(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		page := two.Look(ctx)
		all := page.Checks
		if c := find(t, all, "push"); c.State != OK || c.At == nil || !strings.Contains(c.Text, "100 次") {
			t.Errorf("%+v", c)
		}
		if c := find(t, all, "answer"); c.State != Warn || !strings.Contains(c.Text, "100 次") || !strings.Contains(c.Text, "秒内（微信") {
			t.Errorf("%+v", c)
		}
		if c := find(t, all, "repeat"); c.State != Warn || !strings.Contains(c.Text, "7 次") || !strings.Contains(c.Text, "6 次直接给了存好的回应") {
			t.Errorf("%+v", c)
		}
		if c := find(t, all, "refused"); c.State != OK || !strings.Contains(c.Text, "拒绝了 1 次请求：写法不像微信的 1 次") {
			t.Errorf("%+v", c)
		}
		if c := find(t, all, "secret_official"); c.State != OK {
			t.Errorf("%+v", c)
		}
		if f := page.Figures; f == nil || f.Pushes != 100 || f.Answers != 100 || f.P50 > 5*time.Millisecond || f.P95 < time.Second || f.Repeats != 7 || f.Served != 6 || f.LastPush == nil {
			t.Errorf("figures: %+v", f)
		}
		if c := find(t, all, "clock"); c.State != OK {
			t.Errorf("%+v", c)
		}
		two.now = func() time.Time { return time.Now().Add(8 * 24 * time.Hour) }
		if c := find(t, two.Checks(ctx), "push"); c.State != Warn {
			t.Errorf("a quiet week: %+v", c)
		}
		if c := find(t, two.Checks(ctx), "clock"); c.State != Bad {
			t.Errorf("a clock eight days off: %+v", c)
		}
		if err := two.Sweep(ctx); err != nil {
			t.Error(err)
		}
		if c := find(t, two.Checks(ctx), "push"); c.At == nil || !strings.Contains(c.Text, "超过 24 小时") {
			t.Errorf("when it last came is not swept: %+v", c)
		}
		var n int64
		if err := db.Raw("SELECT (SELECT COUNT(*) FROM answer_minutes) + (SELECT COUNT(*) FROM push_minutes WHERE what NOT IN ('push', 'echo'))").Scan(&n).Error; err != nil || n != 0 {
			t.Errorf("%d old rows stay, %v", n, err)
		}
	})
}

func TestSecret(t *testing.T) {
	at := time.Now().UTC()
	ago := func(times int64, d time.Duration) Sight { return Sight{times, at.Add(-d)} }
	for _, c := range []struct {
		name string
		seen map[string]Sight
		want State
		text string
	}{
		{"nothing yet", nil, Off, "还没有收到过推送"},
		{"tried only", map[string]Sight{sawEcho: ago(1, time.Minute)}, OK, "Token 没错"},
		{"well", map[string]Sight{sawPush: ago(9, time.Minute), sawStranger: ago(5, time.Second)}, OK, "都对"},
		{"wrong token", map[string]Sight{sawBadSignature: ago(3, time.Minute), sawPush: {0, at.Add(-48 * time.Hour)}}, Bad, "Token 多半不一致"},
		{"wrong token since an hour, or a stranger", map[string]Sight{sawBadSignature: ago(3, time.Minute), sawPush: ago(9, time.Hour)}, Warn, "Token 多半不一致"},
		{"put right", map[string]Sight{sawBadSignature: ago(3, time.Hour), sawPush: ago(1, time.Minute)}, OK, "都对"},
		{"tried again rightly", map[string]Sight{sawBadSignature: ago(3, time.Hour), sawEcho: ago(1, time.Minute)}, OK, "Token 没错"},
		{"wrong key", map[string]Sight{sawBadCipher: ago(3, time.Minute), sawEcho: ago(1, time.Second)}, Bad, "EncodingAESKey 不一致"},
		{"no key", map[string]Sight{sawNoKey: ago(3, time.Minute)}, Bad, "没有设置 EncodingAESKey"},
		{"plain", map[string]Sight{sawPlain: ago(3, time.Minute)}, Bad, "明文"},
		{"another account", map[string]Sight{sawOtherApp: ago(3, time.Minute)}, Bad, "AppID 不一致"},
		{"clock", map[string]Sight{sawStale: ago(3, time.Minute)}, Bad, "5 分钟"},
	} {
		got := secret(official(), c.seen)
		if got.State != c.want || !strings.Contains(got.Text, c.text) || got.State == Bad && got.Fix == "" {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if c := secret(App{Key: "mini", Title: "小程序"}, nil); c.State != Off {
		t.Errorf("%+v", c)
	}
}

func TestDegradedPeriods(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		now := time.Now().Add(-time.Minute)
		var spooled, drained, waiting int64
		number := func(n *int64) func() int64 { return func() int64 { return *n } }
		s := New(db, Options{Instance: "one:1:a", AppID: "wx1", Apps: []App{official()}, Spooled: number(&spooled), Drained: number(&drained), Waiting: number(&waiting)})
		other := New(db, Options{Instance: "two:1:b", AppID: "wx1", Apps: []App{official()}})
		s.now = func() time.Time { return now }
		s.look(ctx)
		if got := find(t, s.Checks(ctx), "degraded"); got.State != OK {
			t.Errorf("all is well: %+v", got)
		}
		spooled, waiting = 5, 5 // the database held still
		s.look(ctx)
		if err := s.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		if got := find(t, other.Checks(ctx), "degraded"); got.State != Warn && got.State != Bad {
			t.Errorf("another instance sees nothing: %+v", got)
		}
		if got := find(t, s.Checks(ctx), "degraded"); got.State != Bad || !strings.Contains(got.Text, "正在降级") {
			t.Errorf("%+v", got)
		}
		now = now.Add(10 * time.Second)
		spooled, drained, waiting = 8, 6, 2
		s.look(ctx)
		now = now.Add(10 * time.Second)
		drained, waiting = 8, 0
		s.look(ctx)
		page := s.Look(ctx)
		if c := find(t, page.Checks, "degraded"); c.State != Warn || !strings.Contains(c.Text, "1 段，期间 8 个推送先存在本机，已有 8 个补存入库") {
			t.Errorf("%+v", c)
		}
		if len(page.Outages) != 1 {
			t.Fatalf("%+v", page.Outages)
		}
		if o := page.Outages[0]; o.Part != PartDatabase || o.Spooled != 8 || o.Drained != 8 || o.Peak != 5 || o.EndedAt == nil || o.EndedAt.Sub(o.BeganAt) != 20*time.Second {
			t.Errorf("%+v", o)
		}
		if f := page.Figures; f.Spooled != 8 || f.Drained != 8 {
			t.Errorf("%+v", f)
		}
		if len(s.outages) != 0 {
			t.Error("what is written stays in memory")
		}
		// An instance that ends in one leaves it open; it counts as over when it was last seen.
		waiting = 1
		s.look(ctx)
		if err := s.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		other.now = func() time.Time { return now.Add(outageSeen + time.Second) }
		list, err := other.Outages(ctx, now.Add(-time.Hour))
		if err != nil || len(list) != 2 || list[0].EndedAt == nil {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestCallsAndQuotas(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		now := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
		const send = "/cgi-bin/message/custom/send"
		var asked []string
		make := func(instance string, calls *[]Call) *Service {
			a := official()
			a.Calls = func() []Call { return *calls }
			a.Quota = func(_ context.Context, path string) (Quota, error) {
				asked = append(asked, path)
				if path != send {
					return Quota{}, &model.CallError{Code: "76021", Text: "没有这个接口", Kind: model.ErrInvalid}
				}
				return Quota{Limit: 100, Used: 90, Remain: 10}, nil
			}
			s := New(db, Options{Instance: instance, AppID: "wx1", Apps: []App{a}})
			s.now = func() time.Time { return now }
			return s
		}
		refused := Call{Path: "/cgi-bin/stable_token", Calls: 2, Errors: 2, LastAt: now, ErrorAt: now, ErrorCode: "40164", Error: "40164 服务器的出口 IP 203.0.113.9 不在微信后台的 IP 白名单里"}
		here, there := []Call{{Path: send, Calls: 3, Errors: 1, LastAt: now, OKAt: now}}, []Call{{Path: send, Calls: 4, LastAt: now, OKAt: now}, refused}
		one, two := make("one:1:a", &here), make("two:1:b", &there)
		for range 2 {
			for _, s := range []*Service{one, two} {
				if err := s.Flush(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		list, err := one.Usages(ctx)
		if err != nil || len(list) != 2 || list[0].Path != send || list[0].Calls != 7 || list[0].Errors != 1 || list[0].Quota != nil {
			t.Fatalf("%+v %v", list, err)
		}
		// One machine's address is refused, though another machine's calls go through; the page of either says so.
		there[0].OKAt = now.Add(-time.Minute)
		there[0].Calls++
		for _, s := range []*Service{two, one} {
			if c := find(t, s.Checks(ctx), "whitelist"); c.State != Bad || !strings.Contains(c.Fix, "203.0.113.9") || c.At == nil {
				t.Errorf("%+v", c)
			}
		}
		for range 2 { // asked at most once a minute
			if err := two.AskQuotas(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if len(asked) != 2 {
			t.Errorf("asked %v", asked)
		}
		list, _ = one.Usages(ctx)
		if q := list[0].Quota; q == nil || q.Remain != 10 || !list[0].Short() || list[1].Note == "" {
			t.Errorf("%+v", list)
		}
		if c := find(t, one.Checks(ctx), "quota"); c.State != Warn || !strings.Contains(c.Text, "还剩 10 次") {
			t.Errorf("%+v", c)
		}
		// The address is on the list now, and the day turns: counts begin anew, yesterday's quota says nothing.
		now = now.Add(time.Hour)
		there[1].Calls, there[1].OKAt, there[1].LastAt = 3, now, now
		if c := find(t, two.Checks(ctx), "whitelist"); c.State != OK {
			t.Errorf("%+v", c)
		}
		now = now.Add(24 * time.Hour)
		here[0].Calls, here[0].LastAt = 5, now
		list, err = one.Usages(ctx)
		if err != nil || len(list) != 1 || list[0].Calls != 2 || list[0].Quota != nil {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestWhatIsAwayIsSaid(t *testing.T) {
	db := modeltest.SQLite(t)
	m := miniredis.RunT(t)
	c := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	token := Token{Age: time.Minute, Left: time.Hour, CallsHour: 1, Found: true}
	s := New(db, Options{
		Instance: "one", Redis: c, Waiting: func() int64 { return 3 }, DeadJobs: func(context.Context) (int64, error) { return 2, nil },
		Apps: []App{{Key: "official", Title: "公众号", AppID: "wx1", Prefix: "LOUDOU_OFFICIAL", Token: func(context.Context) Token { return token }}, {Key: "mini", Title: "小程序"}}, Notes: []string{"频率限制已关闭"},
	})
	all := s.Checks(ctx)
	for key, want := range map[string]State{"token_official": OK, "token_mini": Off, "redis": OK, "database": OK, "spool": Warn, "jobs": Warn, "public_url": Warn, "pay": Off, "virtual_payment": Warn, "note_1": Warn} {
		if got := find(t, all, key); got.State != want {
			t.Errorf("%s: %+v", key, got)
		}
	}
	if c := find(t, all, "token_official"); !strings.Contains(c.Text, "从 Redis 读到") || !strings.Contains(c.Text, "1 分钟前取得，还有 1.0 小时到期") {
		t.Errorf("%+v", c)
	}
	token.LastError, token.LastCode = "40125 AppSecret 不对", "40125"
	m.Close()
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	_ = pool.Close()
	begin := time.Now()
	all = s.Checks(ctx)
	if took := time.Since(begin); took > 4*time.Second {
		t.Error("took", took)
	}
	if c := find(t, all, "token_official"); !strings.Contains(c.Fix, "LOUDOU_OFFICIAL_SECRET") {
		t.Errorf("%+v", c)
	}
	for key, want := range map[string]State{"token_official": Bad, "redis": Warn, "database": Bad} {
		if got := find(t, all, key); got.State != want {
			t.Errorf("%s: %+v", key, got)
		}
	}
}

func TestQuantile(t *testing.T) {
	var b buckets
	if b.quantile(0.95) != 0 {
		t.Error("nothing counted")
	}
	for i := range 100 {
		b.add(time.Duration(i+1) * time.Millisecond)
	}
	if p := b.quantile(0.5); p < 40*time.Millisecond || p > 60*time.Millisecond {
		t.Error(p)
	}
	if p := b.quantile(0.95); p < 90*time.Millisecond || p > 100*time.Millisecond {
		t.Error(p)
	}
	b = buckets{}
	b.add(time.Minute)
	if p := b.quantile(0.5); p != 6*time.Second {
		t.Error(p)
	}
	var again buckets
	if again.merge(b.text()); again != b {
		t.Error(b.text())
	}
}

// Two instances that write at the same time may be in each other's way: MySQL has one begin again, and nobody sees it.
func TestADeadlockIsTriedAgain(t *testing.T) {
	db := modeltest.SQLite(t)
	left := 2
	if err := db.Callback().Create().Before("gorm:create").Register("test:deadlock", func(tx *gorm.DB) {
		if left > 0 {
			left--
			_ = tx.AddError(&mysql.MySQLError{Number: 1213, Message: "Deadlock found when trying to get lock"})
		}
	}); err != nil {
		t.Fatal(err)
	}
	s := New(db, Options{Instance: "one", AppID: "wx1", Apps: []App{official()}})
	s.Saw("wx1", sawPush)
	if err := s.Flush(ctx); err != nil || left != 0 {
		t.Error(left, err)
	}
	if w, err := s.Watch(ctx, "official", time.Now().Add(-time.Minute)); err != nil || w.Push == nil {
		t.Error(w, err)
	}
}
