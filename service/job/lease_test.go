package job_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/job"
	"loudou/service/store"
)

// long is a lease for those tests in which nobody but the test ends it.
const long = 3 * time.Second

func instance(db *gorm.DB, lease time.Duration) *job.Service {
	s := job.New(db)
	s.Poll, s.Lease = 20*time.Millisecond, lease
	return s
}

func expire(t *testing.T, db *gorm.DB, table string) {
	t.Helper()
	if n := db.Exec("UPDATE "+table+" SET lease_until = ? WHERE lease_until IS NOT NULL", time.Now().UTC().Add(-time.Hour)).RowsAffected; n != 1 {
		t.Errorf("%d leases in %s", n, table)
	}
}

// A job and a line that take longer than their leases are nobody else's meanwhile.
func TestSlowKeepsItsLease(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		t.Parallel() // most of it is waiting
		var jobs, lines, done atomic.Int64
		slow := func(n *atomic.Int64) {
			n.Add(1)
			time.Sleep(12 * time.Second)
			done.Add(1)
		}
		for range 2 {
			s := job.New(db) // with the real lease: the machine may be slow
			s.Poll = 20 * time.Millisecond
			s.Handle("sync", func(context.Context, json.RawMessage) error { slow(&jobs); return nil })
			s.Every("closer", time.Millisecond, func(context.Context) error {
				if lines.Load() == 0 {
					slow(&lines)
				}
				return nil
			})
			start(t, s)
		}
		if err := instance(db, long).Add(db, "sync", "1", nil, time.Time{}); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(60 * time.Second); done.Load() < 2 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		}
		if jobs.Load() != 1 || lines.Load() != 1 || done.Load() != 2 {
			t.Errorf("the job ran %d times, the line %d times, %d ended", jobs.Load(), lines.Load(), done.Load())
		}
	})
}

// Who stood still until another took the job up hears so, and what it then says of the job is not heard.
func TestTakenUpIsFenced(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		t.Parallel() // most of it is waiting
		first, second := make(chan context.Context, 1), make(chan context.Context, 1)
		said, end := make(chan struct{}), make(chan struct{})
		a := instance(db, long)
		a.Handle("send", func(ctx context.Context, _ json.RawMessage) error {
			first <- ctx
			<-ctx.Done()
			<-said
			return model.Refuse(model.ErrInvalid, "invalid", "不行") // alone it would make the job dead
		})
		start(t, a)
		if err := a.Add(db, "send", "1", nil, time.Time{}); err != nil {
			t.Fatal(err)
		}
		ctx := <-first
		b := instance(db, long)
		b.Handle("send", func(ctx context.Context, _ json.RawMessage) error {
			second <- ctx
			<-end
			return ctx.Err()
		})
		start(t, b)
		// a may renew between two looks of b: then once more.
		var other context.Context
		for other == nil {
			db.Exec("UPDATE jobs SET lease_until = ?", time.Now().UTC().Add(-time.Hour))
			select {
			case other = <-second:
			case <-time.After(100 * time.Millisecond):
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(3 * long):
			t.Error("the first goes on")
		}
		close(said)
		time.Sleep(long / 4)
		jobs, err := b.List(t.Context(), "", 0, 10)
		if err != nil || len(jobs) != 1 || jobs[0].State != model.JobRunning || jobs[0].LastError != "" {
			t.Errorf("the first spoke over the second: %+v %v", jobs, err)
		}
		if other.Err() != nil {
			t.Error("the second was stopped too")
		}
		close(end)
		until(t, "done by the second", func() bool {
			all, err := b.List(t.Context(), "", 0, 10)
			return err == nil && len(all) == 0
		})
	})
}

// An instance that stood still goes on with what nobody took up, and does not take it up beside itself.
func TestStoodStillAlone(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		t.Parallel() // most of it is waiting
		var jobs, lines atomic.Int64
		end := make(chan struct{})
		s := instance(db, long)
		s.Handle("send", func(ctx context.Context, _ json.RawMessage) error { jobs.Add(1); <-end; return ctx.Err() })
		s.Every("closer", time.Millisecond, func(context.Context) error { lines.Add(1); <-end; return nil })
		start(t, s)
		if err := s.Add(db, "send", "1", nil, time.Time{}); err != nil {
			t.Fatal(err)
		}
		until(t, "both run", func() bool { return jobs.Load() == 1 && lines.Load() == 1 })
		expire(t, db, "jobs")
		expire(t, db, "timetable")
		until(t, "both are renewed", func() bool {
			var n, m int64
			now := time.Now().UTC()
			db.Raw("SELECT COUNT(*) FROM jobs WHERE lease_until > ?", now).Scan(&n)
			db.Raw("SELECT COUNT(*) FROM timetable WHERE lease_until > ?", now).Scan(&m)
			return n == 1 && m == 1
		})
		if jobs.Load() != 1 || lines.Load() != 1 {
			t.Errorf("the job ran %d times, the line %d times", jobs.Load(), lines.Load())
		}
		close(end)
		until(t, "done", func() bool { all, err := s.List(t.Context(), "", 0, 10); return err == nil && len(all) == 0 })
	})
}

// Whose road to the database is cut gives a job up before another instance may have it. An SQLite file has no road.
func TestCutOffGivesUpInTime(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		t.Parallel() // most of it is waiting
		const cut = "loudou:cut"
		var off atomic.Bool
		if err := db.Callback().Update().Before("gorm:update").Register(cut, func(tx *gorm.DB) {
			if _, a := tx.Get(cut); a && off.Load() {
				_ = tx.AddError(errors.New("cut"))
			}
		}); err != nil {
			t.Fatal(err)
		}
		var running atomic.Int64
		var ended atomic.Bool
		began, over := make(chan struct{}, 8), make(chan struct{})
		a := instance(db.Set(cut, true).Session(&gorm.Session{}), long)
		a.Handle("send", func(ctx context.Context, _ json.RawMessage) error {
			running.Add(1)
			defer running.Add(-1)
			began <- struct{}{}
			select {
			case <-ctx.Done():
				ended.Store(true)
				return ctx.Err()
			case <-over:
				return nil
			}
		})
		start(t, a)
		if err := a.Add(db, "send", "1", nil, time.Time{}); err != nil {
			t.Fatal(err)
		}
		<-began
		off.Store(true)
		if !store.IsMySQL(db) {
			time.Sleep(long)
			if ended.Load() {
				t.Error("given up for a file that others write")
			}
			close(over)
			return
		}
		took := make(chan int64, 8)
		b := instance(db, long)
		b.Handle("send", func(context.Context, json.RawMessage) error { took <- running.Load(); return nil })
		start(t, b)
		select {
		case n := <-took:
			if n != 0 {
				t.Error("both ran at once")
			}
		case <-time.After(4 * long):
			t.Error("nobody took it up")
		}
	})
}
