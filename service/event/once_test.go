package event

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

// agree fails unless the roll-ups say what the rows say and every batch is counted.
func agree(t *testing.T, s *Service, db *gorm.DB) {
	t.Helper()
	if n := count(t, db, "SELECT COUNT(*) FROM event_batches WHERE counted = 0"); n != 0 {
		t.Errorf("%d batches not counted", n)
	}
	var found []Difference
	if err := s.Reconcile(t.Context(), []int{20260302}, false, func(d Difference) { found = append(found, d) }); err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		t.Errorf("%d differences, the first: %+v", len(found), found[0])
	}
	rows, sums := count(t, db, "SELECT COUNT(*) FROM events"), count(t, db, "SELECT COALESCE(SUM(n),0) FROM event_daily WHERE kind = 0")
	if rows != sums {
		t.Errorf("%d rows, %d counted", rows, sums)
	}
}

// Killed between the commit and the fold: another instance counts the batch, once, although the first
// lives again and still has it in memory.
func TestKilledBeforeTheFold(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		rdb := openRedis(t)
		dead := New(db, rdb, Options{Now: func() time.Time { return noon }, Courses: upTo(30)})
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { dead.committer(ctx) }) // it commits, and never folds
		for range 5 {
			if got := take(t, dead, body(fields{"course_id": 1}, fields{"course_id": 2})); got != "2 0" {
				t.Fatal(got)
			}
		}
		cancel()
		wg.Wait()
		if n := count(t, db, "SELECT COUNT(*) FROM event_daily"); n != 0 {
			t.Fatalf("%d roll-ups before any fold", n)
		}
		heir := open(t, db, rdb, Options{})
		until(t, "the heir counted them", func() bool { return count(t, db, "SELECT COUNT(*) FROM event_batches WHERE counted = 0") == 0 })
		if err := dead.foldWaiting(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "SELECT n FROM event_daily WHERE kind = 2 AND ref = '1'"); n != 5 {
			t.Errorf("course 1 counted %d times, want 5", n)
		}
		agree(t, heir, db)
	})
}

// Several instances take in, some stop at any moment, everything is sent again, and facts are added beside.
func TestManyInstancesCountOnce(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		rdb := openRedis(t)
		var sent sync.Map
		var acked atomic.Int64
		var wg sync.WaitGroup
		for i := range 3 {
			s := New(db, rdb, Options{Now: func() time.Time { return noon }, Articles: upTo(30), Courses: upTo(30)})
			ctx, cancel := context.WithCancel(context.Background())
			wg.Go(func() { s.Run(ctx) })
			var callers sync.WaitGroup
			for k := range 4 {
				callers.Go(func() {
					var last []byte
					for n := range 15 {
						b := last
						if n%5 != 4 || b == nil {
							var list []fields
							for range 1 + n%7 {
								list = append(list, fields{"course_id": 1 + n%30, "article_id": 1 + k, "id": uuid.NewString()})
							}
							b = body(list...)
						}
						r, err := s.Take(context.Background(), Sender{"mini", int64(k + 1)}, b)
						if err != nil {
							if !errors.Is(err, model.ErrUnavailable) {
								t.Error(err)
							}
							continue
						}
						last = b
						acked.Add(int64(r.Accepted))
						sent.Store(string(b), true)
						if n%4 == 0 {
							e := model.Event{Key: fmt.Sprintf("fact:%d:%d", k, n), AppID: "mini", Type: model.EventMessage, PersonID: 1, OccurredAt: noon}
							if err := db.Transaction(func(tx *gorm.DB) error { return s.Add(tx, e) }); err != nil && !strings.Contains(err.Error(), "locked") && !strings.Contains(err.Error(), "Deadlock") {
								t.Error(err)
							}
						}
					}
				})
			}
			if i == 1 { // this one stops in the middle
				time.AfterFunc(20*time.Millisecond, cancel)
			} else {
				go func() { callers.Wait(); cancel() }()
			}
			t.Cleanup(cancel)
			wg.Go(callers.Wait)
		}
		wg.Wait()
		last := New(db, rdb, Options{Now: func() time.Time { return noon }})
		if err := last.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows := count(t, db, "SELECT COUNT(*) FROM events WHERE type = 3"); rows != acked.Load() {
			t.Errorf("%d rows, %d acknowledged as new", rows, acked.Load())
		}
		agree(t, last, db)
	})
}

// A request the database refuses does not fail its neighbours.
func TestOneBadRequestAlone(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := New(db, openRedis(t), Options{Now: func() time.Time { return noon }})
		good := func() *job {
			return &job{rows: []row{{uid: uuid.New(), appid: "mini", kind: 3, day: 20260302}}, done: make(chan outcome, 1)}
		}
		bad := good()
		bad.rows[0].appid = strings.Repeat("x", 100)
		jobs := []*job{good(), good(), bad, good()}
		s.commit(t.Context(), jobs)
		for i, j := range jobs {
			o := <-j.done
			if (o.err != nil) != (i == 2 && s.mysql) { // SQLite does not look at lengths
				t.Errorf("job %d: %v", i, o.err)
			}
		}
		if err := s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		agree(t, s, db)
	})
}

func TestFullQueueIsRefused(t *testing.T) {
	s := New(modeltest.SQLite(t), openRedis(t), Options{Now: func() time.Time { return noon }, Courses: upTo(1)}) // nobody commits
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range queueJobs {
		wg.Go(func() { _, _ = s.Take(ctx, Sender{"mini", 1}, body(fields{})) })
	}
	until(t, "the queue is full", func() bool { return len(s.queue) == queueJobs })
	start := time.Now()
	if _, err := s.Take(ctx, Sender{"mini", 1}, body(fields{})); !errors.Is(err, model.ErrUnavailable) || time.Since(start) > time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	cancel()
	wg.Wait()
}

func TestOnePersonMayNotTakeAll(t *testing.T) {
	s := open(t, modeltest.SQLite(t), openRedis(t), Options{PerPerson: 5})
	refused := 0
	for range 5 {
		var list []fields
		for range 25 {
			list = append(list, fields{})
		}
		if _, err := s.Take(t.Context(), Sender{"mini", 1}, body(list...)); errors.Is(err, model.ErrUnavailable) {
			refused++
		}
	}
	if refused != 3 {
		t.Errorf("%d refused of 5", refused)
	}
	if _, err := s.Take(t.Context(), Sender{"mini", 2}, body(fields{})); err != nil {
		t.Errorf("another person: %v", err)
	}
}

// What somebody altered is found, mended, and told with both values; a second run finds nothing.
func TestReconcileMends(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		rdb := openRedis(t)
		s := New(db, rdb, Options{Now: func() time.Time { return noon }, Articles: upTo(30), Courses: upTo(30)}) // the feeder would heal Redis before it is looked at
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { s.committer(ctx) })
		t.Cleanup(func() { cancel(); wg.Wait() })
		take(t, s, body(fields{"course_id": 1}, fields{"course_id": 1, "seconds": 9}, fields{"course_id": 2, "article_id": 3}, fields{"course_id": 2, "scene": 1030}))
		if err := s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		redisSays := func(ref string) int64 {
			live, err := s.Live(t.Context(), KindCourse, ref)
			if err != nil {
				t.Fatal(err)
			}
			return live[model.EventCourseView]
		}
		if err := s.FeedAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		db.Exec("UPDATE event_daily SET n = 7 WHERE kind = 2 AND ref = '1'")
		db.Exec("DELETE FROM event_daily WHERE kind = 1 AND ref = '3'")
		db.Exec("UPDATE event_daily SET seconds = 1 WHERE kind = 0")
		db.Exec("INSERT INTO event_daily (day, kind, ref, type, n, seconds, amount, version) VALUES (20260302, 2, '9', 3, 4, 0, 0, 1)")
		db.Exec("UPDATE event_daily SET n = 3 WHERE kind = 5")
		rdb.HSet(t.Context(), hash{20260302, KindCourse, "2"}.key(), "course_view", "1 99", "paid", "1 5")
		var got []string
		run := func() int {
			got = nil
			if err := s.Reconcile(t.Context(), []int{20260302}, false, func(d Difference) {
				got = append(got, fmt.Sprintf("%s %d:%s %s %d→%d", d.Where, d.Kind, d.Ref, d.Type, d.Was, d.Is))
			}); err != nil {
				t.Fatal(err)
			}
			return len(got)
		}
		if n := run(); n != 7 {
			t.Errorf("%d found: %v", n, got)
		}
		if n := run(); n != 0 {
			t.Errorf("again %d found: %v", n, got)
		}
		agreeOnly := count(t, db, "SELECT n FROM event_daily WHERE kind = 2 AND ref = '1'")
		if agreeOnly != 2 || redisSays("2") != 1 || redisSays("1") != 2 {
			t.Errorf("course 1: %d, redis %d %d", agreeOnly, redisSays("1"), redisSays("2"))
		}
		// Emptied, Redis is right again by itself.
		wg.Go(func() { s.feeder(ctx) })
		rdb.FlushAll(t.Context())
		until(t, "Redis is fed again", func() bool {
			v, err := rdb.HGet(t.Context(), hash{20260302, KindCourse, "1"}.key(), "course_view").Result()
			return err == nil && strings.HasSuffix(v, " 2")
		})
	})
}

// Without Redis everything is taken in and counted, and live figures come from the roll-ups.
func TestWithoutRedis(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		away := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true})
		t.Cleanup(func() { _ = away.Close() })
		s := open(t, db, away, Options{})
		start := time.Now()
		if got := take(t, s, body(fields{"course_id": 1})); got != "1 0" || time.Since(start) > 2*time.Second {
			t.Fatal(got, time.Since(start))
		}
		until(t, "the roll-ups show it", func() bool {
			live, err := s.Live(t.Context(), KindCourse, "1")
			return err == nil && live[model.EventCourseView] == 1
		})
	})
}

// Erasing blanks what events say beyond numbers; nothing countable changes. Old batch rows go, the newest stays.
func TestEraseAndSweep(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open(t, db, openRedis(t), Options{})
		take(t, s, body(fields{"course_id": 1, "props": fields{"q": "name"}}))
		if err := db.Transaction(func(tx *gorm.DB) error { return s.Erase(tx, 7) }); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "SELECT COUNT(*) FROM events WHERE props IS NULL AND course_id = 1"); n != 1 {
			t.Errorf("%d blanked", n)
		}
		if err := s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Exec("INSERT INTO event_batches (id, instance, counted) VALUES (70000, 'x', 1)").Error; err != nil {
			t.Fatal(err)
		}
		if err := s.Nightly(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "SELECT MIN(id) FROM event_batches"); n != 70000 {
			t.Errorf("oldest batch is %d", n)
		}
		agree(t, s, db)
	})
}
