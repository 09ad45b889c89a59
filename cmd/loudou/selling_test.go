package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"loudou/service/order/ordertest"
	"loudou/service/wechat/wechattest"
	"loudou/service/wxpay/wxpaytest"
	"loudou/service/xpay/xpaytest"
)

// market is two running houses on one database, with the fake WeChat, WeChat Pay and virtual payment, an
// operator logged in, and a course on sale with a trial and a paid lesson. more are settings, name and value.
type market struct {
	t      *testing.T
	wechat *wechattest.Fake
	pay    *wxpaytest.Fake
	xpay   *xpaytest.Fake
	houses []*house
	urls   []string
	boss   caller
	course int64
	trial  int64
	paid   int64
}

// caller speaks to one instance as an operator or a learner.
type caller struct {
	t      *testing.T
	base   string
	http   *http.Client
	header map[string]string
	person string
}

type said struct {
	status int
	raw    string
	json   map[string]any
}

func (c caller) do(method, path string, body any, headers ...string) said {
	c.t.Helper()
	var r io.Reader
	if text, ok := body.(string); ok {
		r = strings.NewReader(text)
	} else if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		r = strings.NewReader(string(raw))
	}
	req, err := http.NewRequest(method, c.base+path, r)
	if err != nil {
		c.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	out := said{status: res.StatusCode, raw: string(raw), json: map[string]any{}}
	_ = json.Unmarshal(raw, &out.json)
	return out
}

func (c caller) want(status int, method, path string, body any, headers ...string) said {
	c.t.Helper()
	r := c.do(method, path, body, headers...)
	if r.status != status {
		c.t.Fatalf("%s %s: %d %s, want %d", method, path, r.status, r.raw, status)
	}
	return r
}

func (r said) text(name string) string { s, _ := r.json[name].(string); return s }

func (r said) code() string {
	e, _ := r.json["error"].(map[string]any)
	s, _ := e["code"].(string)
	return s
}

func openMarket(t *testing.T, dsn string, more ...string) *market {
	t.Helper()
	return openMarketOn(t, wechattest.New(wechattest.Options{Wait: 5 * time.Second, RetryEvery: 20 * time.Millisecond}).Start(t), dsn, more...)
}

// openMarketOn is openMarket with a fake WeChat whose accounts more may name.
func openMarketOn(t *testing.T, wechat *wechattest.Fake, dsn string, more ...string) *market {
	t.Helper()
	m := &market{t: t, wechat: wechat}
	m.pay = wxpaytest.New(wxpaytest.Options{RefundIn: 20 * time.Millisecond, RefundGap: time.Nanosecond, Plan: []time.Duration{time.Hour}}).Start(t)
	m.xpay = xpaytest.New(xpaytest.Options{WeChat: m.wechat, AnyGoods: true, RefundIn: 20 * time.Millisecond, RetryEvery: 50 * time.Millisecond}).Start(t)
	k, x, a := m.pay.Keys(), m.xpay.Options(), m.wechat.Mini()
	for range 2 {
		env := map[string]string{
			"LOUDOU_DATABASE": dsn, "LOUDOU_DATA": t.TempDir(), "LOUDOU_SECRET": "a-secret-for-tests-0123456789-0123456789", "LOUDOU_LIMITS": "off",
			"LOUDOU_MINI_APPID": a.AppID, "LOUDOU_MINI_SECRET": a.Secret, "LOUDOU_MINI_TOKEN": a.Token, "LOUDOU_MINI_AES_KEY": a.AESKey,
			"LOUDOU_PAY_MCHID": k.MchID, "LOUDOU_PAY_SERIAL": k.Serial, "LOUDOU_PAY_PRIVATE_KEY": string(k.MerchantPEM()), "LOUDOU_PAY_APIV3_KEY": k.APIv3Key,
			"LOUDOU_PAY_PUBLIC_KEY_ID": k.PublicKeyID, "LOUDOU_PAY_PUBLIC_KEY": string(k.PublicKeyPEM()), "LOUDOU_PAY_API": m.pay.URL(),
			"LOUDOU_XPAY_OFFER_ID": x.OfferID, "LOUDOU_XPAY_APP_KEY": x.AppKey, "LOUDOU_XPAY_SANDBOX_APP_KEY": x.SandboxAppKey,
			"LOUDOU_WECHAT_API": m.wechat.URL(), "LOUDOU_OPERATOR_NAME": "boss", "LOUDOU_OPERATOR_PASSWORD": "Correct-Horse-9", "LOUDOU_PUBLIC_URL": "http://127.0.0.1:8080",
		}
		for i := 0; i+1 < len(more); i += 2 {
			env[more[i]] = more[i+1]
		}
		h := launch(t, env)
		s := httptest.NewServer(h.handler)
		t.Cleanup(s.Close)
		m.houses, m.urls = append(m.houses, h), append(m.urls, s.URL)
	}
	t.Cleanup(func() { ordertest.Check(t, m.houses[0].db) })
	m.wechat.SetHooks("", m.urls[0]+"/hook/mini")
	m.pay.SetService(m.urls[0])

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	m.boss = caller{t: t, base: m.urls[0] + "/console/v1", http: &http.Client{Jar: jar}, header: map[string]string{}}
	m.boss.header["X-CSRF-Token"] = m.boss.want(200, "POST", "/login", map[string]any{"name": "boss", "password": "Correct-Horse-9"}).text("csrf_token")
	id := func(r said) int64 { n, _ := r.json["id"].(float64); return int64(n) }
	m.course = id(m.boss.want(201, "POST", "/courses", map[string]any{"title": "写作课", "price": 19900}))
	lessons := fmt.Sprintf("/courses/%d/lessons", m.course)
	m.trial = id(m.boss.want(201, "POST", lessons, map[string]any{"title": "试听", "kind": "text", "content": "试听正文", "trial": true}))
	m.paid = id(m.boss.want(201, "POST", lessons, map[string]any{"title": "正课", "kind": "text", "content": "正文", "trial": false}))
	m.boss.want(200, "POST", fmt.Sprintf("/courses/%d/publish", m.course), map[string]any{})
	return m
}

// learner logs somebody in on an instance.
func (m *market) learner(person, platform string, instance int) caller {
	m.t.Helper()
	c := caller{t: m.t, base: m.urls[instance] + "/mini/v1", http: &http.Client{}, header: map[string]string{}, person: person}
	r := c.want(200, "POST", "/session", map[string]any{"code": m.wechat.LoginCode(person), "platform": platform})
	c.header["Authorization"] = "Bearer " + r.text("token")
	return c
}

func (m *market) order(c caller, via, key string) said {
	m.t.Helper()
	return c.want(201, "POST", "/orders", map[string]any{"course_id": m.course, "via": via, "price": 1, "amount": 1, "total": 1, "status": "paid"}, "Idempotency-Key", key)
}

// sheet pays as a phone does: what the server gave opens the sheet, or nothing does.
func (m *market) sheet(r said) {
	m.t.Helper()
	raw, err := json.Marshal(r.json["pay"])
	if err != nil {
		m.t.Fatal(err)
	}
	var s wxpaytest.Sheet
	if err := json.Unmarshal(raw, &s); err != nil {
		m.t.Fatal(err)
	}
	o, err := m.pay.OpenSheet(m.wechat.Mini().AppID, s)
	if err != nil {
		m.t.Fatal(err)
	}
	if _, err := m.pay.Pay(o.OutTradeNo, wxpaytest.Payment{}); err != nil {
		m.t.Fatal(err)
	}
	m.pay.Wait()
}

func (m *market) until(what string, ok func() bool) {
	m.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if ok() {
			return
		}
	}
	m.t.Fatalf("never: %s", what)
}

// Somebody buys with WeChat Pay on one instance, is told of on both, studies, and gets the money back.
// Selling check 3.
func TestBuyAndRefundOverTwoInstances(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		a, b := m.learner("oA", "android", 0), m.learner("oB", "android", 1)
		lesson := fmt.Sprintf("/lessons/%d", m.paid)
		a.want(403, "GET", lesson, nil)
		o := m.order(a, "jsapi", "k1")
		no := o.text("out_trade_no")
		if o.json["amount"] != 19900.0 || o.text("status") != "pending" {
			t.Fatalf("order %s", o.raw)
		}
		if again := a.want(201, "POST", "/orders", map[string]any{"course_id": m.course, "via": "jsapi"}, "Idempotency-Key", "k1"); again.raw != o.raw {
			t.Errorf("the same key answered\n%s\nfirst\n%s", again.raw, o.raw)
		}
		if r := a.do("POST", "/orders", map[string]any{"course_id": m.course + 1}, "Idempotency-Key", "k1"); r.status != 409 || r.code() != "key_reused" {
			t.Errorf("other body: %d %s", r.status, r.raw)
		}
		if r := a.do("POST", "/orders", map[string]any{"course_id": m.course}); r.status != 400 {
			t.Errorf("no key: %d %s", r.status, r.raw)
		}
		for _, bad := range []string{`{"course_id":-1}`, `{"course_id":9223372036854775808}`, `{"course_id":"1 or 1=1"}`, `{"course_id":[1]}`, `{"course_id":null}`, `{"course_id":1,"via":"manual"}`, `{}`} {
			if r := a.do("POST", "/orders", bad, "Idempotency-Key", "bad"); r.status != 400 {
				t.Errorf("%s: %d %s", bad, r.status, r.raw)
			}
		}
		for _, path := range []string{"GET /orders/%s", "POST /orders/%s/cancel", "POST /orders/%s/refund-requests", "DELETE /orders/%s/refund-requests"} {
			method, path, _ := strings.Cut(path, " ")
			var body any
			if strings.HasSuffix(path, "requests") && method == "POST" {
				body = map[string]any{"reason": "x"}
			}
			theirs, unknown := b.do(method, fmt.Sprintf(path, no), body), b.do(method, fmt.Sprintf(path, "261124ZZZZZZZZZZZZZZZZZZZ"), body)
			if theirs.status != 404 || theirs.raw != unknown.raw {
				t.Errorf("%s %s of another: %d %s, unknown: %s", method, path, theirs.status, theirs.raw, unknown.raw)
			}
		}

		m.sheet(o)
		var wg sync.WaitGroup
		for i := range 40 { // both instances hear it again and again
			wg.Go(func() {
				n := m.pay.Notices(no)[0]
				r, err := http.NewRequest("POST", m.urls[i%2]+"/hook/pay", nil)
				if err != nil {
					t.Error(err)
					return
				}
				msg := m.pay.Seal(n.Event, n.Plain)
				r.Header, r.Body = msg.Header, io.NopCloser(strings.NewReader(string(msg.Body)))
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_ = res.Body.Close()
				if res.StatusCode != 204 {
					t.Errorf("told again: %d", res.StatusCode)
				}
			})
		}
		wg.Wait()
		a.want(200, "GET", lesson, nil)
		b.want(403, "GET", lesson, nil)
		if r := a.want(200, "GET", "/orders/"+no, nil); r.text("status") != "paid" || r.json["pay"] != nil {
			t.Errorf("order %s", r.raw)
		}
		if r := a.do("POST", "/orders", map[string]any{"course_id": m.course}, "Idempotency-Key", "k2"); r.status != 409 || r.code() != "owned" {
			t.Errorf("owned: %d %s", r.status, r.raw)
		}

		list := m.boss.want(200, "GET", "/orders?status=paid&q="+no, nil)
		if items, _ := list.json["items"].([]any); len(items) != 1 || strings.Contains(list.raw, `"oA`) {
			t.Errorf("list %s", list.raw)
		}
		for _, bad := range []string{"?status=x", "?from=2026-02-30", "?from=2026-11-25&to=2026-11-24", "?page_size=0", "?page_token=x", "?course_id=-1"} {
			m.boss.want(400, "GET", "/orders"+bad, nil)
		}
		ref := "/orders/" + no + "/refunds"
		for _, bad := range []string{`{"amount":0,"reason":"x"}`, `{"amount":-1,"reason":"x"}`, `{"amount":1.5,"reason":"x"}`, `{"amount":"1","reason":"x"}`, `{"amount":9223372036854775808,"reason":"x"}`, `{"amount":1}`, `{"amount":1,"reason":"x","status":"success"}`} {
			m.boss.want(400, "POST", ref, bad, "Idempotency-Key", "bad")
		}
		r := m.boss.want(201, "POST", ref, map[string]any{"amount": 19900, "reason": "不想学了"}, "Idempotency-Key", "r1")
		m.until("the refund is done", func() bool { return a.want(200, "GET", "/orders/"+no, nil).text("status") == "refunded" })
		a.want(403, "GET", lesson, nil)
		a.want(200, "GET", fmt.Sprintf("/lessons/%d", m.trial), nil)
		m.pay.TellAgain(r.text("out_refund_no"))

		proof := m.boss.want(200, "GET", "/orders/"+no, nil)
		for _, want := range []string{`"transaction_id":"4200`, `"outcome":"paid"`, `"to":"refunded"`, `"to":"revoked"`, `"who":"wechat:notify"`} {
			if !strings.Contains(proof.raw, want) {
				t.Errorf("the proof lacks %s: %s", want, proof.raw)
			}
		}
		csv := m.boss.want(200, "GET", "/orders.csv", nil)
		if !strings.HasPrefix(csv.raw, "\uFEFF订单号") || !strings.Contains(csv.raw, no) || !strings.Contains(csv.raw, "199.00") {
			t.Errorf("csv %s", csv.raw)
		}
		inbox := m.boss.want(200, "GET", "/money-inbox", nil)
		if inbox.json["open"] != 0.0 || inbox.json["paid_without_grant"] != 0.0 || inbox.json["grant_without_reason"] != 0.0 {
			t.Errorf("inbox %s", inbox.raw)
		}
		if audit := m.boss.want(200, "GET", "/audit", nil); !strings.Contains(audit.raw, "refund.start") {
			t.Errorf("audit %s", audit.raw)
		}
	})
}

// virtually pays an order as a person does on an iPhone.
func (m *market) virtually(person string, o said) xpaytest.Order {
	m.t.Helper()
	raw, err := json.Marshal(o.json["pay"])
	if err != nil {
		m.t.Fatal(err)
	}
	var call xpaytest.Call
	if err := json.Unmarshal(raw, &call); err != nil {
		m.t.Fatal(err)
	}
	m.wechat.SetPlatform(person, "ios")
	// Goods are sold once WeChat has published them, which a job asked for after the course went on sale.
	x, err := m.xpay.Open(person, call)
	for end := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(end); x, err = m.xpay.Open(person, call) {
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	if _, err := m.xpay.Pay(x.OutTradeNo, time.Time{}); err != nil {
		m.t.Fatal(err)
	}
	m.xpay.Wait()
	return x
}

// Somebody buys by virtual payment; the push comes through the Mini Program's door.
// Selling check 31.
func TestBuyVirtually(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		a := m.learner("oA", "ios", 1)
		o := m.order(a, "xpay", "k1")
		x := m.virtually("oA", o)
		if !m.xpay.TellAgain(x.OutTradeNo) {
			t.Error("a push told again was not heard")
		}
		a.want(200, "GET", fmt.Sprintf("/lessons/%d", m.paid), nil)
		if r := m.boss.do("POST", "/orders/"+x.OutTradeNo+"/refunds", map[string]any{"amount": 100, "reason": "x"}, "Idempotency-Key", "r"); r.status != 409 {
			t.Errorf("a refund on iOS: %d %s", r.status, r.raw)
		}
	})
}

// Nobody is told anything: opening the order, or the timetable, finds the money.
// Selling check 13.
func TestNoticeNeverComes(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		m.pay.SetBadDays(wxpaytest.BadDays{Never: true})
		a, b := m.learner("oA", "android", 0), m.learner("oB", "android", 1)
		oa, ob := m.order(a, "jsapi", "k"), m.order(b, "jsapi", "k")
		m.sheet(oa)
		m.sheet(ob)
		if r := a.want(200, "GET", "/orders/"+oa.text("out_trade_no"), nil); r.text("status") != "paid" {
			t.Errorf("opening the order: %s", r.raw)
		}
		if err := m.houses[0].db.Exec("UPDATE payments SET check_at = ? WHERE out_trade_no = ?", time.Now().UTC().Add(-time.Second), ob.text("out_trade_no")).Error; err != nil {
			t.Fatal(err)
		}
		m.until("the timetable finds it", func() bool {
			return b.do("GET", fmt.Sprintf("/lessons/%d", m.paid), nil).status == 200
		})
		m.pay.SetBadDays(wxpaytest.BadDays{})
		c := m.learner("oC", "android", 0)
		oc := m.order(c, "jsapi", "k")
		if r := c.want(200, "POST", "/orders/"+oc.text("out_trade_no")+"/cancel", nil); r.text("status") != "closed" {
			t.Errorf("cancel: %s", r.raw)
		}
	})
}
