package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"loudou/config"
	"loudou/model/migration"
	"loudou/model/modeltest"
	"loudou/service/store"
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
	env := map[string]string{
		"LOUDOU_DATABASE": dsn, "LOUDOU_DATA": t.TempDir(), "LOUDOU_SECRET": "a-secret-for-tests-0123456789-0123456789", "LOUDOU_LIMITS": "off",
		"LOUDOU_OFFICIAL_APPID": oa.AppID, "LOUDOU_OFFICIAL_SECRET": oa.Secret, "LOUDOU_OFFICIAL_TOKEN": oa.Token, "LOUDOU_OFFICIAL_AES_KEY": oa.AESKey,
		"LOUDOU_MINI_APPID": fake.Mini().AppID, "LOUDOU_MINI_SECRET": fake.Mini().Secret, "LOUDOU_MINI_TOKEN": fake.Mini().Token, "LOUDOU_MINI_AES_KEY": fake.Mini().AESKey,
		"LOUDOU_WECHAT_API": api, "LOUDOU_OPERATOR_NAME": "boss", "LOUDOU_OPERATOR_PASSWORD": "Correct-Horse-9", "LOUDOU_PUBLIC_URL": "http://127.0.0.1:8080",
	}
	cfg, err := config.Load("", func(k string) (string, bool) { v, ok := env[k]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	h, err := build(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := migration.Up(context.Background(), h.db); err != nil {
		t.Fatal(err)
	}
	for _, step := range h.begin {
		if err := step(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, loop := range h.background {
		wg.Go(func() { loop(ctx) })
	}
	t.Cleanup(func() { cancel(); wg.Wait(); h.close() })
	return h
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

// both runs a story on SQLite and on MySQL.
func both(t *testing.T, story func(t *testing.T, dsn string)) {
	t.Run("sqlite", func(t *testing.T) { story(t, modeltest.SQLiteDSN(t)) })
	if os.Getenv("LOUDOU_TEST_MYSQL") != "" {
		t.Run("mysql", func(t *testing.T) { story(t, modeltest.MySQLDSN(t)) })
	}
}

const (
	welcome = `{"name":"欢迎","kind":"follow","messages":[{"type":"text","content":"欢迎关注"}]}`
	courses = `{"name":"课程","kind":"keyword","keywords":[{"text":"课程","match":"contains"}],"priority":1,"messages":[{"type":"text","content":"课程在这里"}],"enabled":true}`
)

// A fan's whole day, from following to leaving, as an operator has set it up.
func TestFansDay(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		if err := d.fake.VerifyURL(d.fake.Official().AppID); err != nil {
			t.Fatal(err)
		}
		d.rule(welcome)
		d.rule(courses)
		if got := d.fake.Say("oFanAlpha", "课程"); !got.Heard || len(got.Plain) != 0 {
			t.Errorf("a draft answered: %s %s", got.Plain, got.Fault)
		}
		d.publish()
		d.call("POST", "/scene-codes", `{"scene":"a1","permanent":true,"channel":"海报"}`, 201)
		d.rule(`{"name":"海报","kind":"scene","event_key":"a1","messages":[{"type":"text","content":"海报来的"}]}`)
		d.rule(`{"name":"今日","kind":"menu","event_key":"TODAY","messages":[{"type":"text","content":"今日课程表"}]}`)
		thumb := d.fake.AddMedia("image", "image/jpeg", []byte("picture"))
		d.rule(`{"name":"三条","kind":"keyword","keywords":[{"text":"资料","match":"exact"}],"messages":[{"type":"text","content":"一"},{"type":"text","content":"二"},{"type":"miniprogrampage","title":"三","appid":"` + d.fake.Mini().AppID + `","pagepath":"p","thumb_media_id":"` + thumb + `"}]}`)
		d.publish()
		for _, step := range []struct {
			name string
			got  wechattest.Delivery
			want string
		}{
			{"follow", d.fake.Follow("oFanAlpha", ""), "欢迎关注"},
			{"keyword", d.fake.Say("oFanAlpha", "我想买课程"), "课程在这里"},
			{"nothing", d.fake.Say("oFanAlpha", "你好"), ""},
			{"follow by code", d.fake.Follow("oFanBeta", "a1"), "海报来的"},
			{"scan", d.fake.Scan("oFanAlpha", "a1"), "海报来的"},
			{"scan of an unknown code", d.fake.Scan("oFanAlpha", "zz"), "欢迎关注"},
			{"click", d.fake.Click("oFanAlpha", "TODAY"), "今日课程表"},
			{"view", d.fake.View("oFanAlpha", "https://example.com/"), ""},
			{"leave", d.fake.Unfollow("oFanAlpha"), ""},
			{"come back", afterASecond(func() wechattest.Delivery { return d.fake.Follow("oFanAlpha", "") }), "欢迎关注"},
		} {
			if !step.got.Heard || step.got.Text() != step.want {
				t.Errorf("%s: %q (%s), want %q", step.name, step.got.Text(), step.got.Fault, step.want)
			}
		}
		d.wants("pushes", 11, "SELECT COUNT(*) FROM pushes")
		d.wants("changes", 4, "SELECT COUNT(*) FROM follower_changes")
		d.wants("following", 2, "SELECT COUNT(*) FROM followers WHERE subscribed = 1")
		d.wants("follows of oA", 2, "SELECT follows FROM followers WHERE openid = 'oFanAlpha'")
		d.wants("scans", 3, "SELECT COUNT(*) FROM scene_scans")
		d.wants("scans by new fans", 1, "SELECT COUNT(*) FROM scene_scans WHERE new_fan = 1")
		d.wants("events", 12, "SELECT COUNT(*) FROM events")
		d.wants("hits of the keyword", 1, "SELECT SUM(hits) FROM reply_hits WHERE keyword = '课程'")
		if got := d.fake.Say("oFanBeta", "资料"); got.Text() != "一" {
			t.Errorf("first of three: %q", got.Text())
		}
		d.until("the other two", func() bool { return d.count("SELECT COUNT(*) FROM reply_sends WHERE state = 'sent'") == 2 })
		var shown []string
		for _, l := range d.fake.ChatOf("oFanBeta", 0) {
			shown = append(shown, l.Text)
		}
		if s := strings.Join(shown, " "); !strings.Contains(s, "一 二") {
			t.Errorf("chat: %s", s)
		}
		d.until("unionid asked for", func() bool { return d.fake.Count("/cgi-bin/user/info") >= 2 })
		f := d.call("GET", "/followers", "", 200)
		if items := f["items"].([]any); len(items) != 2 || strings.Contains(fmt.Sprint(items), "oFanAlpha") {
			t.Errorf("followers: %v", f)
		}
		d.call("GET", "/replies/hits?from=2020-01-01&to=2099-01-01", "", 200)
		un := d.call("GET", "/replies/unanswered", "", 200)
		if !strings.Contains(fmt.Sprint(un), "你好") || strings.Contains(fmt.Sprint(un), "买课程") {
			t.Errorf("unanswered: %v", un)
		}
	})
}

// afterASecond waits for another CreateTime: two follows in one second are one event to WeChat.
func afterASecond(act func() wechattest.Delivery) wechattest.Delivery {
	time.Sleep(1100 * time.Millisecond)
	return act()
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

// The same push again and again, on two instances, at the same time and later.
func TestToldThreeTimes(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		d.rule(`{"name":"抽签","kind":"keyword","keywords":[{"text":"签","match":"exact"}],"pick":"random","messages":[{"type":"text","content":"上"},{"type":"text","content":"中"},{"type":"text","content":"下"},{"type":"text","content":"空"}]}`)
		d.publish()
		d.until("the other instance knows the version", func() bool { return d.houses[1].replies.Live() == 1 })
		for i := range 20 {
			message := textOf("oFanAlpha", "签", strconv.Itoa(90000+i))
			answers := make([]string, 6)
			var wg sync.WaitGroup
			for j := range answers {
				wg.Go(func() { _, answers[j], _ = d.send(j%2, message) })
			}
			wg.Wait()
			for _, a := range answers {
				if a != answers[0] || !strings.Contains(a, "<Content>") {
					t.Fatalf("push %d: answers differ: %q", i, answers)
				}
			}
		}
		d.wants("pushes", 20, "SELECT COUNT(*) FROM pushes")
		d.wants("hits", 20, "SELECT SUM(hits) FROM reply_hits")
		d.wants("events", 20, "SELECT COUNT(*) FROM events")
	})
}

// hold blocks every writer of the pushes table until it is let go.
func hold(t *testing.T, dsn string) (release func()) {
	t.Helper()
	db, err := store.OpenDB(dsn)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "BEGIN IMMEDIATE", "ROLLBACK"
	if store.IsMySQL(db) {
		begin, end = "LOCK TABLES pushes WRITE", "UNLOCK TABLES"
	}
	if _, err := conn.ExecContext(context.Background(), begin); err != nil {
		t.Fatal(err)
	}
	return func() {
		_, _ = conn.ExecContext(context.Background(), end)
		_ = conn.Close()
		_ = pool.Close()
	}
}

// The database holds still: answers come from memory within two seconds, and everything is stored later, once.
func TestDatabaseHoldsStill(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		d.rule(courses)
		d.publish()
		d.until("the other instance knows the version", func() bool { return d.houses[1].replies.Live() == 1 })
		release := hold(t, dsn)
		const n = 30
		answers := make([]string, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				status, a, took := d.send(i%2, textOf("oFanAlpha", "课程", strconv.Itoa(70000+i)))
				if status != 200 || !strings.Contains(a, "课程在这里") || took > 2*time.Second {
					t.Errorf("push %d: %d in %v: %s", i, status, took, a)
				}
				answers[i] = a
			})
			time.Sleep(20 * time.Millisecond)
		}
		wg.Wait()
		// WeChat tells again, here and there, while it is still held.
		first := textOf("oFanAlpha", "课程", "70000")
		if _, a, took := d.send(1, first); took > 2*time.Second || !strings.Contains(a, "课程在这里") {
			t.Errorf("again: %v %s", took, a)
		}
		if d.houses[0].inbox.Waiting() == 0 {
			t.Error("nothing is in the spool")
		}
		release()
		d.until("all stored", func() bool {
			return d.houses[0].inbox.Waiting() == 0 && d.houses[1].inbox.Waiting() == 0 && d.count("SELECT COUNT(*) FROM pushes") == n
		})
		d.wants("hits", n, "SELECT SUM(hits) FROM reply_hits")
		d.wants("events", n, "SELECT COUNT(*) FROM events")
		d.until("the road is open again", func() bool {
			before := d.houses[0].inbox.Stored.Load()
			_, _, _ = d.send(0, textOf("oFanAlpha", "课程", strconv.FormatInt(time.Now().UnixNano(), 10)))
			return d.houses[0].inbox.Stored.Load() > before
		})
	})
}

// The attacks on the callback, at the door.
func TestCallbackRefuses(t *testing.T) {
	d := openDesk(t, modeltest.SQLiteDSN(t), 1)
	oa := d.fake.Official()
	good := textOf("oFanAlpha", "课程", "1")
	wrap := func(message []byte) wechattest.Wrapped {
		w, err := d.fake.Wrap(oa.AppID, "o", message)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	signedOnly := func() url.Values {
		q := wrap(good).Query
		q.Del("encrypt_type")
		q.Del("msg_signature")
		return q
	}
	for _, c := range []struct {
		name string
		q    url.Values
		body []byte
		want int
		text string
	}{
		{"nothing", url.Values{}, good, 403, "bad_signature"},
		{"plain with a key set", signedOnly(), good, 403, "plain_refused"},
		{"doctype", signedOnly(), []byte(`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml>&a;</xml>`), 400, "doctype"},
		{"one MiB", wrap(good).Query, bytes.Repeat([]byte("a"), 1<<20), 413, "too_large"},
		{"gbk", wrap([]byte("<xml><Content>\xbf\xce\xb3\xcc</Content></xml>")).Query, wrap([]byte("<xml><Content>\xbf\xce\xb3\xcc</Content></xml>")).Body, 403, "bad_msg_signature"},
	} {
		res, err := http.Post(d.urls[0]+"/hook/official?"+c.q.Encode(), "text/xml", bytes.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != c.want || string(raw) != c.text {
			t.Errorf("%s: %d %s, want %d %s", c.name, res.StatusCode, raw, c.want, c.text)
		}
	}
	inside := wrap([]byte("<xml><MsgType>text</MsgType><Content>\xbf\xce\xb3\xcc</Content></xml>"))
	if got := d.fake.Send(oa.AppID, inside); got.Status != 400 {
		t.Errorf("gbk under a true signature: %d %s", got.Status, got.Answer)
	}
	chunked, _ := http.NewRequest("POST", d.urls[0]+"/hook/official?"+wrap(good).Query.Encode(), io.MultiReader(bytes.NewReader(bytes.Repeat([]byte("a"), 1<<20))))
	res, err := http.DefaultClient.Do(chunked)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("chunked: %d", res.StatusCode)
	}
	d.wants("pushes", 0, "SELECT COUNT(*) FROM pushes")
	w := wrap(good)
	if got := d.fake.Send(oa.AppID, w); got.Status != 200 {
		t.Errorf("the next good one: %d", got.Status)
	}
	if got := d.fake.Send(oa.AppID, w); got.Status != 200 {
		t.Errorf("the same again: %d", got.Status)
	}
	d.wants("pushes", 1, "SELECT COUNT(*) FROM pushes")
}

// Rules: refused, changed, restored, and the simulator that says what the callback does.
func TestRulesOnTheDesk(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.rule(`{"name":"甲","kind":"keyword","keywords":[{"text":"ＰＰＴ","match":"exact"}],"messages":[{"type":"text","content":"甲答"}]}`)
		bad := d.call("POST", "/replies", `{"name":"乙","kind":"keyword","keywords":[{"text":" ppt","match":"exact"}],"messages":[{"type":"text","content":"乙答"}]}`, 409)
		if !strings.Contains(fmt.Sprint(bad), "甲") {
			t.Errorf("duplicate keyword: %v", bad)
		}
		d.call("POST", "/replies", `{"name":"丙","kind":"follow","messages":[{"type":"text","content":""}]}`, 400)
		d.call("POST", "/replies", `{"name":"丁","kind":"follow","messages":[{"type":"text","content":"x"}],"appid":"wx"}`, 400)
		d.publish()
		list := d.call("GET", "/replies", "", 200)["items"].([]any)
		id := int64(list[0].(map[string]any)["id"].(float64))
		d.call("PUT", fmt.Sprint("/replies/", id), `{"name":"甲","kind":"keyword","keywords":[{"text":"PPT","match":"exact"}],"messages":[{"type":"text","content":"新答"}],"revision":1}`, 200)
		d.call("PUT", fmt.Sprint("/replies/", id), `{"name":"甲","kind":"keyword","keywords":[{"text":"PPT","match":"exact"}],"messages":[{"type":"text","content":"晚了"}],"revision":1}`, 409)
		if got := d.fake.Say("oFanAlpha", "ppt"); got.Text() != "甲答" {
			t.Errorf("before publishing: %q", got.Text())
		}
		d.publish()
		if got := d.fake.Say("oFanAlpha", "ppt"); got.Text() != "新答" {
			t.Errorf("just published: %q", got.Text())
		}
		d.call("POST", "/replies/publish", `{}`, 409)
		d.call("POST", "/replies/versions/1/restore", `{"note":"退回"}`, 200)
		if got := d.fake.Say("oFanAlpha", "ppt"); got.Text() != "甲答" {
			t.Errorf("restored: %q", got.Text())
		}
		v := d.call("GET", "/replies/versions", "", 200)["items"].([]any)
		if len(v) != 3 || !strings.Contains(fmt.Sprint(v[1]), "新答") {
			t.Errorf("versions: %v", v)
		}
		for _, text := range []string{"ppt", "PPT", "没有", "ＰＰＴ "} {
			tried := d.call("POST", "/replies/try", fmt.Sprintf(`{"text":%q}`, text), 200)
			said := d.fake.Say("oFanAlpha", text)
			messages, _ := json.Marshal(tried["messages"])
			if (said.Text() == "") != (string(messages) == "[]") || said.Text() != "" && !strings.Contains(string(messages), said.Text()) {
				t.Errorf("%s: tried %s, said %q", text, messages, said.Text())
			}
		}
		d.call("POST", "/replies/try", `{}`, 400)
		d.call("DELETE", fmt.Sprint("/replies/", id), "", 204)
		d.wants("audit", 6, "SELECT COUNT(*) FROM audit_entries WHERE action LIKE 'reply.%'")
	})
}

// Ten messages in answer to one: the first is the answer, three more fit the minute after the follow, five
// the message's own window, and the last is told as quota.
func TestQuotaAndUnverified(t *testing.T) {
	d := openDesk(t, modeltest.SQLiteDSN(t), 1)
	texts := func(n int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(`{"type":"text","content":"第%d条"}`, i))
		}
		return strings.Join(out, ",")
	}
	d.rule(`{"name":"十","kind":"keyword","keywords":[{"text":"十","match":"exact"}],"messages":[` + texts(10) + `]}`)
	d.rule(`{"name":"多","kind":"keyword","keywords":[{"text":"多","match":"exact"}],"messages":[` + texts(5) + `]}`)
	d.publish()
	d.fake.Follow("oFanQuota", "")
	d.fake.Say("oFanQuota", "十")
	d.until("the last is too many", func() bool { return d.count("SELECT COUNT(*) FROM reply_sends WHERE state = 'quota'") == 1 })
	d.wants("sent", 8, "SELECT COUNT(*) FROM reply_sends WHERE state = 'sent'")
	var order []string
	for _, c := range d.fake.Calls("/cgi-bin/message/custom/send") {
		_, after, _ := strings.Cut(string(c.Body), "第")
		order = append(order, after[:1])
	}
	if got := strings.Join(order, ""); got != "12345678" {
		t.Errorf("sent in the order %s", got)
	}
	d.houses[0].db.Exec("DELETE FROM reply_sends")
	clear := d.fake.Fail("/cgi-bin/message/custom/send", wechattest.ErrCode(45047))
	d.fake.Say("oFanQuota", "多")
	d.until("over the number", func() bool { return d.count("SELECT COUNT(*) FROM reply_sends WHERE state = 'quota'") == 4 })
	clear()
	clear = d.fake.Fail("/cgi-bin/message/custom/send", wechattest.ErrCode(48001))
	if got := d.fake.Say("oFanQuota", "多"); got.Text() != "第0条" {
		t.Errorf("the passive part: %q", got.Text())
	}
	d.until("unverified", func() bool { return d.count("SELECT COUNT(*) FROM reply_sends WHERE state = 'unverified'") == 4 })
	clear()
}

// The menu: over the limits, refused by WeChat, published, rolled back.
func TestMenuOnTheDesk(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.call("PUT", "/menu/draft", `{"buttons":[{"type":"click","name":"名字太长太长太长","key":"A"}]}`, 200)
		if bad := d.call("POST", "/menu/publish", `{"note":"x"}`, 400); !strings.Contains(fmt.Sprint(bad), "名字太长太长太长") {
			t.Errorf("the button is not named: %v", bad)
		}
		if n := d.fake.Count("/cgi-bin/menu/create"); n != 0 {
			t.Errorf("%d calls before the check", n)
		}
		draft := d.call("PUT", "/menu/draft", `{"buttons":[{"type":"click","name":"一版","key":"TODAY"}]}`, 200)
		if draft["revision"].(float64) != 2 {
			t.Errorf("draft: %v", draft)
		}
		conflict := d.call("PUT", "/menu/draft", `{"buttons":[],"revision":1}`, 409)
		if !strings.Contains(fmt.Sprint(conflict), "boss") {
			t.Errorf("who was faster: %v", conflict)
		}
		clear := d.fake.Fail("/cgi-bin/menu/create", wechattest.ErrCode(40018))
		d.call("POST", "/menu/publish", `{"note":"坏"}`, 400)
		clear()
		d.wants("versions after a refusal", 0, "SELECT COUNT(*) FROM menu_versions")
		d.call("POST", "/menu/publish", `{"note":"v1"}`, 200)
		d.call("PUT", "/menu/draft", `{"buttons":[{"type":"view","name":"二版","url":"https://example.com/"}],"conditional":[{"button":[{"type":"click","name":"安卓","key":"A"}],"matchrule":{"client_platform_type":"2"}}]}`, 200)
		d.call("POST", "/menu/publish", `{"note":"v2"}`, 200)
		if m := string(d.fake.MenuFor("oFanAlpha")); !strings.Contains(m, "二版") && !strings.Contains(m, "安卓") {
			t.Errorf("live: %s", m)
		}
		v := d.call("POST", "/menu/versions/1/restore", `{"note":"退回"}`, 200)
		if v["version"].(float64) != 3 || v["restored_from"].(float64) != 1 {
			t.Errorf("restored: %v", v)
		}
		if m := string(d.fake.MenuFor("oFanAlpha")); !strings.Contains(m, "一版") {
			t.Errorf("live after the restore: %s", m)
		}
		d.wants("audit", 3, "SELECT COUNT(*) FROM audit_entries WHERE action IN ('menu.publish', 'menu.restore')")
		if items := d.call("GET", "/menu/versions?page_size=2", "", 200)["items"].([]any); len(items) != 2 {
			t.Errorf("versions: %v", items)
		}
	})
}

func TestLinks(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		for _, target := range []string{"http://example.com/", "javascript:alert(1)", "//evil", "https://", "https://a@b/", "https://a b/", "data:text/html,x"} {
			b, _ := json.Marshal(map[string]string{"target": target})
			d.call("POST", "/links", string(b), 400)
		}
		l := d.call("POST", "/links", `{"target":"https://example.com/x?a=1#b","channel":"公众号"}`, 201)
		code := l["code"].(string)
		get := func(method, path, agent string) *http.Response {
			req, _ := http.NewRequest(method, d.urls[0]+path, nil)
			req.Header.Set("User-Agent", agent)
			res, err := d.http.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			return res
		}
		const phone = "Mozilla/5.0 MicroMessenger/8.0"
		for range 2 {
			if res := get("GET", "/r/"+code+"?to=http://evil", phone); res.StatusCode != 302 || res.Header.Get("Location") != "https://example.com/x?a=1#b" {
				t.Errorf("%d to %s", res.StatusCode, res.Header.Get("Location"))
			}
		}
		get("HEAD", "/r/"+code, phone)
		get("GET", "/r/"+code, "Googlebot/2.1")
		for _, bad := range []string{"/r/unknown22", "/r/%2e%2e", "/r/" + code + "%0d%0aSet-Cookie:x", "/r/1' or 1=1"} {
			if res := get("GET", strings.ReplaceAll(bad, " ", "%20"), phone); res.StatusCode != 404 {
				t.Errorf("%s: %d", bad, res.StatusCode)
			}
		}
		d.wants("clicks", 2, "SELECT clicks FROM links")
		d.wants("robots", 2, "SELECT robots FROM links")
		d.wants("events", 2, "SELECT COUNT(*) FROM events")
		d.wants("one browser", 1, "SELECT COUNT(DISTINCT person_id) FROM events")
	})
}

// Virtual payment's pushes are answered in their own way, and never 0 for what is not settled.
func TestXPayPushWithoutSettings(t *testing.T) {
	d := openDesk(t, modeltest.SQLiteDSN(t), 1)
	d.houses[0].pushes.XPay, d.houses[0].pushes.Orders = nil, nil
	got := d.fake.PushMini("oU", fields("MsgType", "event", "Event", "xpay_goods_deliver_notify", "OpenId", "oU", "OutTradeNo", "C1"))
	if len(got.Tries) == 0 || got.Tries[0].Status != 200 || wechattest.GoodXPay(got.Plain) {
		t.Errorf("answered %+v %s", got.Tries, got.Plain)
	}
}
