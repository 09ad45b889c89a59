// Package inbox keeps every push of WeChat once and answers it: it owns the pushes table and the spool.
//
// The road of one push: the answer is made from the published rules in memory, then push and answer
// go to the committer, which stores whatever waits in one transaction and hands each new push on to
// those who act on it (followers, scenes, replies, events). A push that is there already gets the answer
// kept with it, so a retry hears the same on any instance. A push waits at most a second for the
// database; then it goes to the spool on disk, is answered from memory (the answer is made from the push
// alone, so any instance makes the same), and is stored later under the same key.
package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
	"loudou/service/store/spool"
)

// Answerer makes the answer to a push from memory: service/reply. It never asks the database.
type Answerer interface {
	Answer(p *model.Push, at time.Time) model.Answer
}

// Taker acts on new pushes in the transaction that keeps them: follower, scene, reply, and the facts.
type Taker interface {
	Take(tx *gorm.DB, kept []*model.Kept) error
}

// Persons gives the fans' numbers: service/person.
type Persons interface {
	EnsureAll(tx *gorm.DB, appid string, openids []model.OpenID) (map[model.OpenID]int64, error)
}

// Jobs are run after the commit: service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
}

// Options are what the house sets.
type Options struct {
	AppID      string // the Official Account's
	SpoolDir   string
	SpoolLimit int64         // bytes; 0: 256 MiB
	Patience   time.Duration // what a push waits for the database; 0: 900 ms
	Now        func() time.Time
}

// Service keeps pushes. Takers are named before Run.
type Service struct {
	db       *gorm.DB
	appid    string
	answers  Answerer
	persons  Persons
	jobs     Jobs
	takers   []Taker
	spool    *spool.Spool
	dir      string
	patience time.Duration
	now      func() time.Time

	queue   chan *flight
	working atomic.Int64 // unix nanoseconds since when the committer is busy with one batch; 0: it is not
	down    atomic.Int64 // unix nanoseconds until which nobody waits for the database

	mu      sync.Mutex
	flights map[string]*flight // of this minute
	before  map[string]*flight // of the last
	known   numbers            // fans' numbers
	turn    time.Time

	// Counted since the start, for /metrics and the connection page. Of those Repeated, Served heard the answer kept.
	Stored, Repeated, Served, Spooled, Drained, Failed atomic.Int64
	lastPush                                           atomic.Int64
	kinds                                              kinds
}

// flight is one push on its way; several deliveries of it share one.
type flight struct {
	kept     model.Kept
	received time.Time
	done     chan struct{} // closed when answer or err stands
	stored   chan error    // the committer's word
	answer   []byte
	err      error
}

const (
	queueLength = 4096
	batchMost   = 256
	batchBytes  = 1 << 20                // of the pushes alone; with answers and quotes well below any max_allowed_packet
	storeLimit  = 4 * time.Second        // a batch that takes longer is given up and spooled
	downFor     = 500 * time.Millisecond // after a failure; then one batch tries again
	flightMost  = 50_000
	lingerFrom  = 8 // a batch of more than this many means load
	linger      = 1 * time.Millisecond
)

// New opens the spool; nothing runs until Run.
func New(db *gorm.DB, answers Answerer, persons Persons, jobs Jobs, o Options) (*Service, error) {
	if o.SpoolLimit == 0 {
		o.SpoolLimit = 256 << 20
	}
	if o.Patience == 0 {
		o.Patience = 900 * time.Millisecond
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	sp, err := spool.Open(o.SpoolDir, o.SpoolLimit)
	if err != nil {
		return nil, err
	}
	return &Service{
		db: db, appid: o.AppID, answers: answers, persons: persons, jobs: jobs, spool: sp, dir: o.SpoolDir, patience: o.Patience, now: o.Now,
		queue: make(chan *flight, queueLength), flights: map[string]*flight{}, turn: time.Now(),
	}, nil
}

// Takes names who acts on new pushes, in order.
func (s *Service) Takes(t ...Taker) { s.takers = append(s.takers, t...) }

// Keep keeps p once and gives the answer before encryption; empty means success. It returns within
// about a second whatever the database does. The error is ErrUnavailable: p is kept nowhere, so WeChat
// must tell us again.
func (s *Service) Keep(ctx context.Context, p model.Push) ([]byte, error) {
	s.kinds.count(&p)
	s.lastPush.Store(time.Now().UnixNano())
	f, first := s.board(&p)
	if !first {
		s.Repeated.Add(1)
		select {
		case <-f.done:
			if f.err == nil {
				s.Served.Add(1)
			}
			return f.answer, f.err
		case <-ctx.Done():
			return nil, fmt.Errorf("push: %w", model.ErrUnavailable)
		}
	}
	f.answer, f.err = s.keep(f)
	if f.err != nil {
		s.forget(f)
	}
	close(f.done)
	return f.answer, f.err
}

func (s *Service) keep(f *flight) ([]byte, error) {
	answer := s.answers.Answer(&f.kept.Push, s.now())
	f.kept.Answer = answer // the committer's from here on
	if s.patient() {
		timer := time.NewTimer(s.patience)
		defer timer.Stop()
		select {
		case s.queue <- f:
			select {
			case err := <-f.stored:
				if err == nil {
					body := f.kept.Answer.Body
					// For a minute the flight only has to know a repeat, so it lets go of what it carried.
					f.kept = model.Kept{Push: model.Push{AppID: f.kept.AppID}, PushKey: f.kept.PushKey}
					return body, nil
				}
			case <-timer.C:
			}
		default: // so many wait already that a second would not do
		}
	}
	record, err := json.Marshal(spooled{f.kept.Push, answer, f.received})
	if err != nil {
		return nil, fmt.Errorf("spool push: %w", err)
	}
	if err := s.spool.Append(record); err != nil {
		s.Failed.Add(1)
		slog.Error("push kept nowhere", "err", err)
		return nil, fmt.Errorf("spool push: %w: %w", model.ErrUnavailable, err)
	}
	s.Spooled.Add(1)
	return answer.Body, nil
}

// patient says whether waiting for the database has any hope: not just after it failed, and not while
// the committer has been stuck in one batch for longer than a push may wait.
func (s *Service) patient() bool {
	now := time.Now().UnixNano()
	if now < s.down.Load() {
		return false
	}
	since := s.working.Load()
	return since == 0 || now-since < int64(s.patience)
}

// board gives the flight of this push, a new one when it is the first delivery here in a while.
func (s *Service) board(p *model.Push) (f *flight, first bool) {
	key := p.Key()
	id := p.AppID + "\n" + key
	received := s.now()
	f = &flight{received: received, done: make(chan struct{}), stored: make(chan error, 1)}
	f.kept = model.Kept{Push: *p, PushKey: key, At: s.when(p, received)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if real := time.Now(); real.Sub(s.turn) > time.Minute || len(s.flights) >= flightMost {
		s.before, s.flights, s.turn = s.flights, map[string]*flight{}, real
	}
	if had, ok := s.flights[id]; ok {
		return had, false
	}
	if had, ok := s.before[id]; ok {
		return had, false
	}
	s.flights[id] = f
	return f, true
}

func (s *Service) forget(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := f.kept.AppID + "\n" + f.kept.PushKey
	delete(s.flights, id)
	delete(s.before, id)
}

// when is the push's own time, on the business clock; a CreateTime that cannot be is replaced. Under a moved clock
// whoever plays WeChat may tell by the real one or by the moved one: the nearer of the two is meant.
func (s *Service) when(p *model.Push, received time.Time) time.Time {
	at, real := p.At(), time.Now()
	if shift := received.Sub(real); (shift > time.Second || shift < -time.Second) && received.Sub(at).Abs() > real.Sub(at).Abs() {
		at = at.Add(shift.Round(time.Second))
	}
	if d := received.Sub(at); d > 7*24*time.Hour || d < -time.Hour {
		return model.Milli(received)
	}
	return model.Milli(at)
}

// spooled is a push in the spool, with the answer it was given.
type spooled struct {
	Push     model.Push
	Answer   model.Answer
	Received time.Time
}

// Run commits and drains until ctx ends; what waits then is still committed. Callers must have stopped
// taking pushes.
func (s *Service) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.commit(ctx) })
	wg.Go(func() { s.drain(ctx) })
	wg.Wait()
	_ = s.spool.Close()
}

// commit stores whatever waits, so a batch grows by itself while the one before is under way. Under load it
// waits a moment more: those that were just answered and those on their way then share one commit, instead
// of taking turns with half as many in each.
func (s *Service) commit(ctx context.Context) {
	busy := false
	for {
		var batch []*flight
		select {
		case f := <-s.queue:
			batch = append(batch, f)
		case <-ctx.Done():
			if len(s.queue) == 0 {
				return
			}
			continue
		}
		batch = s.gather(batch)
		if busy && len(batch) < batchMost {
			time.Sleep(linger)
			batch = s.gather(batch)
		}
		busy = len(batch) > lingerFrom
		s.working.Store(time.Now().UnixNano())
		err := s.store(context.WithoutCancel(ctx), batch)
		s.working.Store(0)
		if err != nil {
			s.down.Store(time.Now().Add(downFor).UnixNano())
			slog.Warn("pushes go to the spool", "pushes", len(batch), "err", err)
		}
		for _, f := range batch {
			f.stored <- err
		}
	}
}

// gather takes what waits without waiting for it.
func (s *Service) gather(batch []*flight) []*flight {
	size := 0
	for _, f := range batch {
		size += len(f.kept.Raw)
	}
	for len(batch) < batchMost && size < batchBytes {
		select {
		case f := <-s.queue:
			batch = append(batch, f)
			size += len(f.kept.Raw)
		default:
			return batch
		}
	}
	return batch
}

// drain empties the spool as soon as the database takes pushes again.
func (s *Service) drain(ctx context.Context) {
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		if s.spool.Waiting() > 0 && time.Now().UnixNano() >= s.down.Load() {
			err := s.spool.Drain(func(records [][]byte) error { return s.drainBatch(ctx, records) })
			if err != nil {
				s.down.Store(time.Now().Add(downFor).UnixNano())
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Service) drainBatch(ctx context.Context, records [][]byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var batch []*flight
	had := map[string]bool{}
	for _, r := range records {
		var sp spooled
		if err := json.Unmarshal(r, &sp); err != nil {
			s.setAside(r, err)
			continue
		}
		key := sp.Push.Key()
		if id := sp.Push.AppID + "\n" + key; had[id] {
			continue
		} else {
			had[id] = true
		}
		f := &flight{received: sp.Received, stored: make(chan error, 1)}
		f.kept = model.Kept{Push: sp.Push, PushKey: key, At: s.when(&sp.Push, sp.Received), Answer: sp.Answer}
		batch = append(batch, f)
	}
	if err := s.store(ctx, batch); err != nil {
		if store.Gone(err) || errors.Is(err, model.ErrUnavailable) {
			return err
		}
		// One of them cannot be stored at all; the others must not wait for it.
		for _, f := range batch {
			err := s.store(ctx, []*flight{f})
			if err != nil && (store.Gone(err) || errors.Is(err, model.ErrUnavailable)) {
				return err
			}
			if err != nil {
				r, _ := json.Marshal(spooled{f.kept.Push, f.kept.Answer, f.received})
				s.setAside(r, err)
			}
		}
	}
	s.Drained.Add(int64(len(batch)))
	return nil
}

// setAside keeps a record that can never be stored for a person to look at.
func (s *Service) setAside(record []byte, why error) {
	s.Failed.Add(1)
	name := filepath.Join(s.dir, fmt.Sprintf("%d.aside", time.Now().UnixNano()))
	err := os.WriteFile(name, record, 0o600)
	slog.Error("push set aside", "file", filepath.Base(name), "err", why, "saved", err == nil)
}

// Waiting is how many pushes lie in the spool.
func (s *Service) Waiting() int64 { return s.spool.Waiting() }

// LastPush is when WeChat last reached us; zero: not since the start.
func (s *Service) LastPush() time.Time {
	if n := s.lastPush.Load(); n > 0 {
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

// kinds counts pushes by kind. WeChat may invent kinds at any time, so the map is bounded.
type kinds struct {
	mu sync.Mutex
	m  map[string]int64
}

func (k *kinds) count(p *model.Push) {
	kind := p.MsgType
	if p.Event != "" {
		kind = "event." + p.Event
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.m == nil {
		k.m = map[string]int64{}
	}
	if _, ok := k.m[kind]; !ok && len(k.m) >= 200 {
		kind = "other"
	}
	k.m[kind]++
}

// Kinds gives the pushes taken since the start by kind ("text", "event.subscribe").
func (s *Service) Kinds() map[string]int64 {
	s.kinds.mu.Lock()
	defer s.kinds.mu.Unlock()
	out := make(map[string]int64, len(s.kinds.m))
	for k, v := range s.kinds.m {
		out[k] = v
	}
	return out
}
