package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"loudou/model"
)

// Options describe one app: an Official Account or a Mini Program.
type Options struct {
	AppID  string
	Secret string
	API    string                // base URL; empty means WeChat's own hosts
	Redis  redis.UniversalClient // where instances share the token; nil means each keeps its own
	// Transport is below ours; default one of its own.
	Transport http.RoundTripper
}

// Client calls WeChat for one app. It is safe for many callers at once. Every call takes ctx, ends within four
// seconds (uploads: thirty), is repeated once with a fresh token when WeChat refused the old one, and fails with a
// *model.CallError whose text holds neither secret nor token.
type Client struct {
	o       Options
	base    *url.URL // nil: WeChat's own hosts
	http    *http.Client
	tokens  *Tokens
	health  *health
	breaker breaker
	now     func() time.Time // the real clock
}

const (
	mainHost    = "api.weixin.qq.com"
	backupHost  = "api2.weixin.qq.com"
	callTime    = 4 * time.Second
	uploadTime  = 30 * time.Second
	answerLimit = 2 << 20
)

var direct = &http.Transport{
	Proxy:               http.ProxyFromEnvironment,
	DialContext:         (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
	TLSHandshakeTimeout: 2 * time.Second,
	MaxIdleConnsPerHost: 64,
	IdleConnTimeout:     60 * time.Second,
	ForceAttemptHTTP2:   true,
}

// New makes the client of one app without calling anybody. A wrong setting is ErrInvalid and names the field.
func New(o Options) (*Client, error) {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "微信账号设置有误")
	if o.AppID == "" {
		bad.Field("appid", "必须填写")
	}
	if o.Secret == "" {
		bad.Field("secret", "必须填写")
	}
	var base *url.URL
	if o.API != "" {
		u, err := url.Parse(o.API)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			bad.Field("api", "不是可用的网址")
		} else if u.Host != mainHost {
			base = u
		}
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	if o.Transport == nil {
		o.Transport = direct
	}
	c := &Client{o: o, base: base, now: time.Now, health: newHealth()}
	c.http = &http.Client{
		Transport:     o.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token must not travel on
	}
	c.tokens = &Tokens{
		appid: o.AppID, secret: o.Secret, redis: o.Redis,
		now:  func() time.Time { return c.now() },
		turn: make(chan struct{}, 1),
		send: func(ctx context.Context, path string, body []byte) ([]byte, error) {
			return c.exchange(ctx, request{method: http.MethodPost, path: path, body: body, kind: jsonType, bare: true})
		},
	}
	return c, nil
}

// AppID is the app this client speaks for.
func (c *Client) AppID() string { return c.o.AppID }

// Tokens is the app's token keeper.
func (c *Client) Tokens() *Tokens { return c.tokens }

const jsonType = "application/json; charset=utf-8"

// request is one call. bare means without a token; time defaults to callTime.
type request struct {
	method string
	path   string
	query  url.Values
	body   []byte
	kind   string // Content-Type
	bare   bool
	file   bool // the answer may be a file, up to uploadLimit, instead of JSON
	time   time.Duration
}

// Post sends body, JSON that is passed on byte for byte, and returns the answer. query is what stands beside
// access_token. An errcode other than 0 is an error; the answer comes with it. This is also how virtual payment's
// signed calls go out.
func (c *Client) Post(ctx context.Context, path string, query url.Values, body []byte) ([]byte, error) {
	return c.exchange(ctx, request{method: http.MethodPost, path: path, query: query, body: body, kind: jsonType})
}

// Get is Post without a body.
func (c *Client) Get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	return c.exchange(ctx, request{method: http.MethodGet, path: path, query: query})
}

// post marshals in without \u003c-escapes, which WeChat would store as written, and reads the answer into out.
func (c *Client) post(ctx context.Context, path string, in, out any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(in); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	raw, err := c.Post(ctx, path, nil, bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
	return readInto(path, raw, err, out)
}

func (c *Client) get(ctx context.Context, path string, query url.Values, out any) error {
	raw, err := c.Get(ctx, path, query)
	return readInto(path, raw, err, out)
}

func readInto(path string, raw []byte, err error, out any) error {
	if err != nil || out == nil {
		return err
	}
	if json.Unmarshal(raw, out) != nil {
		return unreadable(path)
	}
	return nil
}

// exchange makes the call, twice when WeChat refuses the token, and keeps count.
func (c *Client) exchange(ctx context.Context, r request) ([]byte, error) {
	if until, stopped := c.health.stopped(r.path, c.now()); stopped {
		return nil, &model.CallError{Call: r.path, Code: "45009", Said: "not sent: the day's quota is used up until " + until.In(model.Shanghai).Format("01-02 15:04"),
			Text: "今天这个接口的调用次数已用完，零点后恢复", Kind: model.ErrUnavailable}
	}
	limit := r.time
	if limit == 0 {
		limit = callTime
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if r.bare {
		return c.once(ctx, r, "")
	}
	token, err := c.tokens.Token(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := c.once(ctx, r, token)
	if !tokenRefused(err) {
		return raw, err
	}
	token, refreshErr := c.tokens.Refresh(ctx, token)
	if model.CallCode(refreshErr) != "" { // WeChat says why there is no other token, 40164 among them: that is the reason
		return nil, refreshErr
	}
	if refreshErr != nil {
		return raw, err
	}
	return c.once(ctx, r, token)
}

func tokenRefused(err error) bool {
	switch model.CallCode(err) {
	case "40001", "40014", "42001":
		return true
	}
	return false
}

// once sends r and judges the answer.
func (c *Client) once(ctx context.Context, r request, token string) (raw []byte, err error) {
	defer func() { c.health.count(r.path, c.now(), err) }()
	if !c.breaker.allow(c.now()) {
		return nil, &model.CallError{Call: r.path, Said: "not sent: WeChat did not answer just now", Text: busy, Kind: model.ErrUnavailable}
	}
	raw, status, err := c.send(ctx, r, token)
	c.breaker.result(c.now(), err == nil || errors.Is(err, context.Canceled))
	if err != nil {
		return nil, c.broken(r, token, err)
	}
	if status != http.StatusOK {
		return nil, &model.CallError{Call: r.path, Said: fmt.Sprintf("HTTP %d", status), Text: busy, Kind: model.ErrUnavailable,
			Unknown: status >= 500}
	}
	var head struct {
		ErrCode json.Number `json:"errcode"`
		ErrMsg  string      `json:"errmsg"`
	}
	if r.file && !bytes.HasPrefix(raw, []byte("{")) {
		return raw, nil
	}
	if json.Unmarshal(raw, &head) != nil {
		raw = tidy(raw)
	}
	if json.Unmarshal(raw, &head) != nil {
		return nil, &model.CallError{Call: r.path, Said: garbled, Text: busy, Kind: model.ErrUnavailable, Unknown: true}
	}
	if head.ErrCode == "" || head.ErrCode == "0" {
		return raw, nil
	}
	fault := judge(r.path, head.ErrCode.String(), c.scrub(head.ErrMsg, token))
	if fault.Code == "45009" && !strings.Contains(head.ErrMsg, "minute") {
		c.health.stop(r.path, c.now())
	}
	return raw, fault
}

const garbled = "the answer is not JSON"

// tidy mends what WeChat passes on as a fan typed it: control characters, which JSON forbids inside of texts and
// takes for blanks outside, and broken UTF-8.
func tidy(raw []byte) []byte {
	out := bytes.ToValidUTF8(raw, []byte("\ufffd"))
	for i, b := range out {
		if b < ' ' {
			out[i] = ' '
		}
	}
	return out
}

func (c *Client) send(ctx context.Context, r request, token string) ([]byte, int, error) {
	query := url.Values{}
	for k, v := range r.query {
		query[k] = v
	}
	if token != "" {
		query.Set("access_token", token)
	}
	u := url.URL{Scheme: "https", Host: mainHost, Path: r.path, RawQuery: query.Encode()}
	if c.base != nil {
		u.Scheme, u.Host = c.base.Scheme, c.base.Host
		u.Path = strings.TrimSuffix(c.base.Path, "/") + r.path
	}
	resp, err := c.do(ctx, r, u)
	if err != nil && c.base == nil && notSent(err) && ctx.Err() == nil {
		u.Host = backupHost
		resp, err = c.do(ctx, r, u)
	}
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	limit := answerLimit
	if r.file {
		limit = uploadLimit
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	if err == nil && len(raw) > limit {
		err = errors.New("the answer is too long")
	}
	return raw, resp.StatusCode, err
}

func (c *Client) do(ctx context.Context, r request, u url.URL) (*http.Response, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body) // with a length: a chunked body is refused
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), body)
	if err != nil {
		return nil, errors.New("cannot build the request")
	}
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
	}
	return c.http.Do(req)
}

// broken says what broke on the way, without the URL.
func (c *Client) broken(r request, token string, err error) error {
	out := &model.CallError{Call: r.path, Text: busy, Kind: model.ErrUnavailable, Unknown: !notSent(err)}
	var u *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		out.Said = "no answer in time"
	case errors.Is(err, context.Canceled):
		out.Said = "the caller gave up"
	case errors.As(err, &u):
		out.Said = c.scrub(u.Err.Error(), token)
	default:
		out.Said = c.scrub(err.Error(), token)
	}
	return out
}

// scrub makes foreign text fit for a log: one line, bounded, without our secrets.
func (c *Client) scrub(s, token string) string {
	c.tokens.mu.Lock()
	current := c.tokens.have.Value
	c.tokens.mu.Unlock()
	for _, secret := range []string{c.o.Secret, token, current} {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "***")
			s = strings.ReplaceAll(s, url.QueryEscape(secret), "***")
		}
	}
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300])
	}
	return s
}

// notSent tells whether err means that no byte of the request left: the name was not found or nobody took the call.
func notSent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}
