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
)

func start(t *testing.T, s *job.Service) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("never: " + what)
}

func TestAddedTwiceRunsOnceOnTwoInstances(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		var ran atomic.Int64
		for range 2 {
			s := job.New(db)
			s.Poll = 20 * time.Millisecond
			s.Handle("notice.paid", func(context.Context, json.RawMessage) error { ran.Add(1); return nil })
			start(t, s)
		}
		adder := job.New(db)
		err := db.Transaction(func(tx *gorm.DB) error {
			for range 2 {
				if err := adder.Add(tx, "notice.paid", "C1", map[string]string{"no": "C1"}, time.Time{}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		until(t, "the job is done", func() bool {
			n, err := adder.Count(t.Context(), model.JobWaiting)
			return err == nil && n == 0 && ran.Load() == 1
		})
		time.Sleep(100 * time.Millisecond)
		if ran.Load() != 1 {
			t.Errorf("ran %d times", ran.Load())
		}
	})
}

func TestRolledBackLeavesNoJob(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := job.New(db)
		_ = db.Transaction(func(tx *gorm.DB) error {
			if err := s.Add(tx, "x", "1", nil, time.Time{}); err != nil {
				t.Fatal(err)
			}
			return errors.New("no")
		})
		if n, _ := s.Count(t.Context(), model.JobWaiting); n != 0 {
			t.Errorf("%d jobs left", n)
		}
	})
}

func TestFailingHealsAndHopelessDies(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := job.New(db)
		s.Poll = 20 * time.Millisecond
		var tries atomic.Int64
		s.Handle("heals", func(context.Context, json.RawMessage) error {
			if tries.Add(1) == 1 {
				return model.ErrUnavailable
			}
			return nil
		})
		s.Handle("hopeless", func(context.Context, json.RawMessage) error { panic("broken") })
		s.Handle("refused", func(context.Context, json.RawMessage) error {
			return model.Refuse(model.ErrInvalid, "invalid", "不行")
		})
		start(t, s)
		for _, k := range []string{"heals", "hopeless", "refused"} {
			if err := s.Add(db, k, "1", nil, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		until(t, "healed on the second try", func() bool { return tries.Load() == 2 })
		until(t, "refused is dead", func() bool { n, _ := s.Count(t.Context(), model.JobDead); return n == 1 })
		dead, err := s.List(t.Context(), model.JobDead, 0, 10)
		if err != nil || len(dead) != 1 || dead[0].Kind != "refused" {
			t.Fatalf("dead = %+v, %v", dead, err)
		}
		if err := s.Retry(db, dead[0].ID); err != nil {
			t.Error(err)
		}
		if err := s.Retry(db, 999); !errors.Is(err, model.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestTimetableRunsOnOneInstanceAtATime(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		var running, ran, both atomic.Int64
		for range 2 {
			s := job.New(db)
			s.Poll = 10 * time.Millisecond
			s.Every("closer", 50*time.Millisecond, func(context.Context) error {
				if running.Add(1) > 1 {
					both.Add(1)
				}
				time.Sleep(30 * time.Millisecond)
				running.Add(-1)
				ran.Add(1)
				return nil
			})
			start(t, s)
		}
		until(t, "three rounds", func() bool { return ran.Load() >= 3 })
		if both.Load() != 0 {
			t.Error("two instances ran one line at once")
		}
	})
}

// Many jobs that wait for a stranger leave room for the others, and each of them is still done.
func TestSlowKindLeavesRoom(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := job.New(db)
		s.Poll = 20 * time.Millisecond
		var now, most, done atomic.Int64
		held := make(chan struct{})
		s.HandleSlow("webhook.send", func(context.Context, json.RawMessage) error {
			most.Store(max(most.Load(), now.Add(1)))
			<-held
			now.Add(-1)
			done.Add(1)
			return nil
		})
		paid := make(chan struct{})
		s.Handle("notice.paid", func(context.Context, json.RawMessage) error { close(paid); return nil })
		start(t, s)
		err := db.Transaction(func(tx *gorm.DB) error {
			for _, key := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
				if err := s.Add(tx, "webhook.send", key, 1, time.Time{}); err != nil {
					return err
				}
			}
			return s.Add(tx, "notice.paid", "C1", 1, time.Time{})
		})
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-paid:
		case <-time.After(10 * time.Second):
			t.Fatal("a payment's job waits for webhooks")
		}
		close(held)
		until(t, "all are done", func() bool { return done.Load() == 10 })
		if most.Load() != 1 {
			t.Errorf("%d at a time", most.Load())
		}
	})
}
