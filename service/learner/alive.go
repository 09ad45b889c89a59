package learner

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"loudou/model"
)

// alive remembers for a few seconds which learners exist, so that a busy phone costs no query per call.
// Erasing forgets at once here; another instance believes an erased learner's token aliveFor longer.
type alive struct {
	mu   sync.Mutex
	seen map[int64]aliveEntry
}

type aliveEntry struct {
	learner model.Learner
	until   time.Time
}

const (
	aliveFor = 3 * time.Second
	aliveMax = 20_000
)

func newAlive() *alive { return &alive{seen: map[int64]aliveEntry{}} }

func (a *alive) get(id int64) (model.Learner, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, ok := a.seen[id]
	return e.learner, ok && time.Now().Before(e.until)
}

func (a *alive) put(l model.Learner) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.seen) >= aliveMax {
		clear(a.seen)
	}
	a.seen[l.ID] = aliveEntry{learner: l, until: time.Now().Add(aliveFor)}
}

func (a *alive) forget(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.seen, id)
}

// Memory is a Once over Redis; while Redis is away, each instance remembers for itself.
type Memory struct {
	redis redis.UniversalClient
	mu    sync.Mutex
	used  map[string]time.Time
	quiet time.Time
}

// NewMemory builds the memory; client may be nil.
func NewMemory(client redis.UniversalClient) *Memory {
	return &Memory{redis: client, used: map[string]time.Time{}}
}

// First answers true to the first who asks for key. It asks its own memory too, so that a Redis lost in
// between does not open a code again on this instance.
func (m *Memory) First(ctx context.Context, key string, ttl time.Duration) bool {
	if !m.own(key, ttl) {
		return false
	}
	if m.redis == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	_, err := m.redis.SetArgs(ctx, "once:"+key, 1, redis.SetArgs{Mode: "NX", TTL: ttl}).Result()
	if err == redis.Nil { //nolint:errorlint // go-redis returns the value itself
		return false
	}
	if err != nil {
		m.complain(err)
	}
	return true
}

func (m *Memory) own(key string, ttl time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if until, ok := m.used[key]; ok && now.Before(until) {
		return false
	}
	if len(m.used) >= 50_000 {
		for k, until := range m.used {
			if !now.Before(until) {
				delete(m.used, k)
			}
		}
		if len(m.used) >= 50_000 { // a flood: Redis and WeChat still know a used code
			clear(m.used)
		}
	}
	m.used[key] = now.Add(ttl)
	return true
}

// complain logs a missing Redis once a minute.
func (m *Memory) complain(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.quiet) > time.Minute {
		m.quiet = time.Now()
		slog.Warn("redis away: login codes are remembered by this instance alone", "err", err)
	}
}
