package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	sdk "github.com/silenceper/wechat/v2"
	"github.com/silenceper/wechat/v2/cache"
	sdkconfig "github.com/silenceper/wechat/v2/officialaccount/config"
	sdkmessage "github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/sirupsen/logrus"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/wechat"
	"loudou/service/wechat/wechattest"
)

// BenchmarkCallback handles pushes in safe mode by gin and the SDK's receiver (the reference), by our
// receiver and rules alone, and by the whole house with deduplication and storage, in turns on the same
// machine. It reports the medians of the ratios; run it with -benchtime=1x.
func BenchmarkCallback(b *testing.B) {
	const pushes, rounds, callers = 3000, 7, 128
	old := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(old)
	fake := wechattest.New(wechattest.Options{})
	defer fake.Close()
	oa := fake.Official()
	wrapped := func(from int) []wechattest.Wrapped {
		out := make([]wechattest.Wrapped, pushes)
		for i := range out {
			w, err := fake.Wrap(oa.AppID, "o", textOf(fmt.Sprintf("oFan%04d", i%500), "我想买课程", strconv.Itoa(from+i)))
			if err != nil {
				b.Fatal(err)
			}
			out[i] = w
		}
		return out
	}
	d := openBenchHouse(b, fake)
	reference, alone := referenceHandler(oa), aloneHandler(b, d, oa)
	rate := func(h http.Handler, list []wechattest.Wrapped) float64 {
		var next atomic.Int64
		var wg sync.WaitGroup
		start := time.Now()
		for range callers {
			wg.Go(func() {
				for {
					i := next.Add(1) - 1
					if i >= int64(len(list)) {
						return
					}
					w := list[i]
					r := httptest.NewRequest("POST", "/hook/official?"+w.Query.Encode(), bytes.NewReader(w.Body))
					r.Header.Set("Content-Type", w.ContentType)
					rec := httptest.NewRecorder()
					h.ServeHTTP(rec, r)
					if rec.Code != 200 || !bytes.Contains(rec.Body.Bytes(), []byte("<Encrypt>")) {
						b.Errorf("answered %d %s", rec.Code, rec.Body.Bytes())
						return
					}
				}
			})
		}
		wg.Wait()
		return float64(len(list)) / time.Since(start).Seconds()
	}
	for b.Loop() {
		var bare, stored, sdkRate, ourRate, storedRate []float64
		for i := range rounds {
			list := wrapped(1_000_000 * (i + 1))
			x, y, z := rate(reference, list), rate(alone, list), rate(d.handler, list)
			sdkRate, ourRate, storedRate = append(sdkRate, x), append(ourRate, y), append(storedRate, z)
			bare, stored = append(bare, y/x), append(stored, z/x)
		}
		b.ReportMetric(median(sdkRate), "sdk/s")
		b.ReportMetric(median(ourRate), "ours/s")
		b.ReportMetric(median(storedRate), "stored/s")
		b.ReportMetric(median(bare), "ours÷sdk")
		b.ReportMetric(median(stored), "stored÷sdk")
	}
	if n := d.inbox.Stored.Load(); n == 0 || d.inbox.Spooled.Load() > 0 {
		b.Errorf("stored %d, spooled %d", n, d.inbox.Spooled.Load())
	}
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}

// referenceHandler is gin and silenceper's receiver with a text answer, its log quiet.
func referenceHandler(oa wechattest.App) http.Handler {
	logrus.SetOutput(io.Discard)
	logrus.SetLevel(logrus.ErrorLevel)
	account := sdk.NewWechat().GetOfficialAccount(&sdkconfig.Config{AppID: oa.AppID, AppSecret: oa.Secret, Token: oa.Token, EncodingAESKey: oa.AESKey, Cache: cache.NewMemory()})
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.POST("/hook/official", func(c *gin.Context) {
		s := account.GetServer(c.Request, c.Writer)
		s.SetMessageHandler(func(*sdkmessage.MixMessage) *sdkmessage.Reply {
			return &sdkmessage.Reply{MsgType: sdkmessage.MsgTypeText, MsgData: sdkmessage.NewText("课程在这里")}
		})
		if err := s.Serve(); err != nil {
			c.Status(http.StatusForbidden)
			return
		}
		_ = s.Send()
	})
	return r
}

// aloneHandler is gin, our receiver and the live rules, without the inbox.
func aloneHandler(b *testing.B, h *house, oa wechattest.App) http.Handler {
	receiver, err := wechat.NewReceiver(wechat.ReceiverOptions{AppID: oa.AppID, Token: oa.Token, AESKey: oa.AESKey})
	if err != nil {
		b.Fatal(err)
	}
	r := gin.New()
	r.POST("/hook/official", func(c *gin.Context) {
		body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, wechat.MaxPush))
		if err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		env, err := receiver.Open(c.Request.Context(), c.Request.URL.RawQuery, body)
		if err != nil {
			c.Status(http.StatusForbidden)
			return
		}
		answer := h.replies.Answer(&env.Push, time.Now())
		c.Data(http.StatusOK, "application/xml; charset=utf-8", receiver.Seal(env, answer.Body))
	})
	return r
}

// openBenchHouse is a house on MySQL where there is one, else on SQLite, with one live rule.
func openBenchHouse(b *testing.B, fake *wechattest.Fake) *house {
	dsn := modeltest.SQLiteDSN(b)
	if os.Getenv("LOUDOU_TEST_MYSQL") != "" {
		dsn = modeltest.MySQLDSN(b)
	}
	h := openHouse(b, fake, dsn, "http://127.0.0.1:1")
	by := model.Operator{ID: 1, Name: "boss"}
	if _, err := h.replies.Create(context.Background(), by, model.Rule{
		Name: "课程", Kind: model.RuleKeyword, Keywords: []model.Keyword{{Text: "课程", Match: model.MatchContains}}, Enabled: true,
		Messages: []model.Message{{Type: "text", Content: "课程在这里"}},
	}); err != nil {
		b.Fatal(err)
	}
	if _, err := h.replies.Publish(context.Background(), by, "", ""); err != nil {
		b.Fatal(err)
	}
	return h
}
