package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

const (
	queueJobs = 2048    // requests that may wait; the next is refused with 503
	maxRows   = 2000    // rows of one statement
	maxBytes  = 4 << 20 // and about its length
	waitMost  = 10 * time.Second
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 1<<16); return &b }}

// job is one request's rows on their way through the queue.
type job struct {
	rows  []row
	bytes int
	done  chan outcome // buffered: a caller that left does not hold the committer
}

type outcome struct {
	duplicate int
	err       error
}

// store puts rows through the queue and waits until they are durable. It gives the number of rows that
// were there already. ErrUnavailable: the queue is full, or the database cannot say yes now; sending
// again is safe.
func (s *Service) store(ctx context.Context, rows []row) (duplicate int, err error) {
	j := &job{rows: rows, done: make(chan outcome, 1)}
	for i := range rows {
		j.bytes += 200 + len(rows[i].props)
	}
	if s.stopped.Load() {
		return 0, busy()
	}
	select {
	case s.queue <- j:
	default:
		return 0, busy()
	}
	wait := time.NewTimer(waitMost)
	defer wait.Stop()
	select {
	case o := <-j.done:
		return o.duplicate, o.err
	case <-ctx.Done():
		return 0, fmt.Errorf("caller left: %w", model.ErrUnavailable)
	case <-wait.C:
		return 0, busy()
	}
}

func busy() error {
	return model.Refuse(model.ErrUnavailable, model.CodeUnavailable, "系统繁忙，请稍后再试")
}

// committer stores whatever waits, so a batch grows by itself while a commit is under way. After ctx ends
// it empties the queue and stops.
func (s *Service) committer(ctx context.Context) {
	jobs := make([]*job, 0, 256)
	var left *job // taken, but too big for the batch before
	for {
		first := left
		left = nil
		if first == nil {
			select {
			case first = <-s.queue:
			default:
				select {
				case first = <-s.queue:
				case <-ctx.Done():
					s.stopped.Store(true)
					select {
					case first = <-s.queue:
					default:
						return
					}
				}
			}
		}
		jobs = append(jobs[:0], first)
		n, size := len(first.rows), first.bytes
	more:
		for n < maxRows && size < maxBytes {
			select {
			case j := <-s.queue:
				if n+len(j.rows) > maxRows || size+j.bytes > maxBytes {
					left = j
					break more
				}
				jobs = append(jobs, j)
				n, size = n+len(j.rows), size+j.bytes
			default:
				break more
			}
		}
		s.commit(context.WithoutCancel(ctx), jobs)
	}
}

// commit stores the jobs' rows in one transaction and answers each job. A statement the database refuses
// is split until the request that spoils it stands alone.
func (s *Service) commit(ctx context.Context, jobs []*job) {
	var rows []row
	if len(jobs) == 1 {
		rows = jobs[0].rows
	} else {
		n := 0
		for _, j := range jobs {
			n += len(j.rows)
		}
		rows = make([]row, 0, n)
		for _, j := range jobs {
			rows = append(rows, j.rows...)
		}
	}
	var batch int64
	var accepted []bool
	limited, cancel := context.WithTimeout(ctx, waitMost)
	err := store.Tx(limited, s.db, func(tx *gorm.DB) (err error) {
		batch, accepted, err = s.insert(limited, tx, rows)
		return err
	})
	cancel()
	switch {
	case err == nil:
	case store.Gone(err) || errors.Is(err, model.ErrUnavailable):
		slog.Warn("events not stored: the database is away", "err", err)
		for _, j := range jobs {
			j.done <- outcome{err: busy()}
		}
		return
	case len(jobs) == 1:
		slog.Error("events refused by the database", "err", err)
		jobs[0].done <- outcome{err: err}
		return
	default:
		s.commit(ctx, jobs[:len(jobs)/2])
		s.commit(ctx, jobs[len(jobs)/2:])
		return
	}
	at := 0
	for _, j := range jobs {
		var o outcome
		if accepted != nil {
			for i := range j.rows {
				if !accepted[at+i] {
					o.duplicate++
				}
			}
		}
		at += len(j.rows)
		s.Duplicates.Add(int64(o.duplicate))
		s.intake.add(intakeDuplicate, int64(o.duplicate))
		s.Accepted.Add(int64(len(j.rows) - o.duplicate))
		j.done <- o
	}
	s.remember(batch, rows, accepted)
}
