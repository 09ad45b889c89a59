package wechat

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/store"
	"loudou/service/wechat/wechattest"
)

// redises are the servers the token is shared through: the in-process one, and a real one where tests have it.
func redises(t *testing.T) map[string]*store.Redis {
	t.Helper()
	out := map[string]*store.Redis{}
	for name, address := range map[string]string{"embedded": "", "real": os.Getenv("LOUDOU_TEST_REDIS")} {
		if name == "real" && address == "" {
			continue
		}
		r, err := store.OpenRedis(address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		out[name] = r
	}
	return out
}

// instances makes n clients of the Official Account that share r.
func instances(t *testing.T, f *wechattest.Fake, r *store.Redis, n int) []*Client {
	t.Helper()
	a := f.Official()
	out := make([]*Client, n)
	for i := range out {
		o := Options{AppID: a.AppID, Secret: a.Secret, API: f.URL()}
		if r != nil {
			o.Redis = r
		}
		out[i] = clientOf(t, o)
	}
	return out
}

// storm lets ten callers of every instance make calls at once, calls of them per instance, and returns the errors.
func storm(clients []*Client, calls int) (failed []error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, c := range clients {
		for range min(calls, 10) {
			wg.Go(func() {
				for range max(calls/10, 1) {
					if _, err := c.GetQuota(context.Background(), "/cgi-bin/menu/create"); err != nil {
						mu.Lock()
						failed = append(failed, err)
						mu.Unlock()
					}
				}
			})
		}
	}
	wg.Wait()
	return failed
}

func TestOneRefreshUnderLoad(t *testing.T) {
	for name, r := range redises(t) {
		t.Run(name, func(t *testing.T) {
			f := wechattest.New(wechattest.Options{}).Start(t)
			all := instances(t, f, r, 3)
			if failed := storm(all, 100); len(failed) > 0 {
				t.Fatalf("%d failed, first %v", len(failed), failed[0])
			}
			if n := f.Count(tokenPath); n != 1 {
				t.Fatalf("%d token calls for 300 calls of 3 instances, want 1", n)
			}
			for i, expired := range []bool{false, true} {
				f.ExpireTokens(expired)
				for _, c := range all { // the pause between two forced refreshes is not what is tested here
					c.tokens.mu.Lock()
					c.tokens.forced = nil
					c.tokens.mu.Unlock()
				}
				if failed := storm(all, 100); len(failed) > 0 {
					t.Fatalf("expired %v: %d failed, first %v", expired, len(failed), failed[0])
				}
				if n := f.Count(tokenPath); n != 2+i {
					t.Errorf("expired %v: %d token calls, want %d", expired, n, 2+i)
				}
			}
			// A fourth instance finds the token and asks nobody.
			if failed := storm(instances(t, f, r, 1), 5); len(failed) > 0 {
				t.Error(failed[0])
			}
			if n := f.Count(tokenPath); n != 3 {
				t.Errorf("%d token calls after a fourth instance, want 3", n)
			}
		})
	}
}

func TestWithoutRedis(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	if failed := storm(instances(t, f, nil, 3), 50); len(failed) > 0 {
		t.Fatal(failed[0])
	}
	if n := f.Count(tokenPath); n != 3 {
		t.Errorf("%d token calls of 3 instances without Redis, want 3", n)
	}
}

func TestRedisGoneMeanwhile(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	r, err := store.OpenRedis("")
	if err != nil {
		t.Fatal(err)
	}
	all := instances(t, f, r, 3)
	if failed := storm(all, 20); len(failed) > 0 {
		t.Fatal(failed[0])
	}
	_ = r.Close()
	f.ExpireTokens(false)
	start := time.Now()
	if failed := storm(all, 100); len(failed) > 0 {
		t.Errorf("%d failed, first %v", len(failed), failed[0])
	}
	if d := time.Since(start); d > 8*time.Second {
		t.Errorf("took %v", d)
	}
	if n := f.Count(tokenPath); n > 4 { // the first one, and one per instance
		t.Errorf("%d token calls, want at most 4", n)
	}
}

// TestNeverMoreThanTwentyAnHour: WeChat refuses every token it gives, for an hour, and three instances ask on.
func TestNeverMoreThanTwentyAnHour(t *testing.T) {
	for name, r := range redises(t) {
		t.Run(name, func(t *testing.T) {
			f := wechattest.New(wechattest.Options{}).Start(t)
			f.Fail("/cgi-bin/openapi/quota/get", wechattest.ErrCode(40001))
			all := instances(t, f, r, 3)
			var mu sync.Mutex
			now := time.Now()
			for _, c := range all {
				c.now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
			}
			for range 120 { // twice a minute
				for _, c := range all {
					if _, err := c.GetQuota(context.Background(), "/x"); !errors.Is(err, model.ErrUnavailable) {
						t.Fatalf("err = %v", err)
					}
				}
				mu.Lock()
				now = now.Add(30 * time.Second)
				mu.Unlock()
			}
			if n := f.Count(tokenPath); n > 20 || n < 2 {
				t.Errorf("%d token calls in an hour, want 2 … 20", n)
			}
		})
	}
}

func TestFailingTokenCallBacksOff(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	c := instances(t, f, nil, 1)[0]
	now := time.Now()
	c.now = func() time.Time { return now }
	f.Fail(tokenPath, wechattest.Fault{Status: 502})
	for range 100 {
		if _, err := c.tokens.Token(context.Background()); !errors.Is(err, model.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if n := f.Count(tokenPath); n != 1 {
		t.Errorf("%d token calls at one moment, want 1", n)
	}
	f.Heal()
	now = now.Add(2 * time.Second)
	if _, err := c.tokens.Token(context.Background()); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestOlderTokenNeverReplacesNewer(t *testing.T) {
	for name, r := range redises(t) {
		t.Run(name, func(t *testing.T) {
			f := wechattest.New(wechattest.Options{}).Start(t)
			c := instances(t, f, r, 1)[0]
			ctx, now := context.Background(), time.Now()
			k := func(value string, gen int64) token {
				return token{Value: value, Gen: gen, Born: now, Expires: now.Add(2 * time.Hour)}
			}
			c.tokens.store(ctx, k("new", 2000))
			c.tokens.store(ctx, k("old", 1000))
			if got, err := c.tokens.load(ctx); err != nil || got.Value != "new" || got.Gen != 2000 {
				t.Errorf("in Redis: %+v, %v", got, err)
			}
			// One that a call was refused with does not come back from a Redis that went back in time.
			c.tokens.keep(k("refused", 3000), TokenAsked)
			got, err := c.tokens.Refresh(ctx, "refused")
			if err != nil || got == "new" || got == "refused" {
				t.Errorf("refreshed to %q, %v", got, err)
			}
		})
	}
}

func TestOldTokenServesWhileItLives(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	c := instances(t, f, nil, 1)[0]
	ctx := context.Background()
	first, err := c.tokens.Token(ctx)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(2*time.Hour - time.Minute)
	c.now = func() time.Time { return now }
	f.Fail(tokenPath, wechattest.Fault{Status: 502})
	if got, err := c.tokens.Token(ctx); err != nil || got != first {
		t.Errorf("in its last minute, WeChat down: %q, %v", got, err)
	}
}

func TestCallerGivesUpOthersGoOn(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	c := instances(t, f, nil, 1)[0]
	f.Fail(tokenPath, wechattest.Fault{Delay: 300 * time.Millisecond, Times: 1})
	short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.tokens.Token(short); !errors.Is(err, model.ErrUnavailable) {
		t.Errorf("err = %v", err)
	}
	if _, err := c.tokens.Token(context.Background()); err != nil {
		t.Error(err)
	}
	if n := f.Count(tokenPath); n != 1 {
		t.Errorf("%d token calls, want 1", n)
	}
}

// The page of an instance that has not needed a token yet tells of the one all share.
func TestTokenHealthSaysWhereFrom(t *testing.T) {
	for name, r := range redises(t) {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			f := wechattest.New(wechattest.Options{}).Start(t)
			all := instances(t, f, r, 2)
			for _, c := range all {
				if h := c.Tokens().Health(ctx); h.Age != 0 || h.From != "" {
					t.Errorf("before any: %+v", h)
				}
			}
			if _, err := all[0].Tokens().Token(ctx); err != nil {
				t.Fatal(err)
			}
			if h := all[0].Tokens().Health(ctx); h.From != TokenAsked || h.Age <= 0 || h.CallsHour != 1 {
				t.Errorf("who asked: %+v", h)
			}
			if h := all[1].Tokens().Health(ctx); h.From != TokenFound || h.Age <= 0 || h.CallsHour != 1 || time.Until(h.Expires) < time.Hour {
				t.Errorf("who did not: %+v", h)
			}
		})
	}
}
