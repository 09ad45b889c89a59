package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"loudou/service/wechat/wechattest"
)

// desk is a running house with the fake WeChat beside it and an operator logged in. Two instances share
// one database.
type desk struct {
	t      *testing.T
	fake   *wechattest.Fake
	houses []*house
	urls   []string
	dsn    string
	http   *http.Client
	csrf   string
}

func openDesk(t *testing.T, dsn string, instances int) *desk {
	t.Helper()
	d := &desk{t: t, dsn: dsn, fake: wechattest.New(wechattest.Options{Wait: 5 * time.Second, RetryEvery: 20 * time.Millisecond}).Start(t)}
	for range instances {
		h := openHouse(t, d.fake, dsn, d.fake.URL())
		s := httptest.NewServer(h.handler)
		t.Cleanup(s.Close)
		d.houses, d.urls = append(d.houses, h), append(d.urls, s.URL)
	}
	d.fake.SetHooks(d.urls[0]+"/hook/official", d.urls[0]+"/hook/mini")
	jar, _ := cookiejar.New(nil)
	d.http = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	d.csrf = d.call("POST", "/login", `{"name":"boss","password":"Correct-Horse-9"}`, 200)["csrf_token"].(string)
	return d
}

// openHouse builds and starts a house on dsn for the fake's accounts; it ends with the test.
func openHouse(t testing.TB, fake *wechattest.Fake, dsn, api string) *house {
	t.Helper()
	oa := fake.Official()
	return launch(t, map[string]string{
		"LOUDOU_DATABASE": dsn, "LOUDOU_DATA": t.TempDir(), "LOUDOU_SECRET": "a-secret-for-tests-0123456789-0123456789", "LOUDOU_LIMITS": "off",
		"LOUDOU_OFFICIAL_APPID": oa.AppID, "LOUDOU_OFFICIAL_SECRET": oa.Secret, "LOUDOU_OFFICIAL_TOKEN": oa.Token, "LOUDOU_OFFICIAL_AES_KEY": oa.AESKey,
		"LOUDOU_MINI_APPID": fake.Mini().AppID, "LOUDOU_MINI_SECRET": fake.Mini().Secret, "LOUDOU_MINI_TOKEN": fake.Mini().Token, "LOUDOU_MINI_AES_KEY": fake.Mini().AESKey,
		"LOUDOU_WECHAT_API": api, "LOUDOU_OPERATOR_NAME": "boss", "LOUDOU_OPERATOR_PASSWORD": "Correct-Horse-9", "LOUDOU_PUBLIC_URL": "http://127.0.0.1:8080",
	})
}

// call speaks to the console of the first instance and wants a status.
func (d *desk) call(method, path, body string, want int) map[string]any {
	d.t.Helper()
	req, err := http.NewRequest(method, d.urls[0]+"/console/v1"+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("X-CSRF-Token", d.csrf)
	res, err := d.http.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	if res.StatusCode != want {
		d.t.Fatalf("%s %s: %d %s, want %d", method, path, res.StatusCode, raw, want)
	}
	out := map[string]any{}
	_ = json.Unmarshal(raw, &out)
	return out
}

func (d *desk) rule(body string) { d.t.Helper(); d.call("POST", "/replies", body, 201) }

func (d *desk) publish() { d.t.Helper(); d.call("POST", "/replies/publish", `{"note":"测试"}`, 200) }

func (d *desk) count(sql string, args ...any) (n int64) {
	d.t.Helper()
	if err := d.houses[0].db.Raw(sql, args...).Scan(&n).Error; err != nil {
		d.t.Fatal(err)
	}
	return n
}

func (d *desk) wants(what string, want int64, sql string, args ...any) {
	d.t.Helper()
	if got := d.count(sql, args...); got != want {
		d.t.Errorf("%s = %d, want %d", what, got, want)
	}
}

func (d *desk) until(what string, ok func() bool) {
	d.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	d.t.Errorf("%s: did not come", what)
}

// send posts one delivery of message to an instance and gives the answer before encryption.
func (d *desk) send(instance int, message []byte) (status int, answer string, took time.Duration) {
	d.t.Helper()
	oa := d.fake.Official()
	w, err := d.fake.Wrap(oa.AppID, "o", message)
	if err != nil {
		d.t.Fatal(err)
	}
	start := time.Now()
	res, err := http.Post(d.urls[instance]+"/hook/official?"+w.Query.Encode(), w.ContentType, bytes.NewReader(w.Body))
	if err != nil {
		d.t.Error(err)
		return 0, "", 0
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	took = time.Since(start)
	_, rest, ok := strings.Cut(string(raw), "<Encrypt><![CDATA[")
	if !ok {
		return res.StatusCode, string(raw), took
	}
	enc, _, _ := strings.Cut(rest, "]]>")
	plain, _, err := wechattest.Decrypt(oa.AESKey, enc)
	if err != nil {
		d.t.Error(err)
	}
	return res.StatusCode, string(plain), took
}

// fields pairs names and values.
func fields(pairs ...string) (out wechattest.Fields) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, wechattest.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

func textOf(openid, content, msgid string) []byte {
	return fields("ToUserName", "gh", "FromUserName", openid, "CreateTime", strconv.FormatInt(time.Now().Unix(), 10), "MsgType", "text", "Content", content, "MsgId", msgid).XML()
}

// afterASecond waits for another CreateTime: two follows in one second are one event to WeChat.
func afterASecond(act func() wechattest.Delivery) wechattest.Delivery {
	time.Sleep(1100 * time.Millisecond)
	return act()
}

const (
	welcome = `{"name":"欢迎","kind":"follow","messages":[{"type":"text","content":"欢迎关注"}]}`
	courses = `{"name":"课程","kind":"keyword","keywords":[{"text":"课程","match":"contains"}],"priority":1,"messages":[{"type":"text","content":"课程在这里"}],"enabled":true}`
)
