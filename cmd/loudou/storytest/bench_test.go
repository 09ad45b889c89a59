package storytest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
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

	"loudou/model/modeltest"
	"loudou/service/wechat/wechattest"
	"loudou/service/wxpay"
)

const (
	benchRounds = 5
	benchTime   = 2 * time.Second
	benchConns  = 256 // of pushes: so many that neither side waits for the driver
	orderConns  = 32
)

// BenchmarkBars prints one line for every number that is promised: name, ours, reference, ratio, bar. Ours
// and the reference take turns in the same run; each figure is the median of the rounds,
// and so is each ratio, since a shared machine is not equally fast in all of them. `make bench` runs it.
func BenchmarkBars(b *testing.B) {
	gin.SetMode(gin.ReleaseMode)
	b.Run("callback", benchCallback)
	b.Run("rules", benchRules)
	b.Run("order", benchOrder)
	b.Run("start", benchStart)
}

func medianOf(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// ratioOf is the median of the ratios of each round.
func ratioOf(ours, reference []float64) float64 {
	all := make([]float64, len(ours))
	for i := range ours {
		all[i] = ours[i] / reference[i]
	}
	return medianOf(all)
}

// serveAt gives a handler an address until the benchmark ends.
func serveAt(b *testing.B, h http.Handler) string {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	go func() { _ = s.Serve(ln) }()
	b.Cleanup(func() { _ = s.Close() })
	return ln.Addr().String()
}

// drive sends requests over kept connections for a while and gives the good answers a second.
func drive(b *testing.B, address string, conns int, next func(conn int) []byte, good func(status int, body []byte) bool) float64 {
	b.Helper()
	var done, bad atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for i := range conns {
		wg.Go(func() {
			c, err := net.Dial("tcp", address) //nolint:noctx // a benchmark
			if err != nil {
				b.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			r := bufio.NewReader(c)
			for time.Since(start) < benchTime {
				if _, err := c.Write(next(i)); err != nil {
					bad.Add(1)
					return
				}
				res, err := http.ReadResponse(r, nil)
				if err != nil {
					bad.Add(1)
					return
				}
				body, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if good(res.StatusCode, body) {
					done.Add(1)
				} else if bad.Add(1) == 1 {
					b.Logf("a bad answer: %d %s", res.StatusCode, body)
				}
			}
		})
	}
	wg.Wait()
	if n := bad.Load(); n > done.Load()/100 {
		b.Errorf("%d bad answers beside %d good ones", n, done.Load())
	}
	return float64(done.Load()) / time.Since(start).Seconds()
}

// pushes gives texts of fans, each another message, wrapped before the clock runs.
func pushes(b *testing.B, fake *wechattest.Fake, n int) func(int) []byte {
	b.Helper()
	oa := fake.Official()
	all := make([][]byte, n)
	run := time.Now().UnixNano()
	for i := range all {
		w, err := fake.Wrap(oa.AppID, "o", Text("oFan"+strconv.Itoa(i%500), "课程", strconv.FormatInt(run+int64(i), 10)))
		if err != nil {
			b.Fatal(err)
		}
		all[i] = fmt.Appendf(nil, "POST /hook/official?%s HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", w.Query.Encode(), len(w.Body), w.Body)
	}
	var at atomic.Int64
	return func(int) []byte { return all[int(at.Add(1)-1)%len(all)] }
}

func sealed(status int, body []byte) bool {
	return status == 200 && bytes.Contains(body, []byte("<Encrypt>"))
}

// benchCallback: safe mode, a text in and a text out.
func benchCallback(b *testing.B) {
	h := Open(b, binary, Options{MySQL: os.Getenv("LOUDOU_TEST_MYSQL") != "", Env: map[string]string{"LOUDOU_LOG_LEVEL": "warn"}})
	h.must(201, h.Console("POST", "/replies", `{"name":"课程","kind":"keyword","keywords":[{"text":"课程","match":"exact"}],"enabled":true,"messages":[{"type":"text","content":"课程在小程序里"}]}`))
	h.must(200, h.Console("POST", "/replies/publish", `{"note":"开张"}`))
	theirsAt, bareAt := startYard(b, h.WeChat.Official())
	ours := strings.TrimPrefix(h.All[0].URL(), "http://")
	var reference, without, with []float64
	for range benchRounds {
		reference = append(reference, drive(b, theirsAt, benchConns, pushes(b, h.WeChat, 60000), sealed))
		without = append(without, drive(b, bareAt, benchConns, pushes(b, h.WeChat, 60000), sealed))
		with = append(with, drive(b, ours, benchConns, pushes(b, h.WeChat, 60000), sealed))
	}
	modeltest.Bar("callback, safe mode, no storage", "req/s", medianOf(without), medianOf(reference), ratioOf(without, reference), 1.4, false)
	modeltest.Bar("callback, dedup and storage", "req/s", medianOf(with), medianOf(reference), ratioOf(with, reference), 0.5, false)
}

// benchOrder: the order road against the least it can do: one row, WeChat's call, one update, the signature.
func benchOrder(b *testing.B) {
	h := Open(b, binary, Options{MySQL: os.Getenv("LOUDOU_TEST_MYSQL") != "", Env: map[string]string{"LOUDOU_LOG_LEVEL": "warn"}})
	course := h.Course()
	k := h.Pay.Keys()
	client, err := wxpay.New(wxpay.Options{API: h.Pay.URL(), AppID: h.WeChat.Mini().AppID, MchID: k.MchID, Serial: k.Serial, PrivateKey: string(k.MerchantPEM()), APIv3Key: k.APIv3Key, PublicKeyID: k.PublicKeyID, PublicKey: string(k.PublicKeyPEM())})
	if err != nil {
		b.Fatal(err)
	}
	if err := h.DB.Exec("CREATE TABLE yard_orders (no VARCHAR(32) NOT NULL PRIMARY KEY, prepay VARCHAR(128) NOT NULL)").Error; err != nil {
		b.Fatal(err)
	}
	yard := gin.New()
	yard.POST("/mini/v1/orders", func(c *gin.Context) {
		no := strings.ReplaceAll(uuid.NewString(), "-", "")
		if h.DB.Exec("INSERT INTO yard_orders (no, prepay) VALUES (?, '')", no).Error != nil {
			c.Status(http.StatusInternalServerError)
			return
		}
		id, err := client.Prepay(context.Background(), wxpay.Order{OutTradeNo: no, Description: "写作课", Total: 9900, Payer: "oPayer", ExpireAt: time.Now().Add(time.Hour), NotifyURL: "https://shop.example.com/hook/pay"})
		if err != nil || h.DB.Exec("UPDATE yard_orders SET prepay = ? WHERE no = ?", id, no).Error != nil {
			c.Status(http.StatusInternalServerError)
			return
		}
		pay, err := client.PayParams(id)
		if err != nil {
			c.Status(http.StatusInternalServerError)
			return
		}
		c.JSON(http.StatusCreated, gin.H{"out_trade_no": no, "pay": pay})
	})
	body := fmt.Sprintf(`{"course_id":%d,"via":"jsapi"}`, course)
	request := func(token string) []byte {
		return fmt.Appendf(nil, "POST /mini/v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", token, uuid.NewString(), len(body), body)
	}
	made := func(status int, _ []byte) bool { return status == http.StatusCreated }
	yardAt, ours := serveAt(b, yard), strings.TrimPrefix(h.All[0].URL(), "http://")
	var reference, mine []float64
	for range benchRounds {
		reference = append(reference, drive(b, yardAt, orderConns, func(int) []byte { return request("x") }, made))
		// A learner has one open order of a course, so every order needs another learner.
		const n = 1200
		tokens := make([]string, n)
		for i := range tokens {
			tokens[i] = h.Phone().token
		}
		var at atomic.Int64
		start := time.Now()
		var good atomic.Int64
		var wg sync.WaitGroup
		for range orderConns {
			wg.Go(func() {
				c := &http.Client{}
				for {
					i := int(at.Add(1) - 1)
					if i >= n || time.Since(start) > benchTime {
						return
					}
					a := h.call(c, "POST", "http://"+ours+"/mini/v1/orders", body, "Authorization", "Bearer "+tokens[i], "Idempotency-Key", uuid.NewString())
					if a.Status == http.StatusCreated {
						good.Add(1)
					}
				}
			})
		}
		wg.Wait()
		mine = append(mine, float64(good.Load())/time.Since(start).Seconds())
	}
	modeltest.Bar("order road", "orders/s", medianOf(mine), medianOf(reference), ratioOf(mine, reference), 0, false)
}

// benchStart: from the start of the process to readyz 200 on SQLite, and what it holds when nothing happens.
func benchStart(b *testing.B) {
	b.Setenv("LOUDOU_TEST_REDIS", "")
	h := Open(b, binary, Options{Env: map[string]string{"LOUDOU_LOG_LEVEL": "warn"}})
	var took []float64
	for range benchRounds {
		h.All[0].Kill()
		took = append(took, h.All[0].Start().Seconds()*1000)
	}
	ms := medianOf(took)
	modeltest.Bar("start to ready, SQLite (ms, s)", "ms", ms, 0, ms/1000, 1, true)
	time.Sleep(3 * time.Second)
	mb := h.All[0].held(b)
	modeltest.Bar("idle memory (MB)", "MB", mb, 0, mb, 80, true)
}
