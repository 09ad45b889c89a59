package wechattest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// service is a minimal receiver: it checks the signature and answers what say returns for the decrypted message.
func service(t *testing.T, f *Fake, a App, say func(n int, msg string, q map[string][]string) (status int, body string)) *int {
	t.Helper()
	n := new(int)
	var mu sync.Mutex // pushes may come together
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		*n++
		body, _ := io.ReadAll(r.Body)
		q := r.URL.Query()
		if q.Get("signature") != Sign(a.Token, q.Get("timestamp"), q.Get("nonce")) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if q.Get("encrypt_type") == "aes" {
			e, err := parseXML(body)
			enc := e.kid("Encrypt").text
			if err != nil || q.Get("msg_signature") != Sign(a.Token, q.Get("timestamp"), q.Get("nonce"), enc) {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			body, _, _ = Decrypt(a.AESKey, enc)
		}
		status, answer := say(*n, string(body), q)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	f.SetHooks(s.URL+"/hook/official", "")
	return n
}

func reply(msg, content string) string {
	e, _ := parseXML([]byte(msg))
	return string(Fields{{"ToUserName", e.kid("FromUserName").text}, {"FromUserName", e.kid("ToUserName").text}, {"CreateTime", 1764000000}, {"MsgType", "text"}, {"Content", content}}.XML())
}

func seal(a App, plain string) string {
	enc, _ := Encrypt(a.AESKey, a.AppID, []byte(plain))
	ts := fmt.Sprint(time.Now().Unix())
	return string(Fields{{"Encrypt", enc}, {"MsgSignature", Sign(a.Token, ts, "n", enc)}, {"TimeStamp", time.Now().Unix()}, {"Nonce", "n"}}.XML())
}

func quick(t *testing.T) *Fake {
	t.Helper()
	return New(Options{RetryEvery: 20 * time.Millisecond, Wait: 300 * time.Millisecond}).Start(t)
}

func TestPushModesAndAnswers(t *testing.T) {
	for _, mode := range []Mode{Plain, Compatible, Safe} {
		t.Run(string(mode), func(t *testing.T) {
			f := quick(t)
			a := f.Official()
			f.SetMode(a.AppID, mode, false)
			service(t, f, a, func(_ int, msg string, _ map[string][]string) (int, string) {
				out := reply(msg, "你好")
				if mode == Safe {
					out = seal(a, out)
				}
				return 200, out
			})
			d := f.Say("oA", "课程")
			if d.Text() != "你好" || d.Fault != "" || len(d.Tries) != 1 {
				t.Errorf("shown %q, fault %q, %d tries; want 你好 at once", d.Text(), d.Fault, len(d.Tries))
			}
			if chat := f.ChatOf("oA", 0); len(chat) != 2 || chat[1].Text != "你好" {
				t.Errorf("chat = %v", chat)
			}
		})
	}
}

func TestAnswersAreJudged(t *testing.T) {
	f := quick(t)
	a := f.Official()
	var status int
	var out string
	var wrap bool
	n := service(t, f, a, func(_ int, msg string, _ map[string][]string) (int, string) {
		o := strings.ReplaceAll(out, "REPLY", reply(msg, "好"))
		if wrap {
			o = seal(a, o)
		}
		return status, o
	})
	for _, c := range []struct {
		name   string
		status int
		out    string
		wrap   bool
		heard  bool
		tries  int
	}{
		{"success", 200, "success", false, true, 1},
		{"empty", 200, "", false, true, 1},
		{"encrypted", 200, "REPLY", true, true, 1},
		{"plain in safe mode", 200, "REPLY", false, false, 1},
		{"JSON where XML is due", 200, `{"a":1}`, true, false, 1},
		{"broken XML", 200, "<xml><a></xml>", true, false, 1},
		{"status 500", 500, "success", false, false, 3},
		{"wrong people", 200, string(Fields{{"ToUserName", "x"}, {"FromUserName", "y"}, {"CreateTime", 1}, {"MsgType", "text"}, {"Content", "z"}}.XML()), true, false, 1},
	} {
		status, out, wrap, *n = c.status, c.out, c.wrap, 0
		d := f.Say("oB", "问")
		if d.Heard != c.heard || len(d.Tries) != c.tries || *n != c.tries {
			t.Errorf("%s: heard %v after %d tries (%s), want %v after %d", c.name, d.Heard, len(d.Tries), d.Fault, c.heard, c.tries)
		}
		if !c.heard && d.Text() != Outage {
			t.Errorf("%s: the fan sees %q", c.name, d.Text())
		}
	}
	status, out, wrap = 500, "", false
	if d := f.Unfollow("oB"); len(d.Shown) != 0 {
		t.Errorf("an unfollow showed %v", d.Shown)
	}
}

func TestRetryKeepsMsgIDAndBadDays(t *testing.T) {
	f := quick(t)
	a := f.Official()
	seen := map[string]int{}
	nonces := map[string]bool{}
	service(t, f, a, func(_ int, msg string, q map[string][]string) (int, string) {
		seen[msg]++
		nonces[q["nonce"][0]] = true
		return 200, seal(a, reply(msg, "答"))
	})
	f.SetBadDays(BadDays{Late: 1})
	d := f.Say("oA", "晚")
	if len(d.Tries) != 2 || d.Text() != "答" || len(seen) != 1 || len(nonces) != 2 {
		t.Errorf("late: %d tries, %q, %d bodies, %d nonces; want 2, 答, 1, 2", len(d.Tries), d.Text(), len(seen), len(nonces))
	}
	f.SetBadDays(BadDays{Late: 3})
	if d := f.Say("oA", "太晚"); d.Text() != Outage {
		t.Errorf("three late answers show %q", d.Text())
	}
	clear(seen)
	f.SetBadDays(BadDays{Times: 3})
	f.Say("oA", "三遍")
	f.Wait()
	f.SetBadDays(BadDays{Times: 3, Together: true})
	f.Say("oA", "一起")
	for msg, n := range seen {
		if n != 3 {
			t.Errorf("%d deliveries of %s, want 3", n, msg)
		}
	}
	f.SetBadDays(BadDays{Forged: true})
	if d := f.Say("oA", "伪造"); d.Heard {
		t.Error("a forged push was heard")
	}
	f.SetBadDays(BadDays{})
	first := f.Say("oA", "又")
	clear(seen)
	if f.TellAgain(first); seen[string(first.Message)] != 1 {
		t.Error("TellAgain sent another body")
	}
}

func api(t *testing.T, f *Fake, method, path, body string) map[string]any {
	t.Helper()
	r, _ := http.NewRequest(method, f.URL()+path, strings.NewReader(body))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out := map[string]any{}
	_ = json.NewDecoder(res.Body).Decode(&out)
	if res.StatusCode != 200 {
		t.Fatalf("%s answered %d", path, res.StatusCode)
	}
	return out
}

func tokenOf(t *testing.T, f *Fake, a App) string {
	t.Helper()
	o := api(t, f, "POST", "/cgi-bin/stable_token", fmt.Sprintf(`{"grant_type":"client_credential","appid":%q,"secret":%q}`, a.AppID, a.Secret))
	v, _ := o["access_token"].(string)
	if v == "" {
		t.Fatalf("no token: %v", o)
	}
	return v
}

func TestTokens(t *testing.T) {
	f := quick(t)
	a := f.Official()
	stable := tokenOf(t, f, a)
	if again := tokenOf(t, f, a); again != stable {
		t.Error("the stable token changed without need")
	}
	plain := api(t, f, "GET", "/cgi-bin/token?grant_type=client_credential&appid="+a.AppID+"&secret="+a.Secret, "")["access_token"].(string)
	api(t, f, "GET", "/cgi-bin/token?grant_type=client_credential&appid="+a.AppID+"&secret="+a.Secret, "")
	get := func(tok string) any { return api(t, f, "GET", "/cgi-bin/menu/get?access_token="+tok, "")["errcode"] }
	if get(stable) != 46003. || get(plain) != 46003. {
		t.Error("stable, or the plain token within its grace, is refused")
	}
	if get("x") != 40001. || get("") != 41001. || get(tokenOf(t, f, f.Mini())) != 48001. {
		t.Error("a bad token was let through")
	}
	forced := api(t, f, "POST", "/cgi-bin/stable_token", fmt.Sprintf(`{"grant_type":"client_credential","appid":%q,"secret":%q,"force_refresh":true}`, a.AppID, a.Secret))["access_token"].(string)
	if get(stable) != 40001. || get(forced) != 46003. {
		t.Error("a forced refresh did not end the old token at once")
	}
	f.ExpireTokens(true)
	if get(forced) != 42001. {
		t.Error("an expired token is not 42001")
	}
	if o := api(t, f, "GET", "/cgi-bin/token?grant_type=client_credential&appid="+a.AppID+"&secret=no", ""); o["errcode"] != 40125. {
		t.Errorf("wrong secret: %v", o)
	}
}

func TestMenuLimits(t *testing.T) {
	f := quick(t)
	tok := tokenOf(t, f, f.Official())
	create := func(b string) any {
		return api(t, f, "POST", "/cgi-bin/menu/create?access_token="+tok, `{"button":[`+b+`]}`)["errcode"]
	}
	click := `{"type":"click","name":"课","key":"K"}`
	for _, c := range []struct {
		b    string
		code float64
	}{
		{click, 0}, {``, 40016}, {click + "," + click + "," + click + "," + click, 40016},
		{`{"type":"click","name":"一二三四五","key":"K"}`, 0}, {`{"type":"click","name":"一二三四五六","key":"K"}`, 40018},
		{`{"type":"click","name":"课"}`, 40019}, {`{"type":"view","name":"课","url":"https://e.com/` + strings.Repeat("a", 1024) + `"}`, 40020},
		{`{"type":"dance","name":"课","key":"K"}`, 40017}, {`{"name":"课","sub_button":[` + strings.Repeat(click+",", 5) + click + `]}`, 40023},
		{`{"name":"课","sub_button":[{"type":"click","name":"` + strings.Repeat("长", 21) + `","key":"K"}]}`, 40025},
		{`{"name":"课","sub_button":[{"type":"click","name":"课","key":""}]}`, 40026},
		{`{"name":"课","sub_button":[{"name":"课","sub_button":[` + click + `]}]}`, 40022},
		{`{"type":"miniprogram","name":"课","url":"https://e.com","appid":"wx1","pagepath":"pages/i"}`, 0},
		{`{"type":"click","name":"\u8bfe","key":"K"}`, 40033},
	} {
		if got := create(c.b); got != c.code {
			t.Errorf("menu %.60s: %v, want %v", c.b, got, c.code)
		}
	}
	o := api(t, f, "GET", "/cgi-bin/menu/get?access_token="+tok, "")
	if b := o["menu"].(map[string]any)["button"].([]any)[0].(map[string]any); b["pagepath"] != "pages/i" {
		t.Errorf("menu/get = %v", o)
	}
	if o := api(t, f, "POST", "/cgi-bin/menu/addconditional?access_token="+tok, `{"button":[`+click+`],"matchrule":{"client_platform_type":"1"}}`); o["menuid"] == nil {
		t.Errorf("addconditional = %v", o)
	}
	f.AddPerson(Person{ID: "i", Platform: "ios"})
	f.AddPerson(Person{ID: "a", Platform: "android"})
	if !bytes.Contains(f.MenuFor("i"), []byte("click")) || bytes.Contains(f.MenuFor("a"), []byte("click")) {
		t.Error("the conditional menu is not for iOS alone")
	}
}

func TestMessageWindows(t *testing.T) {
	now := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	f := New(Options{Now: func() time.Time { return now }}).Start(t)
	tok := tokenOf(t, f, f.Official())
	f.AddPerson(Person{OpenID: "oA"})
	send := func() any {
		return api(t, f, "POST", "/cgi-bin/message/custom/send?access_token="+tok, `{"touser":"oA","msgtype":"text","text":{"content":"嗨"}}`)["errcode"]
	}
	if got := send(); got != 45015. {
		t.Errorf("before any word: %v", got)
	}
	f.Follow("oA", "")
	f.Say("oA", "在吗")
	for i := range 8 { // three of the follow, which ends first, then five of the message
		if got := send(); got != 0. {
			t.Errorf("message %d: %v", i, got)
		}
	}
	if got := send(); got != 45047. {
		t.Errorf("past the number: %v", got)
	}
	now = now.Add(49 * time.Hour)
	if got := send(); got != 45015. {
		t.Errorf("past the time: %v", got)
	}
}

func TestMediaCodesAndLogin(t *testing.T) {
	f := quick(t)
	tok := tokenOf(t, f, f.Official())
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, _ := m.CreateFormFile("media", "a.png")
	_, _ = part.Write([]byte("\x89PNG\r\n\x1a\n0000"))
	_ = m.Close()
	res, err := http.Post(f.URL()+"/cgi-bin/media/upload?type=image&access_token="+tok, m.FormDataContentType(), &b)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var up struct {
		ID string `json:"media_id"`
	}
	if _ = json.NewDecoder(res.Body).Decode(&up); up.ID == "" {
		t.Fatal("nothing uploaded")
	}
	c := api(t, f, "POST", "/cgi-bin/qrcode/create?access_token="+tok, `{"expire_seconds":600,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"poster-7"}}}`)
	if got, found := f.SceneOf(c["ticket"].(string)); !found || got != "poster-7" {
		t.Errorf("scene behind the ticket: %q, %v", got, found)
	}
	img, err := http.Get(f.URL() + "/cgi-bin/showqrcode?ticket=" + c["ticket"].(string))
	if err != nil || img.Header.Get("Content-Type") != "image/jpg" {
		t.Errorf("showqrcode: %v", err)
	}
	p := f.AddPerson(Person{})
	mini := f.Mini()
	login := func(code string) map[string]any {
		return api(t, f, "GET", "/sns/jscode2session?grant_type=authorization_code&appid="+mini.AppID+"&secret="+mini.Secret+"&js_code="+code, "")
	}
	code := f.LoginCode(p.ID)
	if o := login(code); o["openid"] != p.MiniOpenID || o["session_key"] != f.SessionKey(p.ID) || o["unionid"] != p.UnionID {
		t.Errorf("login = %v", o)
	}
	if o := login(code); o["errcode"] != 40163. {
		t.Errorf("second use = %v", o)
	}
	if o := login(f.PhoneCode(p.ID)); o["errcode"] != 40029. {
		t.Errorf("phone code as login code = %v", o)
	}
}

func TestFaultsAndSnapshot(t *testing.T) {
	f := quick(t)
	tok := tokenOf(t, f, f.Official())
	f.Fail("/cgi-bin/menu/get", Fault{Times: 1, Status: 502})
	res, err := http.Get(f.URL() + "/cgi-bin/menu/get?access_token=" + tok)
	if err != nil || res.StatusCode != 502 {
		t.Fatalf("fault not played: %v", err)
	}
	clear := f.Fail("/cgi-bin/menu/get", ErrCode(45009))
	if o := api(t, f, "GET", "/cgi-bin/menu/get?access_token="+tok, ""); o["errcode"] != 45009. || !strings.Contains(o["errmsg"].(string), "rid: ") {
		t.Errorf("errcode = %v", o)
	}
	clear()
	if o := api(t, f, "GET", "/cgi-bin/menu/get?access_token="+tok, ""); o["errcode"] != 46003. {
		t.Errorf("after clearing: %v", o)
	}
	if n := f.Count("/cgi-bin/menu/get"); n != 3 {
		t.Errorf("Count = %d, want 3", n)
	}
	p := f.AddPerson(Person{Name: "小满"})
	f.Follow(p.ID, "s1")
	b, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	g := New(Options{})
	if err := g.Restore(b); err != nil {
		t.Fatal(err)
	}
	if got, found := g.Person(p.OpenID); !found || got.Name != "小满" || !got.Follows || got.Scene != "s1" {
		t.Errorf("restored %+v", got)
	}
}
