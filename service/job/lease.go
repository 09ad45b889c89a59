package job

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"loudou/service/store"
)

const leaseFor = 8 * time.Second

var (
	errTaken = errors.New("another instance has taken it up")
	errLate  = errors.New("the lease could not be renewed")
	errSlow  = fmt.Errorf("not done within %v: %w", runFor, context.DeadlineExceeded)
)

// holding is what an instance renews the lease of, with the fence it has there. Those it does not take up itself when
// they are late: after the process stood still they go on, unless another instance was faster.
type holding struct {
	mu    sync.Mutex
	fence map[string]int64
}

func jobKey(id int64) string { return fmt.Sprintf("job %d", id) }

func (h *holding) has(key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fence[key] > 0
}

func (h *holding) set(key string, fence int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fence == nil {
		h.fence = map[string]int64{}
	}
	h.fence[key] = fence
}

// unset does nothing when the key is held under another fence by now.
func (h *holding) unset(key string, fence int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fence[key] == fence {
		delete(h.fence, key)
	}
}

// hold renews the lease just taken of key until letGo is called, for runFor at most. renew tells whether the row still
// bears our fence. run ends when the time is over or the lease is lost. letGo returns when the last renewal is over, and
// gives err, if there is one, with the reason why run ended before: errTaken when another instance has the row.
func (s *Service) hold(ctx context.Context, key string, fence int64, renew func(ctx context.Context, until time.Time) (bool, error)) (run context.Context, letGo func(err error) error) {
	run, lose := context.WithCancelCause(context.WithoutCancel(ctx))
	run, cancel := context.WithTimeoutCause(run, runFor, errSlow)
	over := make(chan struct{})
	go func() {
		defer close(over)
		last, every := time.Now(), s.Lease/4
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-run.Done():
				if errors.Is(context.Cause(run), errSlow) { // who does not hear that must not keep others from trying
					s.held.unset(key, fence)
				}
				return
			case <-tick.C:
			}
			begun := time.Now()
			within, end := context.WithTimeout(run, every)
			ours, err := renew(within, s.clock.Now().Add(s.Lease))
			end()
			switch {
			case run.Err() != nil: // the next round sees it
			case err == nil && !ours:
				lose(errTaken)
				s.held.unset(key, fence)
				return
			case err == nil:
				last = begun
			case store.IsMySQL(s.db) && time.Since(last) > s.Lease*2/3:
				// Others may reach the database that we do not. Nobody else writes an SQLite file that we wait for.
				lose(fmt.Errorf("%w: %w", errLate, err))
				return
			}
		}
	}()
	return run, func(err error) error {
		why := context.Cause(run)
		cancel()
		<-over
		lose(nil)
		if err != nil && why != nil && !errors.Is(err, why) {
			return fmt.Errorf("%w: %w", why, err)
		}
		return err
	}
}
