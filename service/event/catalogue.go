package event

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	pollEvery  = 10 * time.Second
	strangeFor = time.Second // how long an id that does not exist is remembered as such
	strangeMax = 10_000
	// An event waits for a poll this long, and so many requests at once: past that the answer is 503.
	pollWait    = 3 * time.Second
	waitersMost = 1024
)

var errNotPolled = errors.New("the catalogue could not be read")

// known holds the numbers of one kind of thing that exist. An id it does not hold is looked up before an
// event is refused, so a thing just made is known at once everywhere; look-ups are rationed, so that a
// flood of made-up ids cannot become a flood of queries. When the ration is used up, what is not known
// waits for the next poll, a second later at most, and is judged by that: an honest event is never refused
// for want of a look.
type known struct {
	from    Catalogue
	ids     atomic.Pointer[map[int64]struct{}]
	ration  *rate.Limiter
	mu      sync.Mutex
	strange map[int64]time.Time
	hurry   atomic.Bool
	polled  chan struct{}   // closed by the next poll
	failed  []chan struct{} // of polls that failed
	waiting atomic.Int64    // for a poll
}

func newKnown(c Catalogue) *known {
	k := &known{from: c, ration: rate.NewLimiter(50, 50), strange: map[int64]time.Time{}, polled: make(chan struct{})}
	k.ids.Store(&map[int64]struct{}{})
	return k
}

func (k *known) has(id int64) bool {
	_, ok := (*k.ids.Load())[id]
	return ok
}

// missing gives those of ids that do not exist.
func (k *known) missing(ctx context.Context, ids []int64) (map[int64]bool, error) {
	none := map[int64]bool{}
	if k.from == nil {
		for _, id := range ids {
			none[id] = true
		}
		return none, nil
	}
	var ask []int64
	now := time.Now()
	k.mu.Lock()
	for _, id := range ids {
		if at, ok := k.strange[id]; ok && now.Sub(at) < strangeFor {
			none[id] = true
		} else if !none[id] {
			ask = append(ask, id)
		}
	}
	polled := k.polled
	k.mu.Unlock()
	if len(ask) == 0 {
		return none, nil
	}
	var found []int64
	if k.ration.Allow() {
		var err error
		if found, err = k.from.Among(ctx, ask); err != nil {
			return nil, err
		}
	} else {
		if k.waiting.Add(1) > waitersMost {
			k.waiting.Add(-1)
			return nil, errNotPolled
		}
		k.hurry.Store(true)
		select {
		case <-polled:
			k.waiting.Add(-1)
		case <-ctx.Done(): // the caller's, or strangers' own
			k.waiting.Add(-1)
			return nil, ctx.Err()
		}
		for _, id := range ask {
			if k.has(id) {
				found = append(found, id)
			}
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	have := map[int64]bool{}
	for _, id := range found {
		have[id] = true
	}
	if slices.ContainsFunc(found, func(id int64) bool { return !k.has(id) }) {
		k.learn(found)
	}
	now = time.Now() // it may have waited
	for _, id := range ask {
		if !have[id] {
			none[id] = true
			if len(k.strange) >= strangeMax {
				clear(k.strange)
			}
			k.strange[id] = now
		}
	}
	return none, nil
}

// learn adds ids to the set; the caller holds mu.
func (k *known) learn(ids []int64) {
	old := *k.ids.Load()
	set := make(map[int64]struct{}, len(old)+len(ids))
	for id := range old {
		set[id] = struct{}{}
	}
	for _, id := range ids {
		set[id] = struct{}{}
	}
	k.ids.Store(&set)
}

// refresh reads the whole set again. Who waits for a poll waits for one that began later than the waiting.
func (k *known) refresh(ctx context.Context) error {
	if k.from == nil {
		return nil
	}
	k.mu.Lock()
	polled := k.polled
	k.polled = make(chan struct{})
	k.mu.Unlock()
	ids, err := k.from.IDs(ctx)
	if err != nil {
		k.mu.Lock()
		k.failed = append(k.failed, polled) // they wait for the next one
		k.mu.Unlock()
		k.hurry.Store(true)
		return err
	}
	set := make(map[int64]struct{}, len(ids))
	for _, id := range ids {
		set[id] = struct{}{}
	}
	k.mu.Lock()
	k.ids.Store(&set)
	over := append(k.failed, polled)
	k.failed = nil
	k.mu.Unlock()
	for _, c := range over {
		close(c)
	}
	return nil
}

// readCatalogues reads all of them again, for whoever judges without the polling.
func (s *Service) readCatalogues(ctx context.Context) error {
	for _, k := range s.catalogues {
		if err := k.refresh(ctx); err != nil {
			return fmt.Errorf("catalogue: %w", err)
		}
	}
	return nil
}

func (s *Service) pollCatalogues(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var last time.Time
	for {
		all := time.Since(last) >= pollEvery
		if all {
			last = time.Now()
		}
		for _, k := range s.catalogues {
			if all || k.hurry.Swap(false) {
				if err := k.refresh(ctx); err != nil && ctx.Err() == nil {
					quiet.warn("catalogue not read", err)
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// limits keeps one person from taking the place of all others.
type limits struct {
	per   int
	mu    sync.Mutex
	who   map[int64]*rate.Limiter
	since time.Time
}

func newLimits(perSecond int) *limits {
	return &limits{per: perSecond, who: map[int64]*rate.Limiter{}, since: time.Now()}
}

// allow tells whether person may send n events now. Everybody is forgotten once in ten minutes, the time
// in which every allowance has long filled up again.
func (l *limits) allow(person int64, n int) bool {
	if l.per == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.since) > 10*time.Minute {
		clear(l.who)
		l.since = time.Now()
	}
	r := l.who[person]
	if r == nil {
		r = rate.NewLimiter(rate.Limit(l.per), 10*l.per)
		l.who[person] = r
	}
	return r.AllowN(time.Now(), n)
}
