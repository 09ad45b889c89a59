package event

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"gorm.io/gorm"

	"loudou/model/modeltest"
	"loudou/service/store"
)

// BenchmarkTwenties measures events a second in twenties over 64 connections, against the least a server
// can do with the same bytes on the same database in the same run: parse, one INSERT IGNORE for all that
// wait, answer, count with INCR behind. The yardstick tells no duplicate from a new event, knows no
// catalogue and counts what arrived, not what was stored.
func BenchmarkTwenties(b *testing.B) {
	db := modeltest.Open(b)
	rdb := openRedis(b)
	if address := os.Getenv("LOUDOU_TEST_REDIS"); address != "" {
		r, err := store.OpenRedis(address)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = r.Close() })
		rdb = r
	}
	s := open(b, db, rdb, Options{Articles: upTo(200), Courses: upTo(30), Now: time.Now})
	for _, k := range s.catalogues {
		_ = k.refresh(context.Background())
	}
	gin.SetMode(gin.ReleaseMode)
	ours := gin.New()
	ours.POST("/mini/v1/events", func(c *gin.Context) {
		raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody+1))
		if err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		r, err := s.Take(c.Request.Context(), Sender{"mini", 1 + rand.Int64N(200_000)}, raw) //nolint:gosec // load
		if err != nil {
			c.Status(http.StatusServiceUnavailable)
			return
		}
		c.JSON(http.StatusOK, r)
	})
	y := newYardstick(b, db)
	floor := gin.New()
	floor.POST("/mini/v1/events", y.serve)

	const rounds, each = 3, 2 * time.Second
	var rates, floors []float64
	b.ResetTimer()
	for range max(1, b.N) {
		for range rounds {
			floors = append(floors, drive(b, floor, each))
			rates = append(rates, drive(b, ours, each))
		}
	}
	b.StopTimer()
	mine, least := median(rates), median(floors)
	b.ReportMetric(mine, "events/s")
	b.ReportMetric(least, "yardstick/s")
	b.ReportMetric(mine/least, "ratio")
	if err := s.Settle(b.Context()); err != nil {
		b.Fatal(err)
	}
	var rows, counted int64
	db.Raw("SELECT COUNT(*) FROM events").Scan(&rows)
	db.Raw("SELECT SUM(n) FROM event_daily WHERE kind = 0").Scan(&counted)
	if rows != counted {
		b.Errorf("%d rows, %d counted", rows, counted)
	}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// drive sends twenties over 64 connections for a while and gives the events acknowledged per second.
func drive(b *testing.B, h http.Handler, d time.Duration) float64 {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(ln) }()
	defer func() { _ = server.Close() }()
	var acked atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range 64 {
		wg.Go(func() {
			c, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				b.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			r := bufio.NewReader(c)
			var req []byte
			for time.Since(start) < d {
				body := twenty()
				req = fmt.Appendf(req[:0], "POST /mini/v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(body))
				if _, err := c.Write(append(req, body...)); err != nil {
					return
				}
				resp, err := http.ReadResponse(r, nil)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode == http.StatusOK {
					acked.Add(20)
				}
			}
		})
	}
	wg.Wait()
	return float64(acked.Load()) / time.Since(start).Seconds()
}

var benchTypes = []string{"mp_open", "article_click", "share", "course_view", "trial_play", "search", "exercise", "lesson_play"}

func twenty() []byte {
	now := time.Now().UTC()
	at := now.Format("2006-01-02T15:04:05.000Z07:00")
	b := []byte(`{"sent_at":"` + at + `","events":[`)
	for i := range 20 {
		if i > 0 {
			b = append(b, ',')
		}
		f := rand.Float64()                                                                                                                                                                                                                                                   //nolint:gosec // load
		b = fmt.Appendf(b, `{"id":"%s","type":"%s","occurred_at":"%s","article_id":%d,"course_id":%d,"channel":"menu","props":{"scene":1007,"lesson":%d,"v":"2.8"}}`, uuid.Must(uuid.NewV7()), benchTypes[rand.IntN(8)], at, int(f*f*200)+1, rand.IntN(30)+1, rand.IntN(900)) //nolint:gosec // load
	}
	return append(b, "]}"...)
}

// yardstick is the least an ingest server can do.
type yardstick struct {
	b     *testing.B
	db    *gorm.DB
	mysql bool
	jobs  chan yardJob
	count chan []yardEvent
}

type yardEvent struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	OccurredAt time.Time       `json:"occurred_at"`
	ArticleID  uint32          `json:"article_id"`
	CourseID   uint32          `json:"course_id"`
	Channel    string          `json:"channel"`
	Props      json.RawMessage `json:"props"`
	user       int64
}

type yardJob struct {
	events []yardEvent
	done   chan struct{}
}

func newYardstick(b *testing.B, db *gorm.DB) *yardstick {
	y := &yardstick{b: b, db: db, mysql: store.IsMySQL(db), jobs: make(chan yardJob, 65536), count: make(chan []yardEvent, 4096)}
	ddl := "CREATE TABLE yardstick (id BINARY(16) NOT NULL PRIMARY KEY, article_id INT UNSIGNED NOT NULL, course_id INT UNSIGNED NOT NULL, user_id BIGINT UNSIGNED NOT NULL, event_type VARCHAR(16) NOT NULL, occurred_at DATETIME(3) NOT NULL, channel VARCHAR(16) NOT NULL, props VARCHAR(255) NOT NULL, KEY k_article (article_id,event_type,occurred_at,user_id,course_id), KEY k_course (course_id,event_type,occurred_at,user_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
	n := 2
	if !y.mysql {
		ddl = "CREATE TABLE yardstick (id BLOB NOT NULL PRIMARY KEY, article_id INTEGER, course_id INTEGER, user_id INTEGER, event_type TEXT, occurred_at TEXT, channel TEXT, props TEXT); CREATE INDEX k_article ON yardstick (article_id,event_type,occurred_at,user_id,course_id); CREATE INDEX k_course ON yardstick (course_id,event_type,occurred_at,user_id)"
		n = 1
	}
	if err := db.Exec(ddl).Error; err != nil {
		b.Fatal(err)
	}
	for range n {
		go y.commit()
	}
	go y.counts()
	return y
}

func (y *yardstick) serve(c *gin.Context) {
	raw, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return
	}
	var in struct {
		SentAt time.Time `json:"sent_at"`
		Events []yardEvent
	}
	if json.Unmarshal(raw, &in) != nil {
		c.Status(http.StatusBadRequest)
		return
	}
	user := rand.Int64N(200_000) //nolint:gosec // load
	for i := range in.Events {
		in.Events[i].user = user
	}
	j := yardJob{in.Events, make(chan struct{}, 1)}
	y.jobs <- j
	<-j.done
	c.JSON(http.StatusOK, gin.H{"accepted": len(in.Events), "duplicate": 0, "rejected": []int{}})
}

func (y *yardstick) commit() {
	pool, err := y.db.DB()
	if err != nil {
		y.b.Error(err)
		return
	}
	for j := range y.jobs {
		js, n := []yardJob{j}, len(j.events)
	more:
		for n < maxRows {
			select {
			case j := <-y.jobs:
				js, n = append(js, j), n+len(j.events)
			default:
				break more
			}
		}
		var q bytes.Buffer
		verb := "INSERT IGNORE"
		if !y.mysql {
			verb = "INSERT OR IGNORE"
		}
		q.WriteString(verb + " INTO yardstick (id,article_id,course_id,user_id,event_type,occurred_at,channel,props) VALUES ")
		var all []yardEvent
		for _, j := range js {
			all = append(all, j.events...)
		}
		for i := range all {
			e := &all[i]
			if i > 0 {
				q.WriteByte(',')
			}
			var id [16]byte
			_, _ = hex.Decode(id[:], []byte(strings.ReplaceAll(e.ID, "-", "")))
			fmt.Fprintf(&q, "(x'%x',%d,%d,%d,'%s','%s','%s','%s')", id, e.ArticleID, e.CourseID, e.user, e.Type, e.OccurredAt.UTC().Format("2006-01-02 15:04:05.000"), e.Channel, e.Props)
		}
		if _, err := pool.Exec(q.String()); err != nil {
			y.b.Error(err)
		}
		for _, j := range js {
			j.done <- struct{}{}
		}
		y.count <- all
	}
}

func (y *yardstick) counts() {
	rdb := openRedis(y.b)
	ctx := context.Background()
	for es := range y.count {
		sums := map[string]int64{}
		for _, e := range es {
			sums[e.Type+":a"+strconv.Itoa(int(e.ArticleID))]++
			sums[e.Type+":c"+strconv.Itoa(int(e.CourseID))]++
			sums[e.Type]++
		}
		p := rdb.Pipeline()
		for k, v := range sums {
			p.IncrBy(ctx, "yard:"+k, v)
		}
		_, _ = p.Exec(ctx)
		time.Sleep(20 * time.Millisecond)
	}
}
