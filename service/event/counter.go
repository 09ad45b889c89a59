package event

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"loudou/model"
)

const (
	feedEvery  = 30 * time.Millisecond  // equal keys add up this long
	againEvery = 20 * time.Second       // all of today is told again this often: heals a failover's loss
	aliveKey   = "loudou:{count}:alive" // gone means that Redis was emptied
	feedingKey = "loudou:{count}:feeding"
	liveDays   = 3 // days whose counters Redis holds
)

// forward sets fields of one hash, each only when the version told is not older than the one held; value
// and version are one field, so they never disagree. Telling it twice, late or out of order is harmless.
var forward = redis.NewScript(`
for i = 2, #ARGV, 3 do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  local version = held and tonumber(string.match(held, '^(%d+) '))
  if not version or version <= tonumber(ARGV[i+1]) then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i+1] .. ' ' .. ARGV[i+2])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1`)

// fed marks Redis as complete, unless it was emptied while it was being fed.
var fed = redis.NewScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('SET', KEYS[2], '1')
return 1`)

var errEmptied = errors.New("redis was emptied while it was fed")

// hash is one thing's counters of one day: a hash in Redis with a field per type.
type hash struct {
	day  int
	kind uint8
	ref  string
}

func (h hash) key() string { return fmt.Sprintf("loudou:count:%d:%d:%s", h.day, h.kind, h.ref) }

// dirtyKeys are hashes whose roll-ups changed since Redis was told.
type dirtyKeys struct {
	mu   sync.Mutex
	set  map[hash]struct{}
	wake chan struct{}
}

func (d *dirtyKeys) add(m sums) {
	d.mu.Lock()
	if d.set == nil {
		d.set = map[hash]struct{}{}
	}
	for k := range m {
		if k.kind < KindExcluded {
			d.set[hash{k.day, k.kind, k.ref()}] = struct{}{}
		}
	}
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *dirtyKeys) take() map[hash]struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	set := d.set
	d.set = nil
	return set
}

// feeder tells Redis the roll-ups' absolute values behind every fold. While Redis is away nothing is kept
// for it: when it is back, its missing mark says that everything must be told.
func (s *Service) feeder(ctx context.Context) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	var all time.Time
	for {
		var err error
		set := s.dirty.take()
		if time.Since(all) >= againEvery || !s.alive(ctx) {
			if err = s.FeedAll(ctx); err == nil {
				all = time.Now()
			}
		} else if len(set) > 0 {
			err = s.feed(ctx, set)
		}
		s.behind.Store(err != nil)
		if err != nil && ctx.Err() == nil {
			all = time.Time{}
			quiet.warn("live counters wait", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(feedEvery):
		}
		if err != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-s.dirty.wake:
		case <-tick.C:
		}
	}
}

func (s *Service) alive(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	n, err := s.redis.Exists(ctx, aliveKey).Result()
	return err == nil && n == 1
}

// oldest is the first day whose counters are kept.
func (s *Service) oldest() int {
	return model.DayNumber(s.now().AddDate(0, 0, 1-liveDays))
}

type daily struct {
	Day                         int
	Kind                        uint8
	Ref                         string
	Type                        int
	N, Seconds, Amount, Version int64
}

// FeedAll tells Redis every counter of the days it holds.
func (s *Service) FeedAll(ctx context.Context) error {
	var rows []daily
	if err := s.db.WithContext(ctx).Raw("SELECT day, kind, ref, type, n, version FROM event_daily WHERE day >= ? AND kind < ?", s.oldest(), KindExcluded).Scan(&rows).Error; err != nil {
		return fmt.Errorf("read roll-ups: %w", err)
	}
	if err := s.redis.Set(ctx, feedingKey, "1", time.Hour).Err(); err != nil {
		return err
	}
	if err := s.tell(ctx, rows); err != nil {
		return err
	}
	whole, err := fed.Eval(ctx, s.redis, []string{feedingKey, aliveKey}).Int()
	if err == nil && whole == 0 {
		err = errEmptied
	}
	return err
}

// feed tells Redis the counters of the hashes in set.
func (s *Service) feed(ctx context.Context, set map[hash]struct{}) error {
	groups := map[hash][]string{} // day and kind → refs
	oldest := s.oldest()
	for h := range set {
		if h.day >= oldest {
			g := hash{day: h.day, kind: h.kind}
			groups[g] = append(groups[g], h.ref)
		}
	}
	var rows []daily
	for g, refs := range groups {
		var part []daily
		if err := s.db.WithContext(ctx).Raw("SELECT day, kind, ref, type, n, version FROM event_daily WHERE day = ? AND kind = ? AND ref IN ?", g.day, g.kind, refs).Scan(&part).Error; err != nil {
			return fmt.Errorf("read roll-ups: %w", err)
		}
		rows = append(rows, part...)
	}
	return s.tell(ctx, rows)
}

func (s *Service) tell(ctx context.Context, rows []daily) error {
	args := map[hash][]any{}
	for _, r := range rows {
		h := hash{r.Day, r.Kind, r.Ref}
		if args[h] == nil {
			args[h] = []any{int(((liveDays + 1) * 24 * time.Hour).Seconds())}
		}
		args[h] = append(args[h], string(model.EventTypeOf(r.Type)), r.Version, r.N)
	}
	if len(args) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	p := s.redis.Pipeline()
	for h, a := range args {
		forward.Eval(ctx, p, []string{h.key()}, a...) // by its text: a flush forgets scripts, and a pipeline has no second try
	}
	if _, err := p.Exec(ctx); err != nil {
		return fmt.Errorf("feed redis: %w", err)
	}
	return nil
}

// Live gives today's counters of one thing by event type, from Redis or, when that has none to give, from
// the roll-ups. ref is "" for everything.
func (s *Service) Live(ctx context.Context, kind int, ref string) (map[model.EventType]int64, error) {
	if kind == KindAll {
		ref = model.AccountRef(s.Account(), "")
	}
	h := hash{model.DayNumber(s.now()), uint8(kind), ref} //nolint:gosec // one of the kinds above
	out := map[model.EventType]int64{}
	if !s.behind.Load() { // a Redis that answers but takes nothing would answer yesterday's news
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		p := s.redis.Pipeline()
		held, mark := p.HGetAll(short, h.key()), p.Exists(short, aliveKey)
		if _, err := p.Exec(short); err == nil && mark.Val() == 1 {
			for t, v := range held.Val() {
				if _, n, ok := counter(v); ok {
					out[model.EventType(t)] = n
				}
			}
			return out, nil
		}
	}
	var rows []daily
	if err := s.db.WithContext(ctx).Raw("SELECT type, n FROM event_daily WHERE day = ? AND kind = ? AND ref = ?", h.day, h.kind, h.ref).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read roll-ups: %w", err)
	}
	for _, r := range rows {
		out[model.EventTypeOf(r.Type)] = r.N
	}
	return out, nil
}

// counter reads a field of a hash: version and value.
func counter(v string) (version, n int64, ok bool) {
	a, b, found := strings.Cut(v, " ")
	version, err1 := strconv.ParseInt(a, 10, 64)
	n, err2 := strconv.ParseInt(b, 10, 64)
	return version, n, found && err1 == nil && err2 == nil
}
