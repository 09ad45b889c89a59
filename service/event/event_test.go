package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/store"
)

// numbers is a catalogue of a test.
type numbers struct {
	mu  sync.Mutex
	ids map[int64]bool
	ask int
}

func upTo(n int64) *numbers {
	c := &numbers{ids: map[int64]bool{}}
	for i := range n {
		c.ids[i+1] = true
	}
	return c
}

func (c *numbers) IDs(context.Context) (out []int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.ids {
		out = append(out, id)
	}
	return out, nil
}

func (c *numbers) Among(_ context.Context, ids []int64) (out []int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ask++
	for _, id := range ids {
		if c.ids[id] {
			out = append(out, id)
		}
	}
	return out, nil
}

func (c *numbers) add(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids[id] = true
}

func openRedis(t testing.TB) redis.UniversalClient {
	t.Helper()
	r, err := store.OpenRedis("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

var noon = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)

// open makes a service that runs until the test ends.
func open(t testing.TB, db *gorm.DB, rdb redis.UniversalClient, o Options) *Service {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	if o.Articles == nil {
		o.Articles, o.Courses = upTo(200), upTo(30)
	}
	s := New(db, rdb, o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

type fields map[string]any

func body(events ...fields) []byte {
	for _, e := range events {
		if _, ok := e["id"]; !ok {
			e["id"] = uuid.Must(uuid.NewV7()).String()
		}
		if _, ok := e["type"]; !ok {
			e["type"] = "course_view"
		}
		if _, ok := e["occurred_at"]; !ok {
			e["occurred_at"] = noon.Format(time.RFC3339)
		}
	}
	b, _ := json.Marshal(map[string]any{"sent_at": noon.Format(time.RFC3339), "events": events})
	return b
}

func take(t *testing.T, s *Service, b []byte) string {
	t.Helper()
	r, err := s.Take(t.Context(), Sender{"mini", 7}, b)
	if err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprintf("%d %d", r.Accepted, r.Duplicate)
	for _, x := range r.Rejected {
		out += fmt.Sprintf(" %d:%s", x.Index, x.Reason)
	}
	return out
}

func count(t *testing.T, db *gorm.DB, q string, args ...any) (n int64) {
	t.Helper()
	if err := db.Raw(q, args...).Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTwiceIsOnceAndEachIsJudgedAlone(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open(t, db, openRedis(t), Options{})
		three := body(fields{"course_id": 1}, fields{"course_id": 1, "seconds": 30}, fields{"course_id": 2})
		for i, want := range []string{"3 0", "0 3"} {
			if got := take(t, s, three); got != want {
				t.Errorf("time %d: %s, want %s", i+1, got, want)
			}
		}
		same := uuid.NewString()
		odd := body(fields{"course_id": 1}, fields{"type": "paid"}, fields{"id": "x"}, fields{"course_id": 999}, fields{"id": same, "channel": "a"}, fields{"id": same, "channel": "b"},
			fields{"article_id": 1000}, fields{"lesson_id": 1}, fields{"campaign_id": 1}, fields{"type": "nothing"}, fields{"occurred_at": "2026-02-30T00:00:00Z"},
			fields{"occurred_at": "2026-03-01T00:00:00"}, fields{"occurred_at": "2026-03-01T00:00:00+25:00"}, fields{"occurred_at": "2026-03-01T23:59:60Z"},
			fields{"course_id": 0}, fields{"course_id": -1}, fields{"course_id": 1.5}, fields{"course_id": "1"}, fields{"course_id": int64(1) << 53}, fields{"seconds": 1e9},
			fields{"channel": strings.Repeat("长", 65)}, fields{"channel": "a\x00b"}, fields{"props": []int{1}}, fields{"props": fields{"x": strings.Repeat("y", 5000)}}, fields{"scene": "1007"})
		want := "2 1 1:server_type 2:bad_id 3:unknown_course 6:unknown_article 7:unknown_lesson 8:unknown_campaign 9:bad_type 10:bad_time 11:bad_time 12:bad_time 13:bad_time" +
			" 14:bad_field 15:bad_field 16:bad_field 17:bad_field 18:bad_field 19:bad_field 20:bad_field 21:bad_field 22:bad_field 23:too_large 24:bad_field"
		if got := take(t, s, odd); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got := count(t, db, "SELECT COUNT(*) FROM events WHERE channel = 'a'"); got != 1 {
			t.Error("of one id twice in a request the first content wins")
		}
		if err := s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := count(t, db, "SELECT n FROM event_daily WHERE day = 20260302 AND kind = 2 AND ref = '1' AND type = 3"); got != 3 {
			t.Errorf("course 1 counted %d times, want 3", got)
		}
		if got := count(t, db, "SELECT COUNT(*) FROM event_daily WHERE ref = '999'"); got != 0 {
			t.Error("a counter was born for a course that does not exist")
		}
		until(t, "the reasons are written down", func() bool { return count(t, db, "SELECT COALESCE(SUM(n),0) FROM event_rejections") == 22 })
	})
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("never: " + what)
}

func TestNotAList(t *testing.T) {
	s := open(t, modeltest.SQLite(t), openRedis(t), Options{})
	var many []fields
	for range 51 {
		many = append(many, fields{})
	}
	for _, b := range []string{"", "null", "[]", "{}", `{"events":null}`, `{"events":{}}`, `{"events":[]}`, `{"events":[{}]`, string(body(many...)), `{"events":[{}],"x":"` + strings.Repeat("x", MaxBody) + `"}`} {
		if _, err := s.Take(t.Context(), Sender{"mini", 7}, []byte(b)); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%.40s: %v, want ErrInvalid", b, err)
		}
	}
	if got := take(t, s, []byte(`{"events":[1,null,"x",[],{}]}`)); got != "0 0 0:bad_id 1:bad_id 2:bad_id 3:bad_id 4:bad_id" {
		t.Error(got)
	}
}

// Texts and the whole row come back as they were sent, whatever is in them.
func TestTextsSurvive(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open(t, db, openRedis(t), Options{})
		for _, text := range []string{`it's`, `back\slash`, `'; DROP TABLE events; --`, "表情😀", `"`, `%_?@x`, `\'`} {
			if got := take(t, s, body(fields{"channel": text, "props": fields{"t": text}})); got != "1 0" {
				t.Fatalf("%q: %s", text, got)
			}
			var back struct{ Channel, Props string }
			if err := db.Raw("SELECT channel, props FROM events ORDER BY id DESC LIMIT 1").Scan(&back).Error; err != nil {
				t.Fatal(err)
			}
			var props map[string]string
			if err := json.Unmarshal([]byte(back.Props), &props); err != nil || back.Channel != text || props["t"] != text {
				t.Errorf("%q came back as %q, %q", text, back.Channel, back.Props)
			}
		}
	})
}

func TestTimes(t *testing.T) {
	day := func(s string) time.Time {
		v, err := time.Parse("2006-01-02 15:04:05", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, x := range []struct {
		what, occurred, sent, received, want string
		late                                 bool
	}{
		{"phone two days fast", "2026-03-04 10:00:00", "2026-03-04 10:00:10", "2026-03-02 10:00:12", "2026-03-02 10:00:02", false},
		{"offline, clock right", "2026-03-02 23:58:00", "2026-03-03 00:07:00", "2026-03-03 00:07:00", "2026-03-02 23:58:00", false},
		{"half a minute off is kept", "2026-03-02 10:00:30", "2026-03-02 10:00:30", "2026-03-02 10:00:00", "2026-03-02 10:00:30", false},
		{"ten minutes ahead", "2026-03-02 10:10:00", "2026-03-02 10:00:00", "2026-03-02 10:00:00", "2026-03-02 10:00:00", false},
		{"forty days old", "2026-01-21 10:00:00", "2026-03-02 10:00:00", "2026-03-02 10:00:00", "2026-01-21 10:00:00", true},
		{"1970", "1970-01-01 00:00:00", "2026-03-02 10:00:00", "2026-03-02 10:00:00", "1970-01-01 00:00:00", true},
		{"9999", "9999-01-01 00:00:00", "2026-03-02 10:00:00", "2026-03-02 10:00:00", "2026-03-02 10:00:00", false},
		{"three years fast", "2029-03-02 09:59:00", "2029-03-02 10:00:00", "2026-03-02 10:00:00", "2026-03-02 09:59:00", false},
	} {
		at, late := model.CorrectTime(day(x.occurred), day(x.sent), day(x.received))
		if !at.Equal(day(x.want)) || late != x.late {
			t.Errorf("%s: %v late %v, want %s late %v", x.what, at, late, x.want, x.late)
		}
	}
	if d := model.DayNumber(time.Date(2026, 3, 8, 16, 0, 0, 0, time.UTC)); d != 20260309 {
		t.Errorf("Sunday 16:00 UTC is day %d", d)
	}
}

func TestKeptButNotCounted(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open(t, db, openRedis(t), Options{})
		got := take(t, s, body(fields{"course_id": 1, "scene": 1030}, fields{"course_id": 1, "scene": 1154}, fields{"course_id": 1, "occurred_at": noon.AddDate(0, 0, -40).Format(time.RFC3339)}))
		if got != "3 0" {
			t.Fatal(got)
		}
		if err := s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "SELECT COUNT(*) FROM event_daily WHERE kind <> 5"); n != 0 {
			t.Errorf("%d counters", n)
		}
		if n := count(t, db, "SELECT n FROM event_daily WHERE kind = 5 AND ref = 'scene'"); n != 2 {
			t.Errorf("excluded by scene: %d", n)
		}
		if n := count(t, db, "SELECT n FROM event_daily WHERE kind = 5 AND ref = 'late'"); n != 1 {
			t.Errorf("late: %d", n)
		}
	})
}

func TestServerFacts(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open(t, db, openRedis(t), Options{})
		fact := model.Event{Key: "pay:420001", AppID: "mini", Type: model.EventPaid, PersonID: 7, CourseID: 1, Amount: 19900, OutTradeNo: "C1", OccurredAt: noon}
		for range 3 {
			if err := db.Transaction(func(tx *gorm.DB) error { return s.Add(tx, fact) }); err != nil {
				t.Fatal(err)
			}
		}
		_ = db.Transaction(func(tx *gorm.DB) error {
			fact.Key = "pay:rolled back"
			if err := s.Add(tx, fact); err != nil {
				t.Error(err)
			}
			return errors.New("no")
		})
		until(t, "folded by itself", func() bool {
			return count(t, db, "SELECT COALESCE(SUM(n),0) FROM event_daily WHERE kind = 2 AND ref = '1'") == 1
		})
		if n := count(t, db, "SELECT amount FROM event_daily WHERE kind = 0"); n != 19900 {
			t.Errorf("amount %d", n)
		}
		if n := count(t, db, "SELECT COUNT(*) FROM event_batches"); n != 1 {
			t.Errorf("%d batches, want 1", n)
		}
		live, err := s.Live(t.Context(), KindCourse, "1")
		if err != nil {
			t.Fatal(err)
		}
		until(t, "Redis shows it", func() bool {
			live, err = s.Live(t.Context(), KindCourse, "1")
			return err == nil && live[model.EventPaid] == 1
		})
		if err := s.Add(db, model.Event{Type: model.EventPaid}); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("a fact without a key: %v", err)
		}
	})
}

// A course just made is known at once; made-up ids are looked up rarely and remembered shortly.
func TestCatalogue(t *testing.T) {
	courses := upTo(1)
	s := open(t, modeltest.SQLite(t), openRedis(t), Options{Articles: upTo(1), Courses: courses})
	courses.mu.Lock()
	courses.ids[2] = true
	courses.mu.Unlock()
	if got := take(t, s, body(fields{"course_id": 2})); got != "1 0" {
		t.Error(got)
	}
	start := time.Now()
	for i := range 200 {
		var list []fields
		for k := range 50 {
			list = append(list, fields{"course_id": 1000 + 50*i + k})
		}
		take(t, s, body(list...))
	}
	if most := 60 + int(50*time.Since(start).Seconds()); courses.ask > most {
		t.Errorf("%d look-ups for ten thousand made-up ids, want at most %d", courses.ask, most)
	}
}
