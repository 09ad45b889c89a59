package limit

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

func TestSameLimitWithAndWithoutRedis(t *testing.T) {
	m := miniredis.RunT(t)
	c := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	rate := Rate{N: 3, Per: time.Hour, Burst: 5}
	for _, where := range []string{"redis", "away"} {
		if where == "away" {
			m.Close()
		}
		l := New(c, false)
		key, passed := "login:"+where, 0
		for range 20 {
			wait, ok := l.Allow(context.Background(), key, rate)
			if ok {
				passed++
			} else if wait <= 0 || wait > 20*time.Minute {
				t.Errorf("%s: wait %v", where, wait)
			}
		}
		if passed != 5 {
			t.Errorf("%s: %d passed, want the burst of 5", where, passed)
		}
		l.Forget(context.Background(), key)
		if _, ok := l.Allow(context.Background(), key, rate); !ok {
			t.Errorf("%s: not forgotten", where)
		}
	}
}

// A Redis that answers every other time, each time with its memory lost, gives no more than one allowance.
func TestRedisThatComesAndGoes(t *testing.T) {
	m := miniredis.RunT(t)
	c := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	l := New(c, false)
	passed := 0
	for i := range 60 {
		if i%2 == 0 {
			m.SetError("")
			m.FlushAll()
		} else {
			m.SetError("LOADING")
		}
		l.quiet.Store(0) // its pause is over
		if _, ok := l.Allow(context.Background(), "login", Rate{N: 3, Per: time.Hour, Burst: 5}); ok {
			passed++
		}
	}
	if passed != 5 {
		t.Errorf("%d passed, want 5", passed)
	}
}

func TestSilentRedisCostsOneShortWait(t *testing.T) {
	m := miniredis.RunT(t)
	c := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1, ReadTimeout: time.Minute})
	t.Cleanup(func() { _ = c.Close() })
	l := New(c, false)
	m.SetError("LOADING")
	begin := time.Now()
	for i := range 50 {
		l.Allow(context.Background(), fmt.Sprint(i), Rate{N: 1, Per: time.Minute, Burst: 1})
	}
	if took := time.Since(begin); took > 2*patience {
		t.Errorf("50 tries took %v", took)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	l := local{due: map[string]time.Time{}}
	now := time.Now()
	for i := range keysMax + 100 {
		l.allow(now, fmt.Sprint(i), Rate{N: 1, Per: time.Hour, Burst: 1})
	}
	if len(l.due) > keysMax {
		t.Errorf("%d keys kept", len(l.due))
	}
	if _, ok := l.allow(now, "new", Rate{N: 1, Per: time.Hour, Burst: 1}); ok {
		t.Error("a full table must refuse")
	}
	if _, ok := l.allow(now.Add(2*time.Hour), "new", Rate{N: 1, Per: time.Hour, Burst: 1}); !ok {
		t.Error("old keys must make room")
	}
}

func TestOffLiftsEverything(t *testing.T) {
	l := New(redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}), true)
	for range 1000 {
		if _, ok := l.Allow(context.Background(), "x", Rate{N: 1, Per: time.Hour, Burst: 1}); !ok {
			t.Fatal("limited")
		}
	}
}
