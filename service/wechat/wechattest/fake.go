// Package wechattest is a fake of WeChat: of api.weixin.qq.com as far as an Official Account and a Mini Program
// call it, and of the server that pushes messages and events to them. It speaks the real protocol over real HTTP,
// signatures and cipher included, and is written from the protocol's description alone: it shares no line with the
// code it judges.
//
// What it imitates: both access tokens (they expire, die on refresh with five minutes' grace, and do not end each
// other), custom menus with WeChat's byte limits and codes, conditional menus, users and tags of one page, customer-service
// messages with their windows, codes with a scene and their picture, temporary and permanent material, login codes
// (once, five minutes) and session keys, phone numbers, text checks, shipping information, quotas; pushes in plain,
// compatible and safe mode, XML and JSON, told again when no good answer came in five seconds; the answer judged as
// WeChat judges it, and what the fan would see kept in a chat.
//
// Figures of the datacube are there: followers who came and left (its own people), their total, the visits of the
// Mini Program (a login is one; pages and sources are made up in proportion), and the
// running totals of published articles (a curve towards a number the test names).
//
// Drafts, publishing and mass sends with their quotas, their end told by an event or asked for; comments.
//
// Template messages and subscription notices to fans, their fields checked, their end pushed.
//
// What it does not: mass sends to a list of openids, subscribe messages of the Mini Program, the other figures, OAuth
// pages, third-party platforms, the real risk control, and any limit that would need millions of calls. Quotas are
// counted only where a test orders it (Fail with an errcode). Signature times and token ages follow the real clock;
// CreateTime, subscribe_time and message windows follow Options.Now.
package wechattest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"loudou/service/wechat/wechattest/gate"
)

// Fault and Call are gate's: how a call is spoilt, and what was called.
type (
	Fault = gate.Fault
	Call  = gate.Call
)

// Mode is how pushes are wrapped.
type Mode string

// The three modes of the console.
const (
	Plain      Mode = "plain"
	Compatible Mode = "compatible"
	Safe       Mode = "safe"
)

// App is one account: the Official Account or the Mini Program.
type App struct {
	AppID, Secret, Token, AESKey string
	ID                           string // gh_…, what ToUserName says
	Hook                         string // the callback URL; empty: nothing is pushed
	Mode                         Mode   // default Safe
	JSON                         bool   // pushes as JSON (Mini Programs only)
}

// Options make a fake. All zero is a good fake: fresh ids, safe mode, real times.
type Options struct {
	Official, Mini App
	Now            func() time.Time // the business clock; default time.Now
	Wait           time.Duration    // how long an answer may take, default 5 s
	RetryEvery     time.Duration    // spacing of deliveries, default 5 s
	Deliveries     int              // deliveries of one push in all, default 3
	JobTime        time.Duration    // how long a mass send or a publication takes, default 200 ms
	Client         *http.Client     // used for pushes
	OnChange       func()           // called, outside locks, when there is something new to keep
}

// BadDays are habits of the pushing side that stay until changed.
type BadDays struct {
	Times    int  `json:"times"`    // every push is delivered this often, good answers or not; 0 and 1 are the same
	Together bool `json:"together"` // those deliveries come at the same moment instead of RetryEvery apart
	Late     int  `json:"late"`     // this many first answers count as having come too late
	Forged   bool `json:"forged"`   // pushes carry a signature made with another token
}

// Fake is a whole WeChat. It is an http.Handler.
type Fake struct {
	opt    Options
	gate   *gate.Gate
	mux    *http.ServeMux
	server *httptest.Server

	mu       sync.Mutex
	s        state
	bad      BadDays
	jobs     Jobs
	notices  Notices
	tokens   map[string]*token // by value
	last     map[string]string // the current token by appid and kind
	once     map[string]code   // login and phone codes
	pushes   sync.WaitGroup
	pictures mediaJudge
	done     chan struct{}
	closed   bool
}

// New makes a fake; Close ends it.
func New(o Options) *Fake {
	fill := func(a *App, name string) {
		set := func(s *string, v string) {
			if *s == "" {
				*s = v
			}
		}
		set(&a.AppID, "wx"+strings.ToLower(random(16)))
		set(&a.Secret, random(32))
		set(&a.Token, random(16))
		set(&a.AESKey, random(43))
		set(&a.ID, "gh_"+name)
		if a.Mode == "" {
			a.Mode = Safe
		}
	}
	fill(&o.Official, "0f0123456789")
	fill(&o.Mini, "0a0123456789")
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == 0 {
		o.Wait = 5 * time.Second
	}
	if o.RetryEvery == 0 {
		o.RetryEvery = 5 * time.Second
	}
	if o.Deliveries == 0 {
		o.Deliveries = 3
	}
	if o.JobTime == 0 {
		o.JobTime = 200 * time.Millisecond
	}
	if o.Client == nil {
		o.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	}
	f := &Fake{opt: o, mux: http.NewServeMux(), tokens: map[string]*token{}, last: map[string]string{}, once: map[string]code{}, done: make(chan struct{})}
	f.s.init()
	f.gate = gate.New(f.mux)
	f.routes()
	return f
}

// T is the part of *testing.T that Start needs.
type T interface {
	Helper()
	Cleanup(func())
}

// Start serves the fake on a free port of this machine until the test ends.
func (f *Fake) Start(t T) *Fake {
	t.Helper()
	f.server = httptest.NewServer(f)
	t.Cleanup(func() { f.Close(); f.server.CloseClientConnections(); f.server.Close() })
	return f
}

// URL is the base address after Start: the value of LOUDOU_WECHAT_API.
func (f *Fake) URL() string { return f.server.URL }

// Close ends retries and hanging calls.
func (f *Fake) Close() {
	f.gate.Close()
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		close(f.done)
	}
	f.mu.Unlock()
	f.pushes.Wait()
}

// Official and Mini give the accounts with everything that was filled in.
func (f *Fake) Official() App { f.mu.Lock(); defer f.mu.Unlock(); return f.opt.Official }

// Mini gives the Mini Program's account.
func (f *Fake) Mini() App { f.mu.Lock(); defer f.mu.Unlock(); return f.opt.Mini }

// SetHooks tells where pushes go; a test knows that only once its service listens. Empty leaves one as it is.
func (f *Fake) SetHooks(official, mini string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if official != "" {
		f.opt.Official.Hook = official
	}
	if mini != "" {
		f.opt.Mini.Hook = mini
	}
}

// SetMode changes how an account's pushes are wrapped; appid is the account's.
func (f *Fake) SetMode(appid string, m Mode, json bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range []*App{&f.opt.Official, &f.opt.Mini} {
		if a.AppID == appid {
			a.Mode, a.JSON = m, json
		}
	}
}

// SetSecrets is the operator typing another Token and EncodingAESKey into WeChat's console; an empty one stays.
func (f *Fake) SetSecrets(appid, token, aesKey string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range []*App{&f.opt.Official, &f.opt.Mini} {
		if a.AppID != appid {
			continue
		}
		if token != "" {
			a.Token = token
		}
		if aesKey != "" {
			a.AESKey = aesKey
		}
	}
}

// SetBadDays changes how pushes go wrong from now on.
func (f *Fake) SetBadDays(b BadDays) { f.mu.Lock(); f.bad = b; f.mu.Unlock() }

// Mount puts another fake of the same host under pattern (virtual payment lives on api.weixin.qq.com too).
func (f *Fake) Mount(pattern string, h http.Handler) { f.mux.Handle(pattern, h) }

// ServeHTTP answers as api.weixin.qq.com does.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.gate.ServeHTTP(w, r) }

// Fail, Heal, Count, Counts and Calls are gate's, for the calls made to this fake.
func (f *Fake) Fail(pattern string, x Fault) (clear func()) { return f.gate.Fail(pattern, x) }

// Heal takes every fault away.
func (f *Fake) Heal() { f.gate.Heal() }

// Count says how often the paths of pattern were called.
func (f *Fake) Count(pattern string) int { return f.gate.Count(pattern) }

// Counts gives the calls of every path.
func (f *Fake) Counts() map[string]int { return f.gate.Counts() }

// Calls gives the last calls of the paths of pattern.
func (f *Fake) Calls(pattern string) []Call { return f.gate.Calls(pattern) }

// Forget drops the calls that are kept: for who measures memory.
func (f *Fake) Forget() { f.gate.Forget() }

// ErrCode is a Fault that answers an errcode as WeChat does: HTTP 200 and a rid.
func ErrCode(code int) Fault {
	b, _ := json.Marshal(map[string]any{"errcode": code, "errmsg": errmsg(code)})
	return Fault{Status: http.StatusOK, Body: string(b)}
}

var messages = map[int]string{
	61500: "date format error", 61501: "date range error", 61503: "data not ready",
	-1: "system error", 40001: "invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r",
	40002: "invalid grant_type", 40003: "invalid openid", 40004: "invalid media type", 40007: "invalid media_id", 40008: "invalid message type", 40009: "invalid image size", 40013: "invalid appid", 40014: "invalid access_token", 40015: "invalid menu type",
	40016: "invalid button size", 40017: "invalid button type", 40018: "invalid button name size", 40019: "invalid button key size", 40020: "invalid button url size", 40022: "invalid sub button level", 40023: "invalid sub button size",
	40024: "invalid sub button type", 40025: "invalid sub button name size", 40026: "invalid sub button key size", 40027: "invalid sub button url size", 40029: "invalid code", 40033: "invalid charset. please check your request, if include \\uxxxx will create fail!", 40035: "invalid args size",
	40066: "invalid url", 40097: "invalid args", 40125: "invalid appsecret,", 40129: "invalid scene", 40137: "invalid image format", 40163: "code been used,", 41001: "access_token missing", 41002: "appid missing", 41004: "appsecret missing", 41005: "media data missing", 41006: "media_id missing", 41008: "missing code", 41009: "missing openid",
	41030: "invalid page", 42001: "access_token expired", 43001: "require GET method", 43002: "require POST method", 44002: "empty post data", 44004: "empty content", 45001: "media size out of limit", 45009: "reach max api daily quota limit", 45011: "api minute-quota reach limit mustslower retry next minute",
	45015: "response out of time limit or subscription is canceled", 45029: "qrcode count out of limit", 45047: "out of response count limit", 46003: "menu no exist", 47001: "data format error", 47003: "argument invalid!", 48001: "api unauthorized", 48006: "forbid to clear quota because of reaching the limit",
	40059: "invalid msg id", 40114: "invalid index", 40132: "invalid username", 44003: "empty news data", 45002: "content size out of limit", 45003: "title size out of limit", 45004: "description size out of limit", 45005: "url size out of limit", 45008: "article size out of limit",
	45028: "has no masssend quota", 45065: "clientmsgid exist", 45066: "same clientmsgid retry too fast", 45067: "clientmsgid size out of limit", 45159: "invalid tag id", 40037: "invalid template_id", 43101: "user refuse to accept the msg", 40164: "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist", 43004: "require subscribe", 53600: "article id invalid",
	88000: "without comment privilege", 88001: "msg_data is not exists", 88003: "elected comment upper limit", 88005: "already reply", 88007: "reply content is empty or content length limit", 88008: "comment is not exists", 88010: "count range error. cout <= 0 or count > 50",
	65301: "no such menuid", 65303: "there is no selfmenu, please create selfmenu first", 65304: "match rule empty", 76021: "cgi_path not found", 87009: "invalid signature", 10060001: "支付单不存在",
}

func errmsg(code int) string {
	m := messages[code]
	if m == "" {
		m = "error"
	}
	return m + " rid: " + rid()
}

func rid() string {
	return fmt.Sprintf("%08x-%s-%s", time.Now().Unix(), strings.ToLower(hexWord()), strings.ToLower(hexWord()))
}

func (f *Fake) changed() {
	if f.opt.OnChange != nil {
		f.opt.OnChange()
	}
}
