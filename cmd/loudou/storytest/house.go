// Package storytest runs the built program as a process beside the three fakes, with reading proxies before
// its database and its Redis, and does to it what the world does: kills it, cuts its roads, tells it things
// twice. Check states what must be true afterwards.
package storytest

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"loudou/model/modeltest"
	"loudou/service/store"
	"loudou/service/wechat/wechattest"
	"loudou/service/wxpay/wxpaytest"
	"loudou/service/xpay/xpaytest"
)

// Options shape a house.
type Options struct {
	MySQL    bool // on MariaDB behind a proxy, else SQLite
	Direct   bool // no proxies: for measuring; Check and the faults need them
	Programs int  // how many instances share the database; 0: one
	Env      map[string]string
}

// House is the program with everything around it. What it plants as secrets must be found nowhere.
type House struct {
	T      testing.TB
	WeChat *wechattest.Fake
	Pay    *wxpaytest.Fake
	XPay   *xpaytest.Fake
	DB     *gorm.DB     // past the proxy
	Redis  *store.Redis // past the proxy; nil where the program has its own inside
	SQL    *Proxy       // nil on SQLite
	Cache  *Proxy       // nil without LOUDOU_TEST_REDIS
	All    []*Program

	mu       sync.Mutex
	unjust   sync.Once // an honest event was refused: said once
	answers  bytes.Buffer
	canaries map[string]string
	acked    map[string]bool // event ids the program said it had
	desk     *http.Client
	csrf     string
}

// Open starts a house and ends it with the test.
func Open(t testing.TB, binary string, o Options) *House {
	t.Helper()
	h := &House{T: t, acked: map[string]bool{}, canaries: map[string]string{}}
	secret := func(name string) string { return "canary-" + name + "-71c2" }
	h.WeChat = wechattest.New(wechattest.Options{
		Official:   wechattest.App{AppID: "wx0123456789abcde0", Secret: hexSecret(), Token: "canarytoken71c2"},
		Mini:       wechattest.App{AppID: "wx0123456789abcde1", Secret: hexSecret()},
		RetryEvery: 50 * time.Millisecond, Wait: 5 * time.Second,
	}).Start(t)
	h.Pay = wxpaytest.New(wxpaytest.Options{RefundIn: 20 * time.Millisecond, RefundGap: time.Nanosecond, Plan: []time.Duration{time.Hour}}).Start(t)
	h.XPay = xpaytest.New(xpaytest.Options{WeChat: h.WeChat, OfferID: "offer1", AppKey: secret("appkey"), SandboxAppKey: "sandbox", AnyGoods: true, GoodsIn: 10 * time.Millisecond}).Start(t)
	dir := t.TempDir()
	dsn := h.openDatabase(o, dir)
	redis := h.openRedis(o)
	if o.Programs == 0 {
		o.Programs = 1
	}
	oa, mini, k := h.WeChat.Official(), h.WeChat.Mini(), h.Pay.Keys()
	for i := range o.Programs {
		env := map[string]string{
			"LOUDOU_DATABASE": dsn, "LOUDOU_REDIS": redis, "LOUDOU_DATA": filepath.Join(dir, fmt.Sprint("data", i)), "LOUDOU_LIMITS": "off",
			"LOUDOU_SECRET": secret("signing-0123456789abcdef0123456789"), "LOUDOU_OPERATOR_NAME": "boss", "LOUDOU_OPERATOR_PASSWORD": secret("Operator9"),
			"LOUDOU_OFFICIAL_APPID": oa.AppID, "LOUDOU_OFFICIAL_SECRET": oa.Secret, "LOUDOU_OFFICIAL_TOKEN": oa.Token, "LOUDOU_OFFICIAL_AES_KEY": oa.AESKey,
			"LOUDOU_MINI_APPID": mini.AppID, "LOUDOU_MINI_SECRET": mini.Secret, "LOUDOU_MINI_TOKEN": mini.Token, "LOUDOU_MINI_AES_KEY": mini.AESKey,
			"LOUDOU_PAY_MCHID": k.MchID, "LOUDOU_PAY_SERIAL": k.Serial, "LOUDOU_PAY_PRIVATE_KEY": string(k.MerchantPEM()), "LOUDOU_PAY_APIV3_KEY": k.APIv3Key,
			"LOUDOU_PAY_PUBLIC_KEY_ID": k.PublicKeyID, "LOUDOU_PAY_PUBLIC_KEY": string(k.PublicKeyPEM()),
			"LOUDOU_XPAY_OFFER_ID": "offer1", "LOUDOU_XPAY_APP_KEY": secret("appkey"), "LOUDOU_XPAY_SANDBOX_APP_KEY": "sandbox",
			"LOUDOU_WECHAT_API": h.WeChat.URL(), "LOUDOU_PAY_API": h.Pay.URL(), "LOUDOU_PUBLIC_URL": "https://shop.example.com", "LOUDOU_LOG_LEVEL": "debug",
		}
		for name, v := range o.Env {
			env[name] = v
		}
		p := &Program{house: h, binary: binary, env: env, dir: dir, logPath: filepath.Join(dir, fmt.Sprintf("log%d", i)), addr: freeAddr(t), metrics: freeAddr(t)}
		h.All = append(h.All, p)
		t.Cleanup(p.Kill)
		p.Start()
	}
	base := h.All[0].URL()
	h.WeChat.SetHooks(base+"/hook/official", base+"/hook/mini")
	h.Pay.SetService(base)
	pem := strings.Split(string(k.MerchantPEM()), "\n")
	for name, v := range map[string]string{
		"AppSecret": oa.Secret, "Mini AppSecret": mini.Secret, "AES key": oa.AESKey, "v3 key": k.APIv3Key, "private key": pem[2], "AppKey": secret("appkey"),
		"operator's password": secret("Operator9"), "LOUDOU_SECRET": "canary-signing-0123456789",
	} {
		h.plant(name, v)
	}
	h.login()
	return h
}

func (h *House) openDatabase(o Options, dir string) (dsn string) {
	t := h.T
	direct := "sqlite:" + filepath.Join(dir, "loudou.db")
	dsn = direct
	if o.MySQL {
		direct = modeltest.MySQLDSN(t)
		dsn = direct
	}
	if o.MySQL && !o.Direct {
		server, name, _ := strings.Cut(strings.TrimPrefix(direct, "mysql://"), "/")
		_, address, _ := strings.Cut(server, "(")
		address = strings.TrimSuffix(address, ")")
		h.SQL = NewProxy(t, address)
		// A user of its own, so that the DSN holds a password that can be looked for.
		admin, err := sql.Open("mysql", os.Getenv("LOUDOU_TEST_MYSQL"))
		if err != nil {
			t.Fatal(err)
		}
		password := "canary-dsn-71c2"
		for _, q := range []string{"CREATE USER '" + name + "'@'127.0.0.1' IDENTIFIED BY '" + password + "'", "GRANT ALL ON " + name + ".* TO '" + name + "'@'127.0.0.1'"} {
			if _, err := admin.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { _, _ = admin.Exec("DROP USER '" + name + "'@'127.0.0.1'"); _ = admin.Close() })
		h.plant("DSN's password", password)
		dsn = "mysql://" + name + ":" + password + "@tcp(" + h.SQL.Addr() + ")/" + name
	}
	db, err := store.OpenDB(direct)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	h.DB = db
	return dsn
}

// openRedis gives the house a database of the test server for itself, emptied: number 10 beside MariaDB, else
// 9, so that one house of each kind may stand at a time.
func (h *House) openRedis(o Options) (address string) {
	server := os.Getenv("LOUDOU_TEST_REDIS")
	if server == "" {
		return ""
	}
	t := h.T
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	number := "/9"
	if o.MySQL {
		number = "/10"
	}
	r, err := store.OpenRedis("redis://" + u.Host + number)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if err := r.FlushDB(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	h.Redis = r
	if o.Direct {
		return "redis://" + u.Host + number
	}
	h.Cache = NewProxy(t, u.Host)
	h.plant("Redis password", "canary-redis-71c2")
	return "redis://default:canary-redis-71c2@" + h.Cache.Addr() + number
}

// plant names a secret that may be found nowhere.
func (h *House) plant(name, value string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(value) < 8 {
		h.T.Fatalf("the secret %s is too short to be looked for", name)
	}
	h.canaries[name] = value
}

func (h *House) login() {
	h.T.Helper()
	jar, _ := cookiejar.New(nil) // never fails without options
	h.desk = &http.Client{Jar: jar, Timeout: 20 * time.Second}
	res, err := h.desk.Post(h.All[0].URL()+"/console/v1/login", "application/json", strings.NewReader(`{"name":"boss","password":"`+h.canaries["operator's password"]+`"}`))
	if err != nil {
		h.T.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out struct {
		CSRF string `json:"csrf_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || out.CSRF == "" {
		h.T.Fatalf("login: %d %v", res.StatusCode, err)
	}
	h.csrf = out.CSRF
	h.plant("CSRF token", out.CSRF)
	for _, c := range res.Cookies() {
		h.plant("cookie", c.Value)
	}
}

// Answer is what a door said.
type Answer struct {
	Status int
	Body   []byte
	Took   time.Duration
}

// Get reads one value of a JSON answer.
func (a Answer) Get(name string) any {
	var m map[string]any
	_ = json.Unmarshal(a.Body, &m)
	return m[name]
}

// Number reads a whole number of a JSON answer.
func (a Answer) Number(name string) int64 { f, _ := a.Get(name).(float64); return int64(f) }

// Console calls the console of the first instance as its owner. Status 0: no answer.
func (h *House) Console(method, path, body string) Answer {
	return h.call(h.desk, method, h.All[0].URL()+"/console/v1"+path, body, "X-CSRF-Token", h.csrf)
}

func (h *House) call(c *http.Client, method, address, body string, headers ...string) Answer {
	req, err := http.NewRequest(method, address, strings.NewReader(body)) //nolint:noctx // the client's limit counts
	if err != nil {
		h.T.Error(err)
		return Answer{}
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	start := time.Now()
	res, err := c.Do(req)
	if err != nil {
		return Answer{Took: time.Since(start)}
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return Answer{Took: time.Since(start)}
	}
	h.mu.Lock()
	h.answers.Write(raw)
	h.mu.Unlock()
	return Answer{Status: res.StatusCode, Body: raw, Took: time.Since(start)}
}

// Count asks the database, past the proxy.
func (h *House) Count(query string, args ...any) (n int64) {
	h.T.Helper()
	if err := h.DB.Raw(query, args...).Scan(&n).Error; err != nil {
		h.T.Fatal(err)
	}
	return n
}

// Until waits for something to become true.
func (h *House) Until(what string, limit time.Duration, ok func() bool) bool {
	h.T.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	h.T.Errorf("%s: not within %v", what, limit)
	return false
}

// Program is one instance of the built program.
type Program struct {
	house                               *House
	binary, dir, logPath, addr, metrics string
	env                                 map[string]string

	mu   sync.Mutex
	cmd  *exec.Cmd
	gone chan struct{}
}

// URL is where the instance listens, the same after every start.
func (p *Program) URL() string { return "http://" + p.addr }

// Start starts the instance and returns once it is ready, with how long that took.
func (p *Program) Start() time.Duration {
	t := p.house.T
	t.Helper()
	start := time.Now()
	p.launch()
	client := &http.Client{Timeout: time.Second}
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if res, err := client.Get(p.URL() + "/readyz"); err == nil { //nolint:noctx // the client's limit counts
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return time.Since(start)
			}
		}
		select {
		case <-p.gone:
			t.Fatalf("the program ended at its start:\n%s", tail(p.Log()))
		default:
		}
	}
	t.Fatalf("not ready:\n%s", tail(p.Log()))
	return 0
}

func (p *Program) environment() []string {
	out := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "LOUDOU_ADDR=" + p.addr, "LOUDOU_METRICS_ADDR=" + p.metrics}
	for name, v := range p.env {
		out = append(out, name+"="+v)
	}
	return out
}

func (p *Program) launch() {
	t := p.house.T
	t.Helper()
	out, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	cmd := exec.Command(p.binary, "serve") //nolint:gosec,noctx // the program under test
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = p.dir, out, out, withParent()
	cmd.Env = p.environment()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	p.mu.Lock()
	p.cmd, p.gone = cmd, gone
	p.mu.Unlock()
	go func() { _ = cmd.Wait(); close(gone) }()
}

// Kill is kill -9; it returns when the process is gone.
func (p *Program) Kill() {
	p.mu.Lock()
	cmd, gone := p.cmd, p.gone
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Kill()
	<-gone
}

// Log is everything the instance has written.
func (p *Program) Log() string {
	b, _ := os.ReadFile(p.logPath)
	return string(b)
}

// hexSecret looks like an AppSecret.
func hexSecret() string { return strings.ReplaceAll(uuid.NewString(), "-", "") }

func tail(s string) string { return s[max(0, len(s)-2000):] }

func freeAddr(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}
