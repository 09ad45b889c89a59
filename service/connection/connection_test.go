package connection

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

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

func TestAnswersOfAllInstances(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		var repeated int64
		one, two := New(db, Options{Instance: "one", Repeated: func() int64 { return repeated }}), New(db, Options{Instance: "two"})
		if c := find(t, one.Checks(ctx), "push"); c.State != Warn || c.At != nil || !strings.Contains(c.Fix, "/hook/official") {
			t.Errorf("never a push: %+v", c)
		}
		for range 90 {
			one.Answered(200, 3*time.Millisecond)
		}
		for range 10 {
			two.Answered(200, 1500*time.Millisecond)
		}
		two.Answered(403, time.Millisecond)
		repeated = 7
		for range 2 { // written twice is written once
			for _, s := range []*Service{one, two} {
				if err := s.Flush(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		all := two.Checks(ctx)
		if c := find(t, all, "push"); c.State != OK || c.At == nil || !strings.Contains(c.Text, "100 次") {
			t.Errorf("%+v", c)
		}
		if c := find(t, all, "answer"); c.State != Warn || !strings.Contains(c.Text, "100 次") || !strings.Contains(c.Text, "秒内（微信") {
			t.Errorf("%+v", c)
		}
		if c := find(t, all, "repeat"); c.State != Warn || !strings.Contains(c.Text, "7 次") {
			t.Errorf("%+v", c)
		}
		if c := find(t, all, "refused"); c.State != Warn || !strings.Contains(c.Text, "1 次") {
			t.Errorf("%+v", c)
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
		if c := find(t, one.Checks(ctx), "push"); c.At != nil {
			t.Errorf("swept: %+v", c)
		}
	})
}

func TestWhatIsAwayIsSaid(t *testing.T) {
	db := modeltest.SQLite(t)
	m := miniredis.RunT(t)
	c := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	token := Token{Age: time.Minute, CallsHour: 1}
	s := New(db, Options{
		Instance: "one", Redis: c, Spooled: func() int64 { return 3 }, DeadJobs: func(context.Context) (int64, error) { return 2, nil },
		Apps: []App{{Key: "official", Title: "公众号", Token: func() Token { return token }}, {Key: "mini", Title: "小程序"}}, Notes: []string{"频率限制已关闭"},
	})
	all := s.Checks(ctx)
	for key, want := range map[string]State{"token_official": OK, "token_mini": Off, "redis": OK, "database": OK, "spool": Warn, "jobs": Warn, "public_url": Warn, "pay": Off, "virtual_payment": Warn, "note_1": Warn} {
		if got := find(t, all, key); got.State != want {
			t.Errorf("%s: %+v", key, got)
		}
	}
	token.LastError = "40013 invalid appid"
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
