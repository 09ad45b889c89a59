// Package job does work after a commit, and by the timetable: it owns the jobs and timetable tables.
//
// A job is inserted in the transaction that made it needful, so a kill between the commit and the work
// loses nothing: any instance takes the row up. A running job holds a lease of eight seconds, judged by the
// database's clock, and a fencing number. Its instance renews the lease every two seconds for as long as the job runs,
// 55 seconds at most, so a slow job keeps it and a killed one is taken up within eight seconds: a welcome's next message
// may be sent for one minute only. Whoever takes a job up counts the fence on, and from then on the one before can
// neither renew nor say how it ended; it hears so at its next renewal, and its context ends. That happens to a process
// that stood still for eight seconds, so a job must be safe to run twice. Whoever cannot reach the database gives
// its jobs up two seconds before another instance may have them. The lines of the timetable are held the same way.
// A failed job waits (back-off, doubling from one second to fifteen minutes); after
// 20 tries, or at once when its error can never heal (ErrInvalid, ErrNotFound, ErrForbidden), it is dead
// and stands in the console until a person decides.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

const (
	maxAttempts = 20
	runFor      = 55 * time.Second // how long a job may take
	workers     = 4
)

// Service keeps and runs jobs. Handle and Every are called before Run.
type Service struct {
	db       *gorm.DB
	clock    *store.Clock // leases of several instances are judged by one clock only
	handlers map[string]func(context.Context, json.RawMessage) error
	table    []entry
	wake     chan struct{}
	slow     map[string]*atomic.Bool // kinds of which one runs at a time here: whether one does
	held     holding                 // what this instance renews the lease of
	// Poll is how long an idle instance waits before it looks again; a job added here wakes it at once.
	Poll time.Duration
	// Lease is how long what was claimed belongs to this instance unless renewed, which it is four times as often.
	// All instances are to have the same.
	Lease time.Duration
}

type entry struct {
	name  string
	every time.Duration
	fn    func(context.Context) error
}

// New makes the service on db.
func New(db *gorm.DB) *Service {
	return &Service{db: db, clock: store.NewClock(db), handlers: map[string]func(context.Context, json.RawMessage) error{}, slow: map[string]*atomic.Bool{}, wake: make(chan struct{}, 1), Poll: time.Second, Lease: leaseFor}
}

// Handle names the function that does jobs of a kind. fn may be run twice for one job.
func (s *Service) Handle(kind string, fn func(ctx context.Context, payload json.RawMessage) error) {
	s.handlers[kind] = fn
}

// HandleSlow is Handle for a kind that waits for strangers: one job of it runs at a time on an instance, so that
// many of them leave the workers to the others.
func (s *Service) HandleSlow(kind string, fn func(ctx context.Context, payload json.RawMessage) error) {
	s.slow[kind] = &atomic.Bool{}
	s.handlers[kind] = fn
}

// full lists the slow kinds of which one runs.
func (s *Service) full() []string {
	var out []string
	for kind, busy := range s.slow {
		if busy.Load() {
			out = append(out, kind)
		}
	}
	return out
}

// leave tells that a job is over; what waited for its place is looked for at once.
func (s *Service) leave(kind string) {
	if busy := s.slow[kind]; busy != nil {
		busy.Store(false)
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// Every puts fn on the timetable: about every d, on one instance at a time. fn may be run twice.
func (s *Service) Every(name string, d time.Duration, fn func(context.Context) error) {
	s.table = append(s.table, entry{name, d, fn})
}

// Add joins the caller's transaction and inserts a job to run at runAt (zero: at once). While a job of
// the same kind and key is not done, adding it again does nothing. payload becomes JSON.
func (s *Service) Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error {
	b, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("job %s %s: %w", kind, key, err)
	}
	now := s.clock.Now()
	if runAt.IsZero() || runAt.Before(now) {
		runAt = now
	}
	insert := "INSERT INTO jobs (kind, job_key, payload, state, run_at, attempts, fence, last_error, created_at, updated_at) VALUES (?, ?, ?, ?, ?, 0, 0, '', ?, ?) "
	if store.IsMySQL(tx) {
		insert += "ON DUPLICATE KEY UPDATE id = id"
	} else {
		insert += "ON CONFLICT (kind, job_key) DO NOTHING"
	}
	if err := tx.Exec(insert, kind, key, string(b), model.JobWaiting, model.Milli(runAt), now, now).Error; err != nil {
		return fmt.Errorf("job %s %s: %w", kind, key, err)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// Run works until ctx ends, then waits for the jobs in hand.
func (s *Service) Run(ctx context.Context) {
	var wg sync.WaitGroup
	sem := make(chan struct{}, workers)
	for ctx.Err() == nil {
		worked, err := s.round(ctx, sem, &wg)
		if err != nil && ctx.Err() == nil {
			slog.Warn("jobs wait for the database", "err", err)
		}
		if worked && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
			// The transaction that added the job may not have committed yet.
			sleep(ctx, 20*time.Millisecond)
		case <-time.After(s.Poll):
		}
	}
	wg.Wait()
}

// round takes one due job and one due line of the timetable, and says whether there was any.
func (s *Service) round(ctx context.Context, sem chan struct{}, wg *sync.WaitGroup) (bool, error) {
	select {
	case sem <- struct{}{}:
	case <-ctx.Done():
		return false, nil
	}
	j, err := s.take(ctx)
	if err != nil || j == nil {
		<-sem
	} else {
		if busy := s.slow[j.Kind]; busy != nil {
			busy.Store(true) // claims are made by this loop alone
		}
		wg.Go(func() { defer func() { <-sem; s.leave(j.Kind) }(); s.do(ctx, *j) })
	}
	if err != nil {
		return false, err
	}
	ran, err := s.timetable(ctx, sem, wg)
	return j != nil || ran, err
}

// take claims the oldest due job by one conditional update, its row count looked at.
func (s *Service) take(ctx context.Context) (*model.Job, error) {
	db := s.db.WithContext(ctx)
	now := s.clock.Now()
	var due []model.Job
	q := db.Where("((state = ? AND run_at <= ?) OR (state = ? AND lease_until < ?))", model.JobWaiting, now, model.JobRunning, now)
	if full := s.full(); len(full) > 0 {
		q = q.Where("kind NOT IN ?", full)
	}
	if err := q.Order("run_at, id").Limit(8).Find(&due).Error; err != nil {
		return nil, fmt.Errorf("look for jobs: %w", err)
	}
	for i := range due {
		j := &due[i]
		if s.handlers[j.Kind] == nil { // another version of the program knows it
			continue
		}
		if s.held.has(jobKey(j.ID)) { // ours, and late with its renewal: the process stood still
			continue
		}
		until := now.Add(s.Lease)
		res := db.Model(&model.Job{}).Where("id = ? AND fence = ? AND state = ?", j.ID, j.Fence, j.State).
			Updates(map[string]any{"state": model.JobRunning, "fence": j.Fence + 1, "attempts": j.Attempts + 1, "lease_until": until, "updated_at": now})
		if res.Error != nil {
			return nil, fmt.Errorf("claim job %d: %w", j.ID, res.Error)
		}
		if res.RowsAffected == 1 {
			j.Fence, j.Attempts = j.Fence+1, j.Attempts+1
			s.held.set(jobKey(j.ID), j.Fence)
			return j, nil
		}
	}
	return nil, nil
}

func (s *Service) do(ctx context.Context, j model.Job) {
	start := time.Now()
	defer s.held.unset(jobKey(j.ID), j.Fence)
	run, letGo := s.hold(ctx, jobKey(j.ID), j.Fence, func(ctx context.Context, until time.Time) (bool, error) {
		res := s.db.WithContext(ctx).Model(&model.Job{}).Where("id = ? AND fence = ? AND state = ?", j.ID, j.Fence, model.JobRunning).
			Update("lease_until", until)
		return res.RowsAffected == 1, res.Error
	})
	err := letGo(guarded(run, s.handlers[j.Kind], json.RawMessage(j.Payload)))
	ended, fail := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer fail()
	log := slog.With("job", j.ID, "kind", j.Kind, "attempt", j.Attempts, "ms", time.Since(start).Milliseconds())
	own := s.db.WithContext(ended).Where("id = ? AND fence = ?", j.ID, j.Fence)
	if err == nil {
		if e := own.Delete(&model.Job{}).Error; e != nil {
			log.Warn("job done, row kept: it will run again", "err", e)
			return
		}
		log.Info("job")
		return
	}
	if errors.Is(err, errTaken) {
		log.Warn("job lost", "err", err)
		return
	}
	now := s.clock.Now()
	state, at := model.JobWaiting, now.Add(backoff(j.Attempts))
	if j.Attempts >= maxAttempts || errors.Is(err, model.ErrInvalid) || errors.Is(err, model.ErrNotFound) || errors.Is(err, model.ErrForbidden) {
		state = model.JobDead
	}
	e := own.Model(&model.Job{}).Updates(map[string]any{"state": state, "run_at": at, "lease_until": nil, "last_error": model.Cut(err.Error(), 500), "updated_at": now}).Error
	log.Warn("job failed", "err", err, "state", state, "saved", e == nil)
}

func guarded(ctx context.Context, fn func(context.Context, json.RawMessage) error, p json.RawMessage) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return fn(ctx, p)
}

func backoff(attempt int) time.Duration {
	d := min(time.Second<<min(attempt-1, 12), 15*time.Minute)
	return d + rand.N(d/4+1) //nolint:gosec // jitter
}

// List gives jobs in a state (empty: all), newest first, for the console.
func (s *Service) List(ctx context.Context, state model.JobState, afterID int64, limit int) ([]model.Job, error) {
	q := s.db.WithContext(ctx).Order("id DESC").Limit(limit)
	if state != "" {
		q = q.Where("state = ?", state)
	}
	if afterID > 0 {
		q = q.Where("id < ?", afterID)
	}
	out := []model.Job{}
	if err := q.Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return out, nil
}

// Count gives the number of jobs in a state.
func (s *Service) Count(ctx context.Context, state model.JobState) (int64, error) {
	var n int64
	err := s.db.WithContext(ctx).Model(&model.Job{}).Where("state = ?", state).Count(&n).Error
	return n, err
}

// Dead tells whether the job of this key is dead: who waits for it waits in vain.
func (s *Service) Dead(tx *gorm.DB, kind, key string) (bool, error) {
	var n int64
	if err := tx.Model(&model.Job{}).Where("kind = ? AND job_key = ? AND state = ?", kind, key, model.JobDead).Count(&n).Error; err != nil {
		return false, fmt.Errorf("job %s %s: %w", kind, key, err)
	}
	return n > 0, nil
}

// Retry lets a dead job run again from its first attempt. ErrNotFound if it is not dead.
func (s *Service) Retry(tx *gorm.DB, id int64) error {
	now := s.clock.Now()
	res := tx.Model(&model.Job{}).Where("id = ? AND state = ?", id, model.JobDead).
		Updates(map[string]any{"state": model.JobWaiting, "attempts": 0, "run_at": now, "lease_until": nil, "updated_at": now})
	if res.Error != nil {
		return fmt.Errorf("retry job %d: %w", id, res.Error)
	}
	if res.RowsAffected == 0 {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个失败的任务")
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
