// Package limit counts how often something may happen, for all instances together in Redis and, while
// Redis is away, in this process alone with the same limits: a door that is limited stays limited. What this
// process let through counts here too while Redis answers, so that a Redis that comes and goes gives nobody
// their allowance twice. It owns no table.
package limit

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
)

// Rate is N times in Per, of which Burst may come at once.
type Rate struct {
	N     int
	Per   time.Duration
	Burst int
}

// Limiter is safe for use by many goroutines.
type Limiter struct {
	redis *redis_rate.Limiter
	off   bool
	quiet atomic.Int64 // unix milliseconds until which Redis is not asked again
	local local
	here  local
}

// New counts in client. off lifts every limit (LOUDOU_LIMITS=off).
func New(client redis.UniversalClient, off bool) *Limiter {
	return &Limiter{redis: redis_rate.NewLimiter(client), off: off, local: local{due: map[string]time.Time{}}, here: local{due: map[string]time.Time{}}}
}

const (
	patience = 100 * time.Millisecond // how long a caller waits for Redis
	pause    = time.Second            // how long a Redis that did not answer is left alone
	keysMax  = 20_000                 // keys this process remembers by itself
)

// Allow counts one try of key. ok false: refused, and worth trying again after wait.
func (l *Limiter) Allow(ctx context.Context, key string, r Rate) (wait time.Duration, ok bool) {
	if l.off {
		return 0, true
	}
	if time.Now().UnixMilli() >= l.quiet.Load() {
		type answer struct {
			res *redis_rate.Result
			err error
		}
		got := make(chan answer, 1)
		go func() { // a silent server does not always let go of its caller in time
			c, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			defer cancel()
			res, err := l.redis.Allow(c, key, redis_rate.Limit{Rate: r.N, Burst: r.Burst, Period: r.Per})
			got <- answer{res, err}
		}()
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case a := <-got:
			if a.err == nil {
				if a.res.Allowed == 0 {
					return a.res.RetryAfter, false
				}
				return l.local.also(time.Now(), key, r)
			}
		case <-timer.C:
		}
		l.quiet.Store(time.Now().Add(pause).UnixMilli())
	}
	return l.local.allow(time.Now(), key, r)
}

// Here counts in this process alone, for doors too busy to ask Redis on every call. Its keys are kept apart
// from Allow's, so that a flood here closes nothing there.
func (l *Limiter) Here(key string, r Rate) (wait time.Duration, ok bool) {
	if l.off {
		return 0, true
	}
	return l.here.allow(time.Now(), key, r)
}

// Try is Allow for callers that know no Rate of ours: n times in per, burst of them at once.
func (l *Limiter) Try(ctx context.Context, key string, n int, per time.Duration, burst int) (wait time.Duration, ok bool) {
	return l.Allow(ctx, key, Rate{N: n, Per: per, Burst: burst})
}

// Forget gives key its whole allowance back.
func (l *Limiter) Forget(ctx context.Context, key string) {
	l.local.forget(key)
	if l.off || time.Now().UnixMilli() < l.quiet.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_ = l.redis.Reset(ctx, key) // a refused reset leaves the key stricter than need be, no more
}

// local is the same count (GCRA: one instant a key, when its allowance would be whole again).
type local struct {
	mu    sync.Mutex
	due   map[string]time.Time
	swept time.Time // when keys whose allowance is whole were last looked for
}

func (l *local) allow(now time.Time, key string, r Rate) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.room(now, key) {
		return pause, false // closed rather than forgetful
	}
	return l.count(now, key, r, 0)
}

// also counts what Redis let through. It refuses what this process alone has let through too much of already, but for
// the moment an answer of Redis may take: the two counts do not see a call at one instant.
func (l *local) also(now time.Time, key string, r Rate) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.room(now, key) {
		return 0, true // Redis has counted it
	}
	return l.count(now, key, r, patience)
}

// room tells whether key has a place, or gets one.
func (l *local) room(now time.Time, key string) bool {
	if _, known := l.due[key]; known || len(l.due) < keysMax {
		return true
	}
	if now.Sub(l.swept).Abs() >= pause {
		l.swept = now
		for k, t := range l.due {
			if t.Before(now) {
				delete(l.due, k)
			}
		}
	}
	return len(l.due) < keysMax
}

func (l *local) count(now time.Time, key string, r Rate, slack time.Duration) (time.Duration, bool) {
	due := l.due[key]
	step := r.Per / time.Duration(r.N)
	if due.Before(now) {
		due = now
	}
	next := due.Add(step)
	if early := next.Sub(now) - step*time.Duration(r.Burst); early > slack {
		return early, false
	}
	l.due[key] = next
	return 0, true
}

func (l *local) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.due, key)
}
