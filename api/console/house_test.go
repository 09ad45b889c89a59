package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/alicebob/miniredis/v2"
	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

	"loudou/api"
	"loudou/api/console"
	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/limit"
	"loudou/service/operator"
	"loudou/web"
)

const password = "correct horse battery"

var ctx = context.Background()

// logs keeps all that the tests of this package write to the log, for the canaries.
var logs struct {
	sync.Mutex
	bytes.Buffer
}

type logWriter struct{}

func (logWriter) Write(p []byte) (int, error) {
	logs.Lock()
	defer logs.Unlock()
	return logs.Buffer.Write(p)
}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(logWriter{}, &slog.HandlerOptions{Level: slog.LevelDebug})))
	os.Exit(m.Run())
}

// house is the console's door behind the whole router, with real services.
type house struct {
	t    *testing.T
	db   *gorm.DB
	door *console.Door
	doc  *huma.OpenAPI
	web  http.Handler

	engine *gin.Engine
	ops    *operator.Service
}

type option struct {
	limits    bool
	publicURL string
	proxies   []string
}

func open(t *testing.T, db *gorm.DB, o option) *house {
	t.Helper()
	m := miniredis.RunT(t)
	c := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	h := &house{t: t, db: db}
	h.ops = operator.New(db, limit.New(c, !o.limits), operator.Options{TwoPerson: true, AppIDs: []string{"wxoa", "wxmini"}})
	h.door = furnish(db, h.ops)
	h.door.PublicURL = o.publicURL
	pages, err := console.Pages(fstest.MapFS{
		"index.html":           {Data: []byte("<!doctype html><title>控制台</title>")},
		"assets/app-1a2b3c.js": {Data: []byte(strings.Repeat("export const a = 1\n", 100))},
		"icon.svg":             {Data: []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")},
	})
	if err != nil {
		t.Fatal(err)
	}
	engine, doc, err := api.New(api.Options{Version: "test", TrustedProxies: o.proxies, NoRoute: pages, Docs: web.Docs(), Ready: func(context.Context) []string { return nil }}, h.door)
	if err != nil {
		t.Fatal(err)
	}
	h.web, h.engine, h.doc = engine, engine, doc.OpenAPI()
	h.add("boss", model.RoleOwner)
	return h
}

func openHouse(t *testing.T) *house { return open(t, modeltest.Open(t), option{}) }

func (h *house) add(name string, role model.Role) model.Operator {
	h.t.Helper()
	o, err := h.ops.Add(ctx, model.Operator{Name: "system"}, name, password, role)
	if err != nil {
		h.t.Fatal(err)
	}
	return o
}

// browser is one caller with its cookies.
type browser struct {
	h       *house
	cookies map[string]string
	csrf    string
	header  http.Header
	remote  string
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) code() string {
	var f struct {
		Error struct{ Code string }
	}
	_ = json.Unmarshal([]byte(a.body), &f)
	return f.Error.Code
}

func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

func (h *house) browser() *browser {
	return &browser{h: h, cookies: map[string]string{}, header: http.Header{}, remote: "192.0.2.1:1234"}
}

// as logs name in.
func (h *house) as(name string) *browser {
	h.t.Helper()
	b := h.browser()
	a := b.login(name, password)
	if a.status != 200 {
		h.t.Fatalf("login %s: %d %s", name, a.status, a.body)
	}
	return b
}

func (b *browser) login(name, password string) answer {
	body, _ := json.Marshal(map[string]string{"name": name, "password": password})
	a := b.do("POST", "/console/v1/login", string(body))
	var s struct {
		CSRFToken string `json:"csrf_token"`
	}
	_ = json.Unmarshal([]byte(a.body), &s)
	if a.status == 200 {
		b.csrf = s.CSRFToken
	}
	return a
}

func (b *browser) do(method, path, body string) answer {
	b.h.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, path, r)
	req.RemoteAddr = b.remote
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if b.csrf != "" && method != "GET" {
		req.Header.Set("X-CSRF-Token", b.csrf)
	}
	for k, v := range b.cookies {
		req.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	for k, v := range b.header {
		req.Header.Del(k)
		if v[0] != "" {
			req.Header[k] = v
		}
	}
	w := httptest.NewRecorder()
	b.h.web.ServeHTTP(w, req)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 || c.Value == "" {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return answer{status: w.Code, header: w.Header(), body: w.Body.String()}
}

// with is a copy of b that sends one header more; an empty value removes it.
func (b *browser) with(name, value string) *browser {
	c := &browser{h: b.h, cookies: map[string]string{}, csrf: b.csrf, header: b.header.Clone(), remote: b.remote}
	for k, v := range b.cookies {
		c.cookies[k] = v
	}
	c.header.Set(name, value)
	return c
}
