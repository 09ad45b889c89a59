package figure

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/event"
	"loudou/service/person"
	"loudou/service/store"
)

const (
	benchArticles, benchCourses, benchPeople, benchDays = 400, 30, 400_000, 90
	benchTypical                                        = 200 // an article of middling size; 1 is the largest
)

// big is ten million events of ninety days, made from a seed and taken in as an operator would take them in.
type big struct {
	b       *testing.B
	db      *gorm.DB
	events  *event.Service
	figures *Service
	span    Span // the ninety days
	month   Span // thirty of them, old enough that every window is over
	rows    int
}

// BenchmarkTenMillion imports ten million events (LOUDOU_BENCH_EVENTS of them), builds the roll-ups again, and
// asks: people, tiles, funnels, at rest and while ten thousand events a second come in.
func BenchmarkTenMillion(b *testing.B) {
	x := &big{b: b, db: modeltest.Open(b), rows: 10_000_000}
	if n, err := strconv.Atoi(os.Getenv("LOUDOU_BENCH_EVENTS")); err == nil {
		x.rows = n
	}
	address := os.Getenv("LOUDOU_TEST_REDIS")
	rdb, err := store.OpenRedis(address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = rdb.Close() })
	persons := person.New(x.db, time.Now)
	x.events = event.New(x.db, rdb, event.Options{Now: time.Now, Articles: NewCatalogue(x.db, "articles", "official"), Courses: NewCatalogue(x.db, "courses", "mini")})
	x.figures = New(x.db, "official", "mini", persons, x.events, time.Now)
	today := model.DayStart(model.DayNumber(time.Now()))
	x.span = span(today.AddDate(0, 0, -benchDays), today.AddDate(0, 0, -1))
	x.month = span(today.AddDate(0, 0, -45), today.AddDate(0, 0, -16))
	x.catalogue()
	x.load(persons)
	x.rebuild()
	start := time.Now()
	x.must(x.events.Pack(b.Context()))
	modeltest.Bar("90 days packed", "s", time.Since(start).Seconds(), 0, time.Since(start).Seconds(), 0, true)
	x.people()
	x.funnels()
	ctx, stop := context.WithCancel(context.WithoutCancel(b.Context()))
	var running sync.WaitGroup
	running.Go(func() { x.events.Run(ctx) })
	defer running.Wait()
	defer stop()
	x.underLoad(ctx)
	x.ids(ctx)
}

func (x *big) must(err error) {
	x.b.Helper()
	if err != nil {
		x.b.Fatal(err)
	}
}

func (x *big) catalogue() {
	at := time.Now()
	for i := range benchArticles {
		x.must(x.db.Exec("INSERT INTO articles (id, appid, title, url, digest, author, cover, content, column_name, goal, window_days, state, version, content_hash, created_by, updated_by, published_by, created_at, updated_at) VALUES (?, 'official', ?, '', '', '', '', '', '', '', 7, 'published', 1, '', '', '', '', ?, ?)", i+1, fmt.Sprint("文章 ", i+1), at, at).Error)
	}
	for i := range benchCourses {
		x.must(x.db.Exec("INSERT INTO courses (id, appid, title, intro, cover, category, teacher, price, status, goods_id, goods_status, goods_error, version, updated_by, created_at, updated_at) VALUES (?, 'mini', ?, '', '', '', '', 19900, 'published', '', '', '', 1, '', ?, ?)", i+1, fmt.Sprint("课程 ", i+1), at, at).Error)
	}
}

// writeCSV writes journeys: an article is opened, a course looked at, tried, ordered, paid and studied, each
// with its chance and after a while. A few articles are read by most.
func (x *big) writeCSV(path string) {
	f, err := os.Create(path) //nolint:gosec // of the benchmark
	x.must(err)
	w := bufio.NewWriterSize(f, 1<<20)
	_, _ = w.WriteString("id,type,occurred_at,openid,article_id,course_id,channel,seconds,out_trade_no,amount\n")
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // made again from its seed
	types := [...]model.EventType{model.EventArticleClick, model.EventCourseView, model.EventTrialPlay, model.EventOrderCreate, model.EventPaid, model.EventLessonPlay}
	chances := [...]float64{1, .6, .45, .4, .7, .8}
	channels := [...]string{"article", "menu", "group", "poster", "share", "search"}
	type small struct {
		at              int64
		person          int
		article, course int
		kind, channel   int
	}
	const day = 24 * 3600 * 1000
	first, most := x.span.From.UnixMilli(), x.span.To.UnixMilli()
	written := 0
	var line []byte
	for d := range benchDays {
		var list []small
		want := x.rows*(d+1)/benchDays - written
		for len(list) < want {
			part := r.Float64()
			e := small{at: first + int64(d)*day + r.Int64N(day), person: r.IntN(benchPeople), article: int(part*part*benchArticles) + 1, course: r.IntN(benchCourses) + 1, channel: r.IntN(len(channels))}
			for k := 0; k < len(types) && len(list) < want && e.at < most && r.Float64() < chances[k]; k++ {
				e.kind = k
				list = append(list, e)
				e.at += int64(r.ExpFloat64() * 3 * 3600 * 1000)
			}
		}
		slices.SortFunc(list, func(a, b small) int { return int(a.at - b.at) })
		for _, e := range list {
			var id uuid.UUID
			hi, lo := uint64(e.at)<<16|0x7000|r.Uint64()&0xfff, r.Uint64()&(1<<62-1)|1<<63 //nolint:gosec // after 1970
			for i := range 8 {
				id[i], id[8+i] = byte(hi>>(56-8*i)), byte(lo>>(56-8*i)) //nolint:gosec // one byte of each
			}
			line = fmt.Appendf(line[:0], "%s,%s,%s,o%07d,%d,%d,%s,", id, types[e.kind], time.UnixMilli(e.at).UTC().Format("2006-01-02T15:04:05.000Z07:00"), e.person, e.article, e.course, channels[e.channel])
			if types[e.kind] == model.EventPaid {
				line = fmt.Appendf(line, "0,N%d,19900\n", written)
			} else {
				line = append(line, "30,,\n"...)
			}
			_, _ = w.Write(line)
			written++
		}
	}
	x.must(w.Flush())
	x.must(f.Close())
}

func (x *big) load(persons *person.Service) {
	path := filepath.Join(x.b.TempDir(), "events.csv")
	x.writeCSV(path)
	f, err := os.Open(path) //nolint:gosec // of the benchmark
	x.must(err)
	defer func() { _ = f.Close() }()
	var alone []float64
	if store.IsMySQL(x.db) {
		alone = append(alone, x.alone(4*time.Second))
	}
	start := time.Now()
	done, err := x.events.Import(x.b.Context(), event.Import{File: f, MiniAppID: "mini", OfficialAppID: "official", Persons: persons})
	x.must(err)
	if done.Added != x.rows {
		x.b.Fatalf("%d of %d added", done.Added, x.rows)
	}
	rate := float64(x.rows) / time.Since(start).Seconds()
	modeltest.Bar(fmt.Sprintf("import of %d events", x.rows), "rows/s", rate, 0, rate, 50_000, false)
	if !store.IsMySQL(x.db) {
		return
	}
	alone = append(alone, x.alone(4*time.Second))
	modeltest.Bar("import, to the database alone", "rows/s", rate, (alone[0]+alone[1])/2, 2*rate/(alone[0]+alone[1]), 0, false)
	x.must(x.db.Exec("ANALYZE TABLE events").Error)
}

// rebuild writes every roll-up again and compares: nothing may differ, before and after.
func (x *big) rebuild() {
	start := time.Now()
	found := 0
	for _, d := range x.span.Days() {
		x.must(x.events.Check(x.b.Context(), []int{d}, true, func(event.Difference) { found++ }))
	}
	took := time.Since(start).Seconds()
	var n int64
	x.must(x.db.Raw("SELECT SUM(n) FROM event_daily WHERE kind = 0").Scan(&n).Error)
	if found != 0 || n != int64(x.rows) {
		x.b.Errorf("rebuilt: %d differences, %d counted of %d", found, n, x.rows)
	}
	modeltest.Bar("roll-ups rebuilt from the rows", "s", took, 0, took, 0, true)
}

// timed gives how long fn takes, in milliseconds, several times after a first.
func (x *big) timed(times int, fn func()) []float64 {
	fn()
	var out []float64
	for range times {
		start := time.Now()
		fn()
		out = append(out, float64(time.Since(start).Microseconds())/1000)
	}
	return out
}

func (x *big) count(q string, args ...any) (n int64) {
	x.must(x.db.Raw(q, args...).Scan(&n).Error)
	return n
}

func (x *big) people() {
	ctx := x.b.Context()
	p, err := x.figures.people.People(ctx)
	x.must(err)
	tile := x.timed(50, func() {
		_, err := x.figures.countOf(ctx, p, scope{article: 1}, x.span, model.EventCourseView)
		x.must(err)
	})
	modeltest.Bar("6 count tile, 90 days", "ms", modeltest.Quantile(tile, .5), 0, modeltest.Quantile(tile, .5), 1, true)
	for _, c := range []struct {
		name string
		c    scope
		span Span
		bar  float64
	}{
		{"6 people of the largest article, 30 days", scope{article: 1}, x.month, 10}, {"6 people of the largest article, 90 days", scope{article: 1}, x.span, 10},
		{"6 people of a course, 90 days", scope{course: 7}, x.span, 10}, {"6 people of everything, 90 days", scope{}, x.span, 30},
	} {
		var got uint64
		ours := x.timed(5, func() {
			set, err := x.figures.peopleOf(ctx, p, c.c, c.span, model.EventCourseView)
			x.must(err)
			got = set.GetCardinality()
		})
		var want int64
		sql := x.timed(1, func() {
			want = x.count("SELECT COUNT(DISTINCT person_id) FROM events WHERE type = ? AND day BETWEEN ? AND ?"+c.c.where(), model.EventCourseView.Number(), c.span.First, c.span.Last)
		})
		if int64(got) != want { //nolint:gosec // far below
			x.b.Errorf("%s: %d, the database says %d", c.name, got, want)
		}
		modeltest.Bar(c.name, "ms", modeltest.Quantile(ours, .5), sql[0], modeltest.Quantile(ours, .5), c.bar, true)
	}
}

func (x *big) question(article int64) Question {
	q := Question{Span: x.month, Window: 7 * day, Order: model.FunnelOrdered}
	for _, t := range []model.EventType{model.EventArticleClick, model.EventCourseView, model.EventTrialPlay, model.EventOrderCreate, model.EventPaid} {
		q.Steps = append(q.Steps, Step{Type: t, ArticleID: article})
	}
	return q
}

// chain is the same funnel as a chain of MIN joins.
func (x *big) chain(q Question) (out []int64) {
	last := model.DayNumber(q.Span.To.Add(q.Window))
	var sql strings.Builder
	fmt.Fprintf(&sql, "WITH s1 AS (SELECT DISTINCT person_id, occurred_at AS t0, occurred_at AS t1 FROM events WHERE article_id = %d AND type = %d AND day BETWEEN %d AND %d)", q.Steps[0].ArticleID, q.Steps[0].Type.Number(), q.Span.First, q.Span.Last)
	for k := 2; k <= len(q.Steps); k++ {
		st := q.Steps[k-1]
		fmt.Fprintf(&sql, ", s%d AS (SELECT s.person_id, s.t0, MIN(e.occurred_at) AS t%d FROM s%d s JOIN events e ON e.article_id = %d AND e.type = %d AND e.day BETWEEN %d AND %d AND e.person_id = s.person_id AND e.occurred_at BETWEEN s.t%d AND s.t0 + %d GROUP BY s.person_id, s.t0)",
			k, k, k-1, st.ArticleID, st.Type.Number(), q.Span.First, last, k-1, q.Window.Milliseconds())
	}
	for k := 1; k <= len(q.Steps); k++ {
		fmt.Fprintf(&sql, "%s SELECT %d AS step, COUNT(DISTINCT person_id) AS n FROM s%d", map[bool]string{true: "", false: " UNION ALL"}[k == 1], k, k)
	}
	var rows []struct{ Step, N int64 }
	ctx, cancel := context.WithTimeout(x.b.Context(), 3*time.Minute)
	defer cancel()
	if err := x.db.WithContext(ctx).Raw(sql.String()).Scan(&rows).Error; err != nil {
		x.b.Logf("the chain of joins did not answer: %v", err)
		return nil
	}
	slices.SortFunc(rows, func(a, b struct{ Step, N int64 }) int { return int(a.Step - b.Step) })
	for _, r := range rows {
		out = append(out, r.N)
	}
	return out
}

func (x *big) funnels() {
	for _, c := range []struct {
		name    string
		article int64
		limit   float64 // ms; 0: only the ratio counts
	}{{"7 five-step funnel, typical article", benchTypical, 0}, {"7 five-step funnel, largest article", 1, 90}} {
		q := x.question(c.article)
		var got []int64
		ours := x.timed(5, func() {
			a, err := x.figures.Funnel(x.b.Context(), q)
			x.must(err)
			got = got[:0]
			for _, s := range a.Steps {
				got = append(got, s.People)
			}
		})
		var want []int64
		start := time.Now()
		want = x.chain(q)
		sql := float64(time.Since(start).Milliseconds())
		if want != nil && !slices.Equal(got, want) {
			x.b.Errorf("%s: %v, the chain of joins says %v", c.name, got, want)
		}
		mine := modeltest.Quantile(ours, .5)
		modeltest.Bar(c.name+", to joins", "ms", mine, sql, sql/mine, 4, false)
		if c.limit > 0 {
			modeltest.Bar(c.name+", 30 days", "ms", mine, 0, mine, c.limit, true)
		}
	}
}

// underLoad asks the same at rest and while ten thousand events a second are taken in.
func (x *big) underLoad(ctx context.Context) {
	p, err := x.figures.people.People(ctx)
	x.must(err)
	asks := map[string]func(){
		"a tile": func() {
			_, err := x.figures.countOf(ctx, p, scope{article: 1}, x.span, model.EventCourseView)
			x.must(err)
		},
		"people of an article": func() {
			_, err := x.figures.peopleOf(ctx, p, scope{article: 1}, x.span, model.EventCourseView)
			x.must(err)
		},
		"a funnel of an article": func() { _, err := x.figures.Funnel(ctx, x.question(benchTypical)); x.must(err) },
	}
	idle := map[string][]float64{}
	for name, ask := range asks {
		idle[name] = x.timed(60, ask)
	}
	var sent sync.WaitGroup
	quit := make(chan struct{})
	start := time.Now()
	taken := make([]int, 8)
	for i := range 8 {
		sent.Go(func() {
			tick := time.NewTicker(16 * time.Millisecond) // eight of them, twenty each: 10 000 a second
			defer tick.Stop()
			for {
				select {
				case <-quit:
					return
				case <-tick.C:
				}
				r, err := x.events.Take(ctx, event.Sender{AppID: "mini", PersonID: 1 + rand.Int64N(benchPeople)}, twenty(uuid.NewV7)) //nolint:gosec // load
				if err == nil {
					taken[i] += r.Accepted
				}
			}
		})
	}
	busy := map[string][]float64{}
	time.Sleep(time.Second)
	for name, ask := range asks {
		busy[name] = x.timed(60, ask)
	}
	close(quit)
	sent.Wait()
	sum := 0
	for _, n := range taken {
		sum += n
	}
	modeltest.Bar("8 events taken in meanwhile", "events/s", float64(sum)/time.Since(start).Seconds(), 0, 0, 0, false)
	for name := range asks {
		a, b := modeltest.Quantile(busy[name], .99), modeltest.Quantile(idle[name], .99)
		modeltest.Bar("8 "+name+", p99 meanwhile to idle", "ms", a, b, a/b, 3, true)
	}
}

// ids sends twenties as fast as they go, with ids that rise and with random ones, in turns, into a table that is
// larger than what the database may hold of it in memory.
func (x *big) ids(ctx context.Context) {
	rate := func(id func() (uuid.UUID, error)) float64 {
		var taken atomic.Int64
		var wg sync.WaitGroup
		start := time.Now()
		for range 64 {
			wg.Go(func() {
				for time.Since(start) < 3*time.Second {
					r, err := x.events.Take(ctx, event.Sender{AppID: "mini", PersonID: 1 + rand.Int64N(benchPeople)}, twenty(id)) //nolint:gosec // load
					if err == nil {
						taken.Add(int64(r.Accepted))
					}
				}
			})
		}
		wg.Wait()
		return float64(taken.Load()) / time.Since(start).Seconds()
	}
	var rising, random, ratios []float64
	for range 5 {
		rising, random = append(rising, rate(uuid.NewV7)), append(random, rate(uuid.NewRandom))
		ratios = append(ratios, random[len(random)-1]/rising[len(rising)-1])
	}
	modeltest.Bar("5 random ids, to rising ones", "events/s", modeltest.Quantile(random, .5), modeltest.Quantile(rising, .5), modeltest.Quantile(ratios, .5), .7, false)
	if store.IsMySQL(x.db) {
		pool := float64(x.count("SELECT @@innodb_buffer_pool_size")) / (1 << 20)
		table := float64(x.count("SELECT data_length + index_length FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'events'")) / (1 << 20)
		modeltest.Bar("5 size of the table, to the buffer pool", "MB", table, pool, table/pool, 1, false)
	}
}

// alone is how many rows a second the database takes by itself into a table like ours, in thousands over two
// connections.
func (x *big) alone(d time.Duration) float64 {
	x.must(x.db.Exec("CREATE TABLE bench_alone LIKE events").Error)
	defer func() { x.must(x.db.Exec("DROP TABLE bench_alone").Error) }()
	var rows, next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range 2 {
		wg.Go(func() {
			var q []byte
			for time.Since(start) < d {
				at := time.Now()
				n := next.Add(1000)
				q = append(q[:0], "INSERT INTO bench_alone (id,uid,appid,type,day,person_id,occurred_at,received_at,article_id,course_id,channel,seconds) VALUES "...)
				for i := range int64(1000) {
					if i > 0 {
						q = append(q, ',')
					}
					id := uuid.Must(uuid.NewV7())
					f := rand.Float64()                                                                                                                                                                                                   //nolint:gosec // load
					q = fmt.Appendf(q, "(%d,x'%x','mini',3,%d,%d,%d,%d,%d,%d,'menu',30)", n+i, id[:], model.DayNumber(at), 1+rand.IntN(benchPeople), at.UnixMilli(), at.UnixMilli(), int(f*f*benchArticles)+1, rand.IntN(benchCourses)+1) //nolint:gosec // load
				}
				x.must(x.db.Exec(string(q)).Error)
				rows.Add(1000)
			}
		})
	}
	wg.Wait()
	return float64(rows.Load()) / time.Since(start).Seconds()
}

// twenty is a request of twenty events with ids of a kind.
func twenty(id func() (uuid.UUID, error)) []byte {
	at := time.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00")
	b := []byte(`{"sent_at":"` + at + `","events":[`)
	for i := range 20 {
		if i > 0 {
			b = append(b, ',')
		}
		f := rand.Float64() //nolint:gosec // load
		b = fmt.Appendf(b, `{"id":"%s","type":"course_view","occurred_at":"%s","article_id":%d,"course_id":%d,"seconds":12}`,
			uuid.Must(id()), at, int(f*f*benchArticles)+1, rand.IntN(benchCourses)+1) //nolint:gosec // load
	}
	return append(b, "]}"...)
}
