package storytest

import (
	"bufio"
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"loudou/model/modeltest"
	"loudou/service/store"
)

const (
	countArticles, countCourses = 200, 30
	twentiesConns, singleConns  = 64, 128
	tableConns                  = 256 // of a timetable: a stall must not hold the next one back
)

// BenchmarkCounting measures taking events in: rate, delay, kills, memory, and the embedded database. Ours is
// the program as it is shipped, with tokens, catalogue and counters; the reference is yard_count_test.go.
func BenchmarkCounting(b *testing.B) {
	b.Run("intake", benchIntake)
	b.Run("kills", benchKills)
	b.Run("embedded", benchEmbedded)
}

// openCounting is a house without proxies between program and servers, with things to count.
func openCounting(b *testing.B, o Options) *House {
	b.Helper()
	o.Direct, o.Env = true, map[string]string{"LOUDOU_LOG_LEVEL": "warn"}
	h := Open(b, binary, o)
	at := time.Now()
	for i := range countArticles {
		if err := h.DB.Exec("INSERT INTO articles (id, appid, title, url, digest, author, cover, content, column_name, goal, window_days, state, version, content_hash, created_by, updated_by, published_by, created_at, updated_at) VALUES (?, ?, ?, '', '', '', '', '', '', '', 7, 'published', 1, '', '', '', '', ?, ?)", i+1, h.WeChat.Official().AppID, fmt.Sprint("文章 ", i+1), at, at).Error; err != nil {
			b.Fatal(err)
		}
	}
	for i := range countCourses {
		if err := h.DB.Exec("INSERT INTO courses (id, appid, title, intro, cover, category, teacher, price, status, goods_id, goods_status, goods_error, version, updated_by, created_at, updated_at) VALUES (?, ?, ?, '', '', '', '', 19900, 'published', '', '', '', 1, '', ?, ?)", i+1, h.WeChat.Mini().AppID, fmt.Sprint("课程 ", i+1), at, at).Error; err != nil {
			b.Fatal(err)
		}
	}
	return h
}

var countTypes = []string{"mp_open", "article_click", "share", "course_view", "trial_play", "search", "exercise", "lesson_play"}

// eventRequest is a request with n events.
func eventRequest(path, token string, n int) []byte {
	at := time.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00")
	body := append(make([]byte, 0, 256*n+128), `{"sent_at":"`+at+`","events":[`...)
	for i := range n {
		if i > 0 {
			body = append(body, ',')
		}
		f := rand.Float64()                                                                                                                                                                                                                                                                             //nolint:gosec // load
		body = fmt.Appendf(body, `{"id":"%s","type":"%s","occurred_at":"%s","article_id":%d,"course_id":%d,"channel":"menu","props":{"scene":1007,"lesson":%d,"v":"2.8"}}`, uuid.Must(uuid.NewV7()), countTypes[rand.IntN(8)], at, int(f*f*countArticles)+1, rand.IntN(countCourses)+1, rand.IntN(900)) //nolint:gosec // load
	}
	body = append(body, "]}"...)
	return append(fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", path, token, len(body)), body...)
}

// answered: every event was taken. A refusal is quick and must not count as speed.
func answered(status int, body []byte) bool {
	return status == http.StatusOK && !bytes.Contains(body, []byte(`"reason"`))
}

// timetable sends requests when their time has come, ready or not, and gives the milliseconds from then to the
// answer: a stall is charged to all that wait. What is still unsent two seconds after the end waited until then.
func timetable(b *testing.B, address string, perSecond int, d time.Duration, next func(conn int) []byte) (ms []float64) {
	b.Helper()
	total := int64(float64(perSecond) * d.Seconds())
	var at, bad atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now().Add(50 * time.Millisecond)
	end := start.Add(d + 2*time.Second)
	for i := range tableConns {
		wg.Go(func() {
			c, err := net.Dial("tcp", address) //nolint:noctx // a benchmark
			if err != nil {
				b.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			_ = c.SetDeadline(end.Add(5 * time.Second))
			r := bufio.NewReader(c)
			var mine []float64
			defer func() { mu.Lock(); ms = append(ms, mine...); mu.Unlock() }()
			for {
				k := at.Add(1) - 1
				if k >= total {
					return
				}
				due := start.Add(time.Duration(k) * time.Second / time.Duration(perSecond))
				if time.Now().After(end) {
					mine = append(mine, float64(end.Sub(due).Microseconds())/1000)
					continue
				}
				req := next(i)
				time.Sleep(time.Until(due))
				if _, err := c.Write(req); err != nil {
					b.Error(err)
					return
				}
				res, err := http.ReadResponse(r, nil)
				if err != nil {
					b.Error(err)
					return
				}
				body, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if !answered(res.StatusCode, body) {
					bad.Add(1)
				}
				mine = append(mine, float64(time.Since(due).Microseconds())/1000)
			}
		})
	}
	wg.Wait()
	if n := bad.Load(); n > total/100 {
		b.Errorf("%d of %d requests were not taken", n, total)
	}
	return ms
}

// benchIntake: twenties and single ones as fast as they go, then on a timetable, then for a while.
func benchIntake(b *testing.B) {
	if os.Getenv("LOUDOU_TEST_MYSQL") == "" {
		b.Skip("the bars are MariaDB's")
	}
	h := openCounting(b, Options{MySQL: true})
	tokens := make([]string, 256)
	for i := range tokens {
		tokens[i] = h.Phone().token
	}
	yardDSN := modeltest.MySQLDSN(b)
	yard, ours := startCountYard(b, yardDSN), strings.TrimPrefix(h.All[0].URL(), "http://")
	alone := newAlone(b, modeltest.MySQLDSN(b))
	send := func(path string, n int) func(int) []byte {
		return func(conn int) []byte { return eventRequest(path, tokens[conn%len(tokens)], n) }
	}
	const path = "/mini/v1/events"
	var mine, floor, bare, each []float64
	for range benchRounds {
		floor = append(floor, 20*drive(b, yard, twentiesConns, send(path, 20), answered))
		mine = append(mine, 20*drive(b, ours, twentiesConns, send(path, 20), answered))
		bare = append(bare, alone.rate(benchTime))
	}
	modeltest.Bar("1 twenties × 64, to the yardstick", "events/s", medianOf(mine), medianOf(floor), ratioOf(mine, floor), .8, false)
	modeltest.Bar("1 twenties × 64, to the database alone", "events/s", medianOf(mine), medianOf(bare), ratioOf(mine, bare), .4, false)
	mine, floor = nil, nil
	for range benchRounds {
		floor = append(floor, drive(b, yard, singleConns, send(path, 1), answered))
		mine = append(mine, drive(b, ours, singleConns, send(path, 1), answered))
		each = append(each, drive(b, yard, singleConns, send("/each", 1), answered))
	}
	modeltest.Bar("2 single × 128, to the yardstick", "events/s", medianOf(mine), medianOf(floor), ratioOf(mine, floor), .8, false)
	modeltest.Bar("2 single × 128, to an insert per request", "events/s", medianOf(mine), medianOf(each), ratioOf(mine, each), 2.5, false)

	mine, floor, each = nil, nil, nil
	var busy []float64
	for range 3 {
		const d = 4 * time.Second
		floor = append(floor, modeltest.Quantile(timetable(b, yard, 1000, d, send(path, 20)), .99))
		mine = append(mine, modeltest.Quantile(timetable(b, ours, 1000, d, send(path, 20)), .99))
		busy = append(busy, modeltest.Quantile(timetable(b, ours, 2000, d, send(path, 20)), .99))
		each = append(each, modeltest.Quantile(timetable(b, yard, 2000, d, send("/each", 20)), .99))
	}
	// 12 ms or half more than the yardstick, whichever is more.
	modeltest.Bar("3 p99 at 20 000 events/s, to the yardstick", "ms", medianOf(mine), medianOf(floor), ratioOf(mine, floor), max(1.5, 12/medianOf(floor)), true)
	modeltest.Bar("3 p99 at 40 000 events/s, to inserts", "ms", medianOf(busy), medianOf(each), ratioOf(busy, each), 1./20, true)
	benchMemory(b, h, ours, send(path, 20))
}

// benchMemory: 20 000 events a second, for a minute (ten with LOUDOU_TEST_SCALE=full).
func benchMemory(b *testing.B, h *House, ours string, next func(int) []byte) {
	b.Helper()
	d := time.Duration(scale(1, 10)) * time.Minute
	quit := make(chan struct{})
	var held []float64
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-quit:
				return
			case <-time.After(500 * time.Millisecond):
				held = append(held, h.All[0].held(b))
			}
		}
	})
	n := len(timetable(b, ours, 1000, d, next))
	close(quit)
	wg.Wait()
	third := len(held) / 3
	most, middle, last := modeltest.Quantile(held, 1), modeltest.Quantile(held[third:2*third], 1), modeltest.Quantile(held[2*third:], 1)
	modeltest.Bar(fmt.Sprintf("10 memory, %d events in %v", 20*n, d), "MB", most, 0, most, 300, true)
	modeltest.Bar("10 memory, last third to the middle one", "MB", last, middle, last/middle, 1.1, true)
}

// held is the memory of the program, in MB.
func (p *Program) held(b *testing.B) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1024
}

// alone is the database by itself: batches of a thousand over two connections.
type alone struct {
	b    *testing.B
	pool *sql.DB
	rows int // of a batch
	n    int // connections
}

func newAlone(b *testing.B, dsn string) *alone {
	b.Helper()
	db, err := store.OpenDB(dsn)
	if err != nil {
		b.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = pool.Close() })
	a := &alone{b: b, pool: pool, rows: 1000, n: 2}
	ddl := []string{"CREATE TABLE yardstick " + yardTable}
	if !store.IsMySQL(db) {
		a.n = 1
		ddl = []string{"CREATE TABLE yardstick (id BLOB NOT NULL PRIMARY KEY, article_id INTEGER, course_id INTEGER, user_id INTEGER, event_type TEXT, occurred_at TEXT, channel TEXT, props TEXT)",
			"CREATE INDEX k_article ON yardstick (article_id,event_type,occurred_at,user_id,course_id)", "CREATE INDEX k_course ON yardstick (course_id,event_type,occurred_at,user_id)"}
	}
	for _, q := range ddl {
		if _, err := pool.Exec(q); err != nil { //nolint:noctx // a benchmark
			b.Fatal(err)
		}
	}
	return a
}

// rate is rows a second.
func (a *alone) rate(d time.Duration) float64 {
	var rows atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range a.n {
		wg.Go(func() {
			var q []byte
			for time.Since(start) < d {
				at := time.Now().UTC().Format("2006-01-02 15:04:05.000")
				q = append(q[:0], "INSERT INTO yardstick (id,article_id,course_id,user_id,event_type,occurred_at,channel,props) VALUES "...)
				for i := range a.rows {
					if i > 0 {
						q = append(q, ',')
					}
					id := uuid.Must(uuid.NewV7())
					f := rand.Float64()                                                                                                                                                                                                          //nolint:gosec // load
					q = fmt.Appendf(q, `(x'%x',%d,%d,%d,'%s','%s','menu','{"scene":1007,"lesson":%d,"v":"2.8"}')`, id[:], int(f*f*countArticles)+1, rand.IntN(countCourses)+1, rand.IntN(200_000), countTypes[rand.IntN(8)], at, rand.IntN(900)) //nolint:gosec // load
				}
				if _, err := a.pool.Exec(string(q)); err != nil { //nolint:noctx // a benchmark
					a.b.Error(err)
					return
				}
				rows.Add(int64(a.rows))
			}
		})
	}
	wg.Wait()
	return float64(rows.Load()) / time.Since(start).Seconds()
}

// benchKills: the program is killed under load three times. What was acknowledged is there, once, and the
// roll-ups equal the rows soon after the start.
func benchKills(b *testing.B) {
	h := openCounting(b, Options{MySQL: os.Getenv("LOUDOU_TEST_MYSQL") != ""})
	p := h.All[0]
	var slowest float64
	for range 3 {
		var stop atomic.Bool
		var wg sync.WaitGroup
		for range 16 {
			phone := h.Phone()
			wg.Go(func() {
				var again []string
				for !stop.Load() {
					ids, a := phone.Events(1, 20, again)
					if again = nil; a.Status != http.StatusOK {
						again = ids
						time.Sleep(20 * time.Millisecond)
					}
				}
			})
		}
		time.Sleep(time.Second + time.Duration(rand.IntN(500))*time.Millisecond) //nolint:gosec // dice
		p.Kill()
		p.Start()
		up := time.Now()
		stop.Store(true)
		wg.Wait()
		if !h.Until("the roll-ups equal the rows", 30*time.Second, func() bool {
			return h.Count("SELECT COUNT(*) FROM event_batches WHERE counted = 0") == 0 &&
				h.Count("SELECT COUNT(*) FROM events WHERE excluded = 0") == h.Count("SELECT COALESCE(SUM(n), 0) FROM event_daily WHERE kind = 0")
		}) {
			return
		}
		slowest = max(slowest, time.Since(up).Seconds())
	}
	missing := 0
	h.mu.Lock()
	for id := range h.acked {
		u := uuid.MustParse(id)
		if h.Count("SELECT COUNT(*) FROM events WHERE uid = ?", u[:]) != 1 {
			missing++
		}
	}
	n := len(h.acked)
	h.mu.Unlock()
	if missing > 0 {
		b.Errorf("%d of %d acknowledged events are not there once", missing, n)
	}
	modeltest.Bar(fmt.Sprintf("4 three kills, %d told: lost or twice", n), "events", float64(missing), 0, float64(missing), 0, true)
	modeltest.Bar("4 counters equal the rows after the start", "s", slowest, 0, slowest, 5, true)
}

// benchEmbedded: the program on SQLite, in twenties, against bare batches of a thousand.
func benchEmbedded(b *testing.B) {
	b.Setenv("LOUDOU_TEST_REDIS", "")
	h := openCounting(b, Options{})
	tokens := make([]string, twentiesConns)
	for i := range tokens {
		tokens[i] = h.Phone().token
	}
	bare := newAlone(b, "sqlite:"+filepath.Join(b.TempDir(), "bare.db"))
	ours := strings.TrimPrefix(h.All[0].URL(), "http://")
	var mine, floor []float64
	for range benchRounds {
		floor = append(floor, bare.rate(benchTime))
		mine = append(mine, 20*drive(b, ours, twentiesConns, func(i int) []byte { return eventRequest("/mini/v1/events", tokens[i], 20) }, answered))
	}
	modeltest.Bar("9 embedded, twenties, to bare thousands", "events/s", medianOf(mine), medianOf(floor), ratioOf(mine, floor), .6, false)
}
