package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// world is fakewechat and the shop, each on its own port.
type world struct {
	t    *testing.T
	h    *house
	shop *shop
	url  string
}

func open(t *testing.T, dir string) *world {
	t.Helper()
	k, err := loadKeys(dir, "http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	s := newShop(k, "")
	service := httptest.NewServer(s.handler())
	h, err := newHouse(settings{service: service.URL, public: "https://shop.example.com", mode: "safe", push: "json", state: filepath.Join(dir, "state.json"), retry: 20 * time.Millisecond, refundIn: time.Millisecond, anyGoods: true}, k)
	if err != nil {
		t.Fatal(err)
	}
	fake := httptest.NewServer(h.handler())
	s.fake = fake.URL
	t.Cleanup(func() { h.close(); fake.Close(); service.Close() })
	return &world{t, h, s, fake.URL}
}

func (w *world) call(method, path string, body any, token ...string) (int, map[string]any) {
	w.t.Helper()
	var rd io.Reader
	if body != nil {
		b, _ := json.Marshal(body)
		rd = bytes.NewReader(b)
	}
	r, _ := http.NewRequest(method, w.url+path, rd)
	r.Header.Set("Content-Type", "application/json")
	if len(token) > 0 {
		r.Header.Set("Authorization", "Bearer "+token[0])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	out := map[string]any{}
	_ = json.NewDecoder(res.Body).Decode(&out)
	return res.StatusCode, out
}

type m = map[string]any

func (w *world) must(method, path string, body any, token ...string) map[string]any {
	w.t.Helper()
	status, out := w.call(method, path, body, token...)
	if status/100 != 2 {
		w.t.Fatalf("%s %s: %d %v", method, path, status, out)
	}
	return out
}

func (w *world) login(person string) string {
	code := w.must("POST", "/phone/v1/people/"+person+"/login-code", m{})["code"]
	return w.must("POST", "/relay/mini/v1/session", m{"code": code, "platform": "android"})["token"].(string)
}

func TestChatOnThePhone(t *testing.T) {
	w := open(t, t.TempDir())
	p := w.must("POST", "/phone/v1/people", m{"name": "小满"})["id"].(string)
	if o := w.must("POST", "/phone/v1/people/"+p+"/scan", m{"scene": "poster-7"}); !o["heard"].(bool) {
		t.Fatalf("follow: %v", o)
	}
	w.must("POST", "/phone/v1/people/"+p+"/say", m{"text": "在吗"})
	w.must("POST", "/phone/v1/people/"+p+"/click", m{"key": "TODAY"})
	lines := w.must("GET", "/phone/v1/people/"+p+"/chat?after=0", nil)["items"].([]any)
	var said []string
	for _, l := range lines {
		said = append(said, l.(m)["text"].(string))
	}
	if got := strings.Join(said, "|"); got != "欢迎关注 qrscene_poster-7|在吗|你说：在吗|点了 TODAY" {
		t.Errorf("chat: %s", got)
	}
	if o := w.must("GET", "/phone/v1/people?q=小满", nil); o["total"] != 1. {
		t.Errorf("people: %v", o)
	}
}

func TestBuyingOnThePhone(t *testing.T) {
	w := open(t, t.TempDir())
	p := w.must("POST", "/phone/v1/people", m{"name": "小满"})["id"].(string)
	token := w.login(p)
	for _, via := range []string{"jsapi", "xpay"} {
		o := w.must("POST", "/relay/mini/v1/orders", m{"course_id": 1, "via": via}, token)
		door := map[string]string{"jsapi": "/phone/v1/jsapi-pay", "xpay": "/phone/v1/virtual-pay"}[via]
		sheet := w.must("POST", door, m{"person": p, "pay": o["pay"]})["sheet"].(m)
		if sheet["amount"] != float64(shopPrice) || sheet["out_trade_no"] != o["out_trade_no"] {
			t.Errorf("%s sheet: %v", via, sheet)
		}
		w.must("POST", "/phone/v1/sheets/"+sheet["id"].(string)+"/pay", m{})
		w.h.pay.Wait()
		w.h.xpay.Wait()
		if s := w.must("GET", "/relay/mini/v1/orders/"+o["out_trade_no"].(string), nil, token)["status"]; s != "paid" {
			t.Errorf("%s: status %v", via, s)
		}
		if status, _ := w.call("POST", "/phone/v1/sheets/"+sheet["id"].(string)+"/pay", m{}); status != 404 {
			t.Errorf("%s: a sheet paid twice: %d", via, status)
		}
		pay := o["pay"].(m)
		for _, k := range []string{"paySign", "paySig", "signature"} {
			if v, has := pay[k].(string); has {
				pay[k] = strings.ToUpper(v)
			}
		}
		if status, e := w.call("POST", door, m{"person": p, "pay": pay}); status != 409 {
			t.Errorf("%s: a spoilt signature opens the sheet: %d %v", via, status, e)
		}
	}
	o := w.must("POST", "/relay/mini/v1/orders", m{"course_id": 1, "via": "jsapi"}, token)
	other := w.must("POST", "/phone/v1/people", m{"name": "阿棠"})["id"].(string)
	if status, _ := w.call("POST", "/phone/v1/jsapi-pay", m{"person": other, "pay": o["pay"]}); status != 409 {
		t.Errorf("somebody else pays: %d", status)
	}
}

func TestBadDaysStayOverARestart(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	p := w.must("POST", "/phone/v1/people", m{"name": "小满", "openid": "oFan0000000000001"})["id"].(string)
	d := w.must("GET", "/fake/v1/bad-days", nil)
	d["push"] = m{"late": 3}
	d["notice"] = m{"never": true}
	d["api"] = m{"errcode": 45009}
	w.must("PUT", "/fake/v1/bad-days", d)
	if o := w.must("POST", "/phone/v1/people/"+p+"/say", m{"text": "在吗"}); o["heard"].(bool) || o["tries"] != 3. {
		t.Errorf("late: %v", o)
	}
	token := w.login(p)
	o := w.must("POST", "/relay/mini/v1/orders", m{"course_id": 1, "via": "jsapi"}, token)
	w.must("POST", "/fake/v1/orders/"+o["out_trade_no"].(string)+"/pay", m{"at": "2026-10-01T08:00:00+08:00"})
	if len(w.shop.notices) != 0 {
		t.Errorf("never: %v", w.shop.notices)
	}
	before := w.must("GET", "/fake/v1/orders?out_trade_no="+o["out_trade_no"].(string), nil)
	if at := before["jsapi"].([]any)[0].(m)["paid_at"].(string); !strings.HasPrefix(at, "2026-10-01T08:00:00") {
		t.Errorf("paid at %s", at)
	}
	w.h.close()

	w = open(t, dir)
	if d := w.must("GET", "/fake/v1/bad-days", nil); d["push"].(m)["late"] != 3. || d["api"].(m)["errcode"] != 45009. {
		t.Errorf("after the restart: %v", d)
	}
	if o2 := w.must("GET", "/fake/v1/orders?out_trade_no="+o["out_trade_no"].(string), nil); o2["jsapi"].([]any)[0].(m)["state"] != "SUCCESS" {
		t.Errorf("order after the restart: %v", o2)
	}
	if c := w.must("GET", "/phone/v1/people/"+p+"/chat?after=0", nil)["items"].([]any); len(c) != 2 {
		t.Errorf("chat after the restart: %v", c)
	}
	w.must("PUT", "/fake/v1/bad-days", m{})
	if heard := w.must("POST", "/fake/v1/orders/"+o["out_trade_no"].(string)+"/tell-again", m{})["heard"]; heard != true {
		t.Errorf("told again: %v", heard)
	}
	w.h.close()
}

func TestClockKeysAndFiles(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	o := w.must("PUT", "/fake/v1/clock", m{"now": "2026-09-01T08:00:00+08:00"})
	if !strings.HasPrefix(o["now"].(string), "2026-09-01") {
		t.Errorf("clock: %v", o)
	}
	w.must("POST", "/fake/v1/follow", m{"person": "oFan0000000000002"})
	if people := w.must("GET", "/fake/v1/people", nil)["items"].([]any); !strings.HasPrefix(people[0].(m)["since"].(string), "2026-09-01") {
		t.Errorf("followed: %v", people[0])
	}
	again, err := loadKeys(dir, "http://127.0.0.1:2")
	if err != nil || again.env["LOUDOU_MINI_SECRET"] != w.shop.k.env["LOUDOU_MINI_SECRET"] || !again.pay.Merchant.Equal(w.shop.k.pay.Merchant) {
		t.Errorf("keys changed: %v", err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		if st, err := os.Stat(f); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, st.Mode(), err)
		}
	}
	if len(files) < 5 {
		t.Errorf("files: %v", files)
	}
	w.h.close()
}

func TestDoorsOfThePage(t *testing.T) {
	w := open(t, t.TempDir())
	res, err := http.Get(w.url + "/")
	if err != nil || res.StatusCode != 200 || strings.Contains(res.Header.Get("Content-Security-Policy"), "unsafe") {
		t.Fatalf("page: %v %v", res, err)
	}
	for _, f := range []string{"/js/main.js", "/js/chat.js", "/css/frame.css"} {
		if r, err := http.Get(w.url + f); err != nil || r.StatusCode != 200 {
			t.Errorf("%s: %v", f, err)
		}
	}
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/relay/console/v1/login", `{}`, 404}, {"GET", "/relay/mini/v1/../../console/", "", 307}, {"POST", "/fake/v1/text", `{"text":"x"}`, 400}, {"GET", "/nothing", "", 404},
	} {
		r, _ := http.NewRequest(c.method, w.url+c.path, strings.NewReader(c.body))
		r.URL.Path = c.path
		r.Header.Set("Content-Type", "application/json")
		if res, err := http.DefaultTransport.RoundTrip(r); err != nil || res.StatusCode != c.want {
			t.Errorf("%s %s: %v %v, want %d", c.method, c.path, res.StatusCode, err, c.want)
		}
	}
	r, _ := http.NewRequest("POST", w.url+"/fake/v1/text", strings.NewReader(`{"person":"x","text":"y"}`))
	r.Header.Set("Content-Type", "text/plain")
	if res, err := http.DefaultClient.Do(r); err != nil || res.StatusCode != 415 {
		t.Errorf("a foreign page's form: %v", res.StatusCode)
	}
	if o := w.must("GET", "/phone/v1/resolve?url=https://shop.example.com/r/abc", nil); o["url"] != "https://mp.weixin.qq.com/s/story-1" || o["code"] != "abc" {
		t.Errorf("tracked link: %v", o)
	}
	if o := w.must("GET", "/phone/v1/resolve?url=http://169.254.169.254/r/x", nil); o["url"] != "http://169.254.169.254/r/x" || o["code"] != nil {
		t.Errorf("foreign address: %v", o)
	}
	if o := w.must("POST", "/fake/v1/verify-url", m{}); o["official"] == "ok" {
		t.Errorf("the shop knows no echostr, yet: %v", o)
	}
}
