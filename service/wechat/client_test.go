package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/wechat/wechattest"
)

func official(t *testing.T, f *wechattest.Fake) *Client {
	t.Helper()
	a := f.Official()
	return clientOf(t, Options{AppID: a.AppID, Secret: a.Secret, API: f.URL()})
}

func mini(t *testing.T, f *wechattest.Fake) *Client {
	t.Helper()
	a := f.Mini()
	return clientOf(t, Options{AppID: a.AppID, Secret: a.Secret, API: f.URL()})
}

func clientOf(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSettings(t *testing.T) {
	_, err := New(Options{API: "ftp://x"})
	var r *model.Refusal
	if !errors.As(err, &r) || len(r.Fields) != 3 || !errors.Is(err, model.ErrInvalid) {
		t.Errorf("err = %v, want three faults at once", err)
	}
}

func TestFollowers(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	ctx, c := context.Background(), official(t, f)
	p := f.AddPerson(wechattest.Person{})
	f.Follow(p.ID, "poster-7")
	openid := model.OpenID(p.OpenID)
	info, err := c.UserInfo(ctx, openid)
	if err != nil || !info.Subscribed || info.SubscribeAt == nil || info.QRScene != "poster-7" || info.OpenID != openid {
		t.Errorf("info = %+v, %v", info, err)
	}
	list, after, total, err := c.UserList(ctx, "")
	if err != nil || total != 1 || len(list) != 1 || list[0] != openid {
		t.Fatalf("list = %v %q %d %v", list, after, total, err)
	}
	if list, after, _, err = c.UserList(ctx, after); err != nil || len(list) != 0 || after != "" {
		t.Errorf("end of the list = %v %q %v", list, after, err)
	}
	f.Unfollow(p.ID)
	if info, err = c.UserInfo(ctx, openid); err != nil || info.Subscribed || info.SubscribeAt != nil {
		t.Errorf("after leaving = %+v, %v", info, err)
	}
	if _, err := c.UserInfo(ctx, "x&appid=1"); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("an openid with a query in it: %v", err)
	}
}

func TestCodes(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	ctx, c := context.Background(), official(t, f)
	for _, life := range []time.Duration{0, time.Hour} {
		code, err := c.CreateQRCode(ctx, "海报=7", life)
		if err != nil || (code.ExpiresAt == nil) != (life == 0) {
			t.Fatalf("life %v: %+v, %v", life, code, err)
		}
		if scene, ok := f.SceneOf(code.Ticket); !ok || scene != "海报=7" {
			t.Errorf("scene = %q %v", scene, ok)
		}
		resp, err := http.Get(code.ImageURL)
		if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "image/") {
			t.Errorf("picture: %v %v", resp, err)
		}
		_ = resp.Body.Close()
	}
	for _, scene := range []string{"", strings.Repeat("x", 65), "\xff"} {
		if _, err := c.CreateQRCode(ctx, scene, 0); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("scene %q: %v", scene, err)
		}
	}
}

func TestMenus(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	ctx, c := context.Background(), official(t, f)
	if _, err := c.MenuGet(ctx); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("no menu yet: %v", err)
	}
	if _, err := c.MenuAddConditional(ctx, []Button{{Type: "click", Name: "甲", Key: "A"}}, MatchRule{TagID: "2"}); !errors.Is(err, model.ErrConflict) || model.CallCode(err) != "65303" {
		t.Errorf("conditional first: %v", err)
	}
	buttons := []Button{
		{Type: "view", Name: "课程<&>", URL: "https://example.com/?a=1&b=2"},
		{Name: "更多", SubButton: []Button{{Type: "click", Name: "客服", Key: "KF"}, {Type: "article_id", Name: "文章", ArticleID: "a1"}}},
	}
	if err := c.MenuCreate(ctx, buttons); err != nil {
		t.Fatal(err)
	}
	id, err := c.MenuAddConditional(ctx, []Button{{Type: "click", Name: "会员", Key: "VIP"}}, MatchRule{TagID: "2", Platform: "1"})
	if err != nil || id == "" {
		t.Fatalf("conditional = %q, %v", id, err)
	}
	m, err := c.MenuGet(ctx)
	if err != nil || len(m.Buttons) != 2 || m.Buttons[0].URL != buttons[0].URL || m.Buttons[0].Name != "课程<&>" || m.Buttons[1].SubButton[1].ArticleID != "a1" {
		t.Errorf("menu = %+v, %v", m, err)
	}
	if len(m.Conditional) != 1 || m.Conditional[0].MenuID != id || m.Conditional[0].Rule != (MatchRule{TagID: "2", Platform: "1"}) {
		t.Errorf("conditional = %+v", m.Conditional)
	}
	p := f.AddPerson(wechattest.Person{})
	if got, err := c.MenuTryMatch(ctx, model.OpenID(p.OpenID)); err != nil || len(got) != 2 {
		t.Errorf("try = %+v, %v", got, err)
	}
	shown, open, err := c.MenuShown(ctx)
	if err != nil || !open || len(shown) != 2 || len(shown[1].Sub) != 2 || shown[1].Sub[0].Key != "KF" {
		t.Errorf("shown = %+v %v %v", shown, open, err)
	}
	if err := c.MenuDelConditional(ctx, id); err != nil {
		t.Error(err)
	}
	if err := c.MenuDelConditional(ctx, id); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("gone already: %v", err)
	}
	err = c.MenuCreate(ctx, []Button{{Type: "click", Name: strings.Repeat("长", 20), Key: "A"}})
	var r *model.Refusal
	if !errors.Is(err, model.ErrInvalid) || !errors.As(err, &r) || !strings.Contains(r.Text, "名称") {
		t.Errorf("long name: %v", err)
	}
	if err := c.MenuDelete(ctx); err != nil {
		t.Error(err)
	}
}

func TestMessagesAndMedia(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	ctx, c := context.Background(), official(t, f)
	p := f.AddPerson(wechattest.Person{})
	to := model.OpenID(p.OpenID)
	if err := c.SendCustom(ctx, to, model.Message{Type: "text", Content: "太早"}); !errors.Is(err, model.ErrConflict) || model.CallCode(err) != "45015" {
		t.Errorf("before the window: %v", err)
	}
	f.Follow(p.ID, "")
	if err := c.SendCustom(ctx, to, model.Message{Type: "text", Content: `<a href="https://x/?a=1&b=2">看课</a>`}); err != nil {
		t.Fatal(err)
	}
	chat := f.ChatOf(p.ID, 0)
	if raw, _ := json.Marshal(chat); !bytes.Contains(f.Calls("/cgi-bin/message/custom/send")[1].Body, []byte(`<a href=\"https://x/?a=1&b=2\">`)) {
		t.Errorf("sent escaped: %s; chat %s", f.Calls("/cgi-bin/message/custom/send")[1].Body, raw)
	}
	png := []byte("\x89PNG\r\n\x1a\n0000000000000000")
	for _, permanent := range []bool{false, true} {
		m, err := c.UploadMaterial(ctx, model.MaterialUpload{Kind: model.MaterialImage, Name: "cover.png", Data: png, Permanent: permanent})
		if err != nil || m.MediaID == "" || permanent != (m.URL != "") {
			t.Fatalf("permanent %v: %+v, %v", permanent, m, err)
		}
		if data, _, ok := f.Media(m.MediaID); !ok || !bytes.Equal(data, png) {
			t.Errorf("permanent %v: kept %q %v", permanent, data, ok)
		}
		if err := c.SendCustom(ctx, to, model.Message{Type: "image", MediaID: m.MediaID}); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.UploadMaterial(ctx, model.MaterialUpload{Kind: model.MaterialImage, Name: "cover.png", Data: make([]byte, uploadLimit+1), Permanent: true}); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("too big: %v", err)
	}
	if err := c.SendCustom(ctx, to, model.Message{Type: "transfer_customer_service"}); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("no such custom message: %v", err)
	}
}

func TestMiniProgram(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	ctx, c := context.Background(), mini(t, f)
	p := f.AddPerson(wechattest.Person{})
	code := f.LoginCode(p.ID)
	s, err := c.Code2Session(ctx, code)
	if err != nil || s.OpenID == "" || s.SessionKey != f.SessionKey(p.ID) {
		t.Fatalf("session = %+v, %v", s, err)
	}
	if _, err := c.Code2Session(ctx, code); !errors.Is(err, model.ErrInvalid) || model.CallCode(err) != "40163" {
		t.Errorf("used twice: %v", err)
	}
	before := f.Count("/sns/jscode2session")
	for _, bad := range []string{"", "c&appid=x", "c#", strings.Repeat("x", 1000)} {
		if _, err := c.Code2Session(ctx, bad); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("code %q: %v", bad, err)
		}
	}
	if n := f.Count("/sns/jscode2session"); n != before {
		t.Errorf("%d calls for codes that cannot be codes", n-before)
	}
	phone, err := c.PhoneNumber(ctx, f.PhoneCode(p.ID))
	if err != nil || phone.Number == "" || phone.Country != "86" {
		t.Errorf("phone = %+v, %v", phone, err)
	}
	check, err := c.MsgSecCheck(ctx, s.OpenID, SceneComment, "老师讲得很清楚")
	if err != nil || check.Suggest != "pass" {
		t.Errorf("check = %+v, %v", check, err)
	}
	if err := c.UploadShippingInfo(ctx, "4200000000000000001", s.OpenID, "课程《漏斗》"); err != nil && model.CallCode(err) != "10060001" {
		t.Errorf("shipping: %v", err)
	}
	if _, err := c.TradeManaged(ctx); err != nil {
		t.Error(err)
	}
}

func TestQuotaAndCallback(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	ctx, c := context.Background(), official(t, f)
	q, err := c.GetQuota(ctx, "/cgi-bin/menu/create")
	if err != nil || q.DailyLimit == 0 {
		t.Errorf("quota = %+v, %v", q, err)
	}
	if _, err := c.GetQuota(ctx, "/nowhere"); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("unknown path: %v", err)
	}
	if _, _, err := c.CallbackCheck(ctx); err != nil {
		t.Error(err)
	}
}

func TestDayQuotaStopsOnlyThatPathUntilMidnight(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	ctx, c := context.Background(), official(t, f)
	now := time.Date(2026, 11, 24, 15, 59, 0, 0, time.UTC) // 23:59 in China
	c.now = func() time.Time { return now }
	f.Fail("/cgi-bin/user/get", wechattest.ErrCode(45009))
	for range 3 {
		if _, _, _, err := c.UserList(ctx, ""); !errors.Is(err, model.ErrUnavailable) || model.CallCode(err) != "45009" || model.OutcomeUnknown(err) {
			t.Fatalf("err = %v", err)
		}
	}
	if n := f.Count("/cgi-bin/user/get"); n != 1 {
		t.Errorf("%d calls after the quota was used up, want 1", n)
	}
	if _, err := c.CreateQRCode(ctx, "s", 0); err != nil {
		t.Errorf("another path: %v", err)
	}
	var stopped time.Time
	for _, p := range c.Paths() {
		if p.Path == "/cgi-bin/user/get" {
			stopped = p.StoppedUntil
		}
	}
	if want := time.Date(2026, 11, 24, 16, 0, 0, 0, time.UTC); !stopped.Equal(want) {
		t.Errorf("stopped until %v, want %v", stopped, want)
	}
	f.Heal()
	now = now.Add(2 * time.Minute)
	if _, _, _, err := c.UserList(ctx, ""); err != nil {
		t.Errorf("after midnight: %v", err)
	}
	f.Fail("/cgi-bin/user/get", wechattest.ErrCode(45011))
	for range 2 {
		_, _, _, _ = c.UserList(ctx, "")
	}
	if n := f.Count("/cgi-bin/user/get"); n != 4 {
		t.Errorf("the minute's limit stopped the path: %d calls", n)
	}
}

func TestSlowBrokenAndOddAnswers(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	c := official(t, f)
	if _, err := c.GetQuota(context.Background(), "/cgi-bin/menu/create"); err != nil {
		t.Fatal(err)
	}
	const path = "/cgi-bin/user/info"
	for name, fault := range map[string]struct {
		wechattest.Fault
		unknown bool
	}{
		"hangs":       {wechattest.Fault{Hang: true}, true},
		"cut":         {wechattest.Fault{Drop: true}, true},
		"502":         {wechattest.Fault{Status: 502, Body: "<html>bad gateway"}, true},
		"404":         {wechattest.Fault{Status: 404}, false},
		"html":        {wechattest.Fault{Status: 200, Body: "<html>"}, true},
		"empty":       {wechattest.Fault{Status: 200}, true},
		"redirect":    {wechattest.Fault{Status: 302}, false},
		"text code":   {wechattest.Fault{Status: 200, Body: `{"errcode":"40003","errmsg":"x"}`}, false},
		"new code":    {wechattest.Fault{Status: 200, Body: `{"errcode":99999,"errmsg":"x"}`}, true},
		"wrong field": {wechattest.Fault{Status: 200, Body: `{"subscribe":"yes"}`}, true},
		"huge":        {wechattest.Fault{Status: 200, Body: `{"x":"` + strings.Repeat("a", answerLimit) + `"}`}, true},
	} {
		c.breaker = breaker{}
		f.Fail(path, fault.Fault) // until healed: net/http asks again by itself when an idle connection was cut
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		start := time.Now()
		_, err := c.UserInfo(ctx, "o123456")
		cancel()
		if err == nil || model.OutcomeUnknown(err) != fault.unknown {
			t.Errorf("%s: unknown = %v: %v", name, model.OutcomeUnknown(err), err)
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		f.Heal()
	}
}

func TestConnectFailureIsKnownAndBreakerOpens(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close() // nobody listens there any more
	c := clientOf(t, Options{AppID: "wx1", Secret: "s", API: s.URL})
	now := time.Now()
	c.now = func() time.Time { return now }
	for range 12 {
		now = now.Add(100 * time.Millisecond)
		if _, err := c.Code2Session(context.Background(), "code"); !errors.Is(err, model.ErrUnavailable) || model.OutcomeUnknown(err) {
			t.Fatalf("err = %v", err)
		}
	}
	if !strings.Contains(c.Paths()[0].LastError, "did not answer just now") {
		t.Errorf("the breaker stayed shut: %v", c.Paths())
	}
}

// hosts fails to connect to WeChat's first host, as a dialler would, and counts who was called.
type hosts struct {
	target string
	seen   []string
}

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	h.seen = append(h.seen, r.URL.Host)
	if r.URL.Host == mainHost {
		_, err := (&http.Transport{}).RoundTrip(must(http.NewRequest(http.MethodGet, "http://127.0.0.1:1/", nil)))
		return nil, err
	}
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host = "http", h.target
	return http.DefaultTransport.RoundTrip(out)
}

func must(r *http.Request, err error) *http.Request {
	if err != nil {
		panic(err)
	}
	return r
}

func TestSecondHostOnConnectFailureOnly(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	h := &hosts{target: strings.TrimPrefix(f.URL(), "http://")}
	a := f.Official()
	c := clientOf(t, Options{AppID: a.AppID, Secret: a.Secret, Transport: h})
	if _, err := c.GetQuota(context.Background(), "/cgi-bin/menu/create"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(h.seen, " "); got != strings.TrimSpace(strings.Repeat(mainHost+" "+backupHost+" ", 2)) {
		t.Errorf("hosts = %s", got)
	}
	h.seen = nil
	f.Fail("/cgi-bin/openapi/quota/get", wechattest.Fault{Status: 502, Times: 1})
	_, _ = c.GetQuota(context.Background(), "/cgi-bin/menu/create")
	if len(h.seen) != 2 {
		t.Errorf("a 502 went elsewhere: %v", h.seen)
	}
}

func TestIPNotListed(t *testing.T) {
	f := wechattest.New(wechattest.Options{}).Start(t)
	c := official(t, f)
	f.Fail("/cgi-bin/stable_token", wechattest.Fault{Status: 200, Body: `{"errcode":40164,"errmsg":"invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist rid: 6abc1234"}`})
	for range 3 {
		_, err := c.GetQuota(context.Background(), "/x")
		var r *model.Refusal
		if !errors.As(err, &r) || !strings.Contains(r.Text, "203.0.113.9") || !errors.Is(err, model.ErrForbidden) {
			t.Errorf("err = %v", err)
		}
	}
	if n := f.Count("/cgi-bin/stable_token"); n != 1 {
		t.Errorf("%d requests for a token in three calls, want one and then a pause", n)
	}
}

// TestCanary: whatever goes wrong, neither secret nor token stands in an error or on the health page.
func TestCanary(t *testing.T) {
	const secret, token = "CANARY-SECRET-0123456789abcdef", "CANARY-TOKEN-0123456789"
	answers := map[string]string{
		"code": `{"errcode":40003,"errmsg":"see ` + token + ` and ` + secret + `"}`, "html": "<html>" + token + secret,
		"unknown": `{"errcode":77777,"errmsg":"` + secret + token + `"}`, "empty": "",
	}
	for name, answer := range answers {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == tokenPath {
				_, _ = w.Write([]byte(`{"access_token":"` + token + `","expires_in":7200}`))
				return
			}
			if answer == "" {
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write([]byte(answer))
		}))
		c := clientOf(t, Options{AppID: "wx1", Secret: secret, API: s.URL})
		ctx := context.Background()
		var all []string
		keep := func(err error) {
			if err == nil {
				t.Errorf("%s: no error", name)
				return
			}
			all = append(all, err.Error())
		}
		_, err := c.UserInfo(ctx, "o123456")
		keep(err)
		_, _, _, err = c.UserList(ctx, "")
		keep(err)
		_, err = c.Code2Session(ctx, "code")
		keep(err)
		_, err = c.UploadMaterial(ctx, model.MaterialUpload{Kind: model.MaterialImage, Name: "a.png", Data: []byte("x"), Permanent: true})
		keep(err)
		_, err = c.MsgSecCheck(ctx, "o1", SceneLog, "x")
		keep(err)
		_, err = c.Get(ctx, "/cgi-bin/menu/get", nil)
		keep(err)
		s.Close()
		c.breaker = breaker{}
		_, err = c.Code2Session(ctx, "code")
		keep(err)
		health, _ := json.Marshal([]any{c.Paths(), c.Tokens().Health(context.Background())})
		all = append(all, string(health))
		for _, s := range all {
			if strings.Contains(s, "CANARY") {
				t.Errorf("%s: %s", name, s)
			}
		}
	}
}
