package storytest

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"loudou/service/store"
)

// yardCountEnv makes the test's own binary the reference of taking events in, a process of its own: the least
// a server can do with the same bytes on the same database server. Parse, one INSERT IGNORE for all that
// wait, answer, count with INCRBY behind. It knows no token, no catalogue and no duplicate, and counts what
// arrived, not what was stored. At /each it stores every request alone.
const yardCountEnv = "LOUDOU_BENCH_COUNT_YARD"

// startCountYard runs the reference on a database of its own and gives its address; it ends with the benchmark.
func startCountYard(b *testing.B, dsn string) (address string) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0]) //nolint:gosec // this test
	cmd.Env, cmd.SysProcAttr = append(os.Environ(), yardCountEnv+"="+dsn), withParent()
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if address = strings.TrimSpace(line); err != nil || !strings.HasPrefix(address, "127.") {
		b.Fatalf("the reference said %q: %v", line, err)
	}
	return address
}

const yardTable = "(id BINARY(16) NOT NULL PRIMARY KEY, article_id INT UNSIGNED NOT NULL, course_id INT UNSIGNED NOT NULL, user_id BIGINT UNSIGNED NOT NULL, event_type VARCHAR(16) NOT NULL, occurred_at DATETIME(3) NOT NULL, channel VARCHAR(16) NOT NULL, props VARCHAR(255) NOT NULL, KEY k_article (article_id,event_type,occurred_at,user_id,course_id), KEY k_course (course_id,event_type,occurred_at,user_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"

// serveCountYard is the child: it serves until it is killed.
func serveCountYard() {
	fail := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	db, err := store.OpenDB(os.Getenv(yardCountEnv))
	fail(err)
	pool, err := db.DB()
	fail(err)
	_, err = pool.Exec("CREATE TABLE yardstick " + yardTable) //nolint:noctx // a benchmark
	fail(err)
	r, err := store.OpenRedis(os.Getenv("LOUDOU_TEST_REDIS"))
	fail(err)
	y := &countYard{pool: pool, redis: r, jobs: make(chan yardJob, 65536), counts: make(chan []yardEvent, 4096)}
	for range 2 {
		go y.commit()
	}
	go y.count()
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.POST("/mini/v1/events", y.serve)
	e.POST("/each", y.each)
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a benchmark
	fail(err)
	fmt.Println(ln.Addr())
	fail((&http.Server{Handler: e, ReadHeaderTimeout: time.Second}).Serve(ln))
}

type yardEvent struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	OccurredAt time.Time       `json:"occurred_at"`
	ArticleID  uint32          `json:"article_id"`
	CourseID   uint32          `json:"course_id"`
	Channel    string          `json:"channel"`
	Props      json.RawMessage `json:"props"`
}

type yardJob struct {
	events []yardEvent
	done   chan struct{}
}

type countYard struct {
	pool   *sql.DB
	redis  *store.Redis
	jobs   chan yardJob
	counts chan []yardEvent
}

func read(c *gin.Context) ([]yardEvent, bool) {
	raw, err := io.ReadAll(c.Request.Body)
	var in struct {
		SentAt time.Time `json:"sent_at"`
		Events []yardEvent
	}
	if err != nil || json.Unmarshal(raw, &in) != nil {
		c.Status(http.StatusBadRequest)
		return nil, false
	}
	return in.Events, true
}

func (y *countYard) serve(c *gin.Context) {
	events, ok := read(c)
	if !ok {
		return
	}
	j := yardJob{events, make(chan struct{}, 1)}
	y.jobs <- j
	<-j.done
	c.JSON(http.StatusOK, gin.H{"accepted": len(events), "duplicate": 0, "rejected": []int{}})
}

// each is a commit for every request.
func (y *countYard) each(c *gin.Context) {
	events, ok := read(c)
	if !ok {
		return
	}
	if err := y.insert(events); err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	y.counts <- events
	c.JSON(http.StatusOK, gin.H{"accepted": len(events), "duplicate": 0, "rejected": []int{}})
}

func (y *countYard) insert(all []yardEvent) error {
	var q bytes.Buffer
	q.WriteString("INSERT IGNORE INTO yardstick (id,article_id,course_id,user_id,event_type,occurred_at,channel,props) VALUES ")
	for i := range all {
		e := &all[i]
		if i > 0 {
			q.WriteByte(',')
		}
		var id [16]byte
		_, _ = hex.Decode(id[:], []byte(strings.ReplaceAll(e.ID, "-", "")))
		fmt.Fprintf(&q, "(x'%x',%d,%d,%d,'%s','%s','%s','%s')", id, e.ArticleID, e.CourseID, uint32(id[15])<<8|uint32(id[14]), e.Type, e.OccurredAt.UTC().Format("2006-01-02 15:04:05.000"), e.Channel, e.Props)
	}
	_, err := y.pool.Exec(q.String()) //nolint:noctx // a benchmark
	return err
}

func (y *countYard) commit() {
	for j := range y.jobs {
		js, n := []yardJob{j}, len(j.events)
	more:
		for n < 2000 {
			select {
			case j := <-y.jobs:
				js, n = append(js, j), n+len(j.events)
			default:
				break more
			}
		}
		all := make([]yardEvent, 0, n)
		for _, j := range js {
			all = append(all, j.events...)
		}
		if err := y.insert(all); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		for _, j := range js {
			j.done <- struct{}{}
		}
		y.counts <- all
	}
}

func (y *countYard) count() {
	ctx := context.Background()
	for es := range y.counts {
		sums := map[string]int64{}
		for _, e := range es {
			sums[e.Type+":a"+strconv.Itoa(int(e.ArticleID))]++
			sums[e.Type+":c"+strconv.Itoa(int(e.CourseID))]++
			sums[e.Type]++
		}
		p := y.redis.Pipeline()
		for k, v := range sums {
			p.IncrBy(ctx, "yard:"+k, v)
		}
		_, _ = p.Exec(ctx)
	}
}
