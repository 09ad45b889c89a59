package reply

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"loudou/model"
)

// memory remembers about fans what the answer needs and the rules do not hold: when a rule with an interval
// last answered, and which dialog is running. An answer may not wait for the database, so this is kept in
// Redis, shared by all instances, with a copy in the process.
//
// An interval is claimed by the push's key (SET NX with the interval as its life): of two instances only one
// gets it, and a repeat of the same push, wherever it arrives, finds its own key and gets the same answer.
// An interval is a minute at least, and WeChat has stopped repeating by then. A trip is given 100 ms; after a
// failure Redis is left alone for a second and the process's own copy decides. While Redis is away, or after it
// lost its keys, a fan may therefore hear a rule once more on each instance, and a dialog is known only to the
// instance that began it. Nothing is refused for that: an answer too many is better than none.
type memory struct {
	redis redis.UniversalClient // nil: this process is the only one
	down  atomic.Int64          // unix nanoseconds until which Redis is left alone

	mu         sync.Mutex
	young, old map[string]note
}

type note struct {
	value string
	until time.Time // real clock
}

const (
	memoryTrip  = 100 * time.Millisecond
	memoryPause = time.Second
	memoryMost  = 50_000 // notes of one generation; the older one is forgotten when the younger is full
)

func (m *memory) get(key string) (string, bool) {
	n, ok := m.young[key]
	if !ok {
		n, ok = m.old[key]
	}
	return n.value, ok && time.Now().Before(n.until)
}

// put keeps value unless one holds already, and gives what holds.
func (m *memory) put(key, value string, d time.Duration, over bool) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if had, ok := m.get(key); ok && !over {
		return had
	}
	if m.young == nil || len(m.young) >= memoryMost {
		m.young, m.old = map[string]note{}, m.young
	}
	m.young[key] = note{value, time.Now().Add(d)}
	return value
}

func (m *memory) look(key string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.get(key)
}

// trip asks Redis; false when it could not be asked.
func (m *memory) trip(ask func(ctx context.Context) error) bool {
	if m.redis == nil || time.Now().UnixNano() < m.down.Load() {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), memoryTrip)
	defer cancel()
	if err := ask(ctx); err != nil {
		m.down.Store(time.Now().Add(memoryPause).UnixNano())
		return false
	}
	return true
}

func heardKey(appid string, rule int64, openid model.OpenID) string {
	return "loudou:reply:heard:" + appid + ":" + strconv.FormatInt(rule, 10) + ":" + string(openid)
}

func talkKey(appid string, openid model.OpenID) string {
	return "loudou:reply:talk:" + appid + ":" + string(openid)
}

// claim says whether the push may be answered by the rule under key, and keeps that it was.
func (m *memory) claim(key, push string, d time.Duration) bool {
	if had, ok := m.look(key); ok {
		return had == push
	}
	holds := push
	m.trip(func(ctx context.Context) error {
		ok, err := m.redis.SetNX(ctx, key, push, d).Result()
		if err != nil || ok {
			return err
		}
		held, err := m.redis.Get(ctx, key).Result()
		if err == nil {
			holds = held
		} else if err == redis.Nil { // it ran out in between
			err = nil
		}
		return err
	})
	if holds != push {
		return false // how long yet is Redis's to know
	}
	return m.put(key, push, d, false) == push
}

// held says whether a push with another key holds the interval; it claims nothing.
func (m *memory) held(key, push string) bool {
	had, ok := m.look(key)
	if !ok {
		m.trip(func(ctx context.Context) error {
			held, err := m.redis.Get(ctx, key).Result()
			if err == redis.Nil {
				return nil
			}
			had, ok = held, err == nil
			return err
		})
	}
	return ok && had != push
}

// begin notes that a fan is in a rule's dialog until a time on the business clock.
func (m *memory) begin(key string, rule int64, until time.Time, d time.Duration) {
	v := strconv.FormatInt(rule, 10) + "|" + strconv.FormatInt(until.UnixMilli(), 10)
	m.put(key, v, d, true)
	m.trip(func(ctx context.Context) error { return m.redis.Set(ctx, key, v, d).Err() })
}

// talk gives the rule whose dialog runs at a time on the business clock; 0: none. Another instance may have
// begun a newer one, so Redis is asked first.
func (m *memory) talk(key string, at time.Time) int64 {
	v, ok := m.look(key)
	m.trip(func(ctx context.Context) error {
		held, err := m.redis.Get(ctx, key).Result()
		if err == redis.Nil {
			return nil
		}
		if err == nil {
			v, ok = held, true
		}
		return err
	})
	id, until, cut := strings.Cut(v, "|")
	if !ok || !cut {
		return 0
	}
	rule, err1 := strconv.ParseInt(id, 10, 64)
	end, err2 := strconv.ParseInt(until, 10, 64)
	if err1 != nil || err2 != nil || at.UnixMilli() >= end {
		return 0
	}
	return rule
}

// forget drops what is remembered under keys: a person is erased, so Redis is asked even in a pause. Keys it
// keeps all the same end with their intervals.
func (m *memory) forget(keys []string) {
	m.mu.Lock()
	for _, k := range keys {
		delete(m.young, k)
		delete(m.old, k)
	}
	m.mu.Unlock()
	if m.redis == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), memoryTrip)
	defer cancel()
	for _, k := range keys { // one by one: a cluster keeps them in different places
		if m.redis.Del(ctx, k).Err() != nil {
			return
		}
	}
}
