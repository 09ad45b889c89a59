package event

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

// What is sent again, with a wrong clock or from the future is noted once for each time it was sent, and no figure
// knows of it.
func TestIntake(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open(t, db, openRedis(t), Options{})
		at := func(d time.Duration) string { return noon.Add(d).Format(time.RFC3339) }
		again := body(fields{"occurred_at": at(-time.Minute)})
		for range 3 {
			take(t, s, again)
		}
		fast := fields{"occurred_at": at(48*time.Hour - time.Minute)}
		ahead := body(fast, fields{"occurred_at": at(48*time.Hour - time.Hour)})
		take(t, s, bytes.Replace(ahead, []byte(`"sent_at":"`+at(0)), []byte(`"sent_at":"`+at(48*time.Hour)), 1))
		take(t, s, body(fields{"occurred_at": at(time.Hour)}))
		today := model.DayNumber(noon)
		until(t, "it is written down", func() bool {
			got, err := s.Intake(context.Background(), today, today)
			return err == nil && got["duplicate"] == 2 && got["clock"] == 2 && got["future"] == 1
		})
		h, err := s.Health(t.Context())
		if err != nil || h.ReceivedAt == nil || !h.ReceivedAt.Equal(noon) || h.Counters == CountersAway {
			t.Errorf("%+v %v", h, err)
		}
		if n, err := s.Types(t.Context(), today, today); err != nil || n[model.EventCourseView] != 4 || n[model.EventPaid] != 0 {
			t.Errorf("%v %v", n, err)
		}
	})
}

// A batch nobody counted is said to wait, and since when.
func TestWhatWaits(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		rdb := openRedis(t)
		s := New(db, rdb, Options{Now: func() time.Time { return noon }})
		if err := s.Add(db, model.Event{Key: "scan:1", AppID: "wx", Type: model.EventScan, OccurredAt: noon.Add(-time.Hour)}); err != nil {
			t.Fatal(err)
		}
		h, err := s.Health(t.Context())
		if err != nil || h.Waiting != 1 || h.WaitingSince == nil || !h.WaitingSince.Equal(noon) {
			t.Errorf("before: %+v %v", h, err)
		}
		if err := s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if h, err = s.Health(t.Context()); err != nil || h.Waiting != 0 || h.WaitingSince != nil || h.Counters != CountersBehind || h.Behind != 1 {
			t.Errorf("counted, Redis not told: %+v %v", h, err)
		}
		if err := s.FeedAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if h, err = s.Health(t.Context()); err != nil || h.Counters != CountersFed || h.Behind != 0 {
			t.Errorf("told: %+v %v", h, err)
		}
	})
}

// A roll-up and a counter altered by hand are found, mended and kept with both values; old checks are forgotten.
func TestChecksAreKept(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		rdb := openRedis(t)
		now := noon
		s := New(db, rdb, Options{Now: func() time.Time { return now }})
		if err := s.Add(db, model.Event{Key: "scan:1", AppID: "wx", Type: model.EventScan, OccurredAt: noon}); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{s.Settle(t.Context()), s.FeedAll(t.Context()), s.Nightly(t.Context())} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Exec("UPDATE event_daily SET n = 7 WHERE kind = 0").Error; err != nil {
			t.Fatal(err)
		}
		if err := s.Nightly(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := s.Checks(t.Context(), 10)
		if err != nil || len(list) != 2 || list[1].Found != 0 || list[0].Found != 1 || !list[0].RedisAsked || len(list[0].Differences) != 1 {
			t.Fatalf("%+v %v", list, err)
		}
		if d := list[0].Differences[0]; d.Where != "roll-up" || d.Was != 7 || d.Is != 1 || d.Type != model.EventScan || d.Day != model.DayNumber(noon) {
			t.Errorf("%+v", d)
		}
		if err := rdb.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Nightly(t.Context()); err != nil {
			t.Fatal(err)
		}
		if list, err = s.Checks(t.Context(), 1); err != nil || list[0].RedisAsked {
			t.Errorf("without Redis: %+v %v", list, err)
		}
		now = noon.Add(keepChecks + time.Hour)
		if err := s.Nightly(t.Context()); err != nil {
			t.Fatal(err)
		}
		if list, err = s.Checks(t.Context(), 10); err != nil || len(list) != 1 {
			t.Errorf("later: %+v %v", list, err)
		}
		if n := count(t, db, "SELECT COUNT(*) FROM event_differences"); n != 0 {
			t.Errorf("%d differences left of checks that are gone", n)
		}
	})
}

// A rush on hundreds of things made a moment ago: more look-ups than are rationed, and none of them refused; among them made-up
// ones, all refused, and few questions asked.
func TestARushOnNewThings(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		articles := upTo(1)
		s := open(t, db, openRedis(t), Options{Articles: articles, Courses: upTo(1)})
		for !s.catalogues[0].has(1) { // the first poll
			time.Sleep(time.Millisecond)
		}
		for i := range 400 {
			articles.add(int64(i + 2))
		}
		var wg sync.WaitGroup
		var taken, refused atomic.Int64
		for i := range 400 {
			wg.Go(func() {
				r, err := s.Take(t.Context(), Sender{"mini", int64(i + 1)}, body(fields{"article_id": i + 2}, fields{"article_id": 5000 + i}))
				if err != nil {
					t.Error(err)
					return
				}
				taken.Add(int64(r.Accepted))
				refused.Add(int64(len(r.Rejected)))
			})
		}
		wg.Wait()
		if taken.Load() != 400 || refused.Load() != 400 {
			t.Errorf("%d taken and %d refused of 400 honest and 400 made-up events", taken.Load(), refused.Load())
		}
		if articles.ask > 120 {
			t.Errorf("%d look-ups", articles.ask)
		}
	})
}
