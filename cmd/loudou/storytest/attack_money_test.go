package storytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"loudou/service/wxpay/wxpaytest"
)

// told delivers a notice to an instance and gives the status.
func (h *House) told(instance int, path string, m wxpaytest.Message) int {
	req, err := http.NewRequest("POST", h.All[instance].URL()+path, bytes.NewReader(m.Body)) //nolint:noctx // the client's limit counts
	if err != nil {
		h.T.Error(err)
		return 0
	}
	req.Header = m.Header.Clone()
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// resource is what WeChat Pay would say of a paid order, changed by what is given.
func (h *House) resource(no string, change map[string]any) []byte {
	h.T.Helper()
	o, known := h.Pay.Order(no)
	if !known {
		o = wxpaytest.Order{OutTradeNo: no, AppID: h.WeChat.Mini().AppID, Total: 9900, Payer: "oNobody"}
	}
	r := map[string]any{
		"appid": o.AppID, "mchid": h.Pay.Keys().MchID, "out_trade_no": no, "transaction_id": "4200" + no, "trade_state": "SUCCESS", "trade_type": "JSAPI",
		"success_time": time.Now().Format(time.RFC3339), "payer": map[string]any{"openid": o.Payer},
		"amount": map[string]any{"total": o.Total, "payer_total": o.Total, "currency": "CNY", "payer_currency": "CNY"},
	}
	maps.Copy(r, change)
	return must(json.Marshal(r))
}

func (h *House) granted(no string) int64 {
	h.T.Helper()
	return h.Count("SELECT COUNT(*) FROM grants g JOIN orders o ON o.id = g.order_id WHERE o.out_trade_no = ? AND g.status = 'active'", no)
}

// Attacks 9–11. Notices that WeChat Pay did not sign, that it signed and nobody can use, that do not fit, and
// that come a hundred times on two instances.
// Selling check 9.
func TestForgedNotices(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		o.Programs = 2
		h := Open(t, binary, o)
		course := h.Course()
		no := h.Phone().ordered(course)
		k := h.Pay.Keys()
		good := func() wxpaytest.Message { return h.Pay.Seal("TRANSACTION.SUCCESS", h.resource(no, nil)) }
		set := func(name, value string) func(*wxpaytest.Message) {
			return func(m *wxpaytest.Message) { m.Header.Set(name, value) }
		}
		aged := func(d time.Duration) func(*wxpaytest.Message) {
			return func(m *wxpaytest.Message) {
				stamp := fmt.Sprint(time.Now().Add(-d).Unix())
				m.Header.Set("Wechatpay-Timestamp", stamp)
				m.Header.Set("Wechatpay-Signature", wxpaytest.Signature(k.Platform, stamp+"\n"+m.Header.Get("Wechatpay-Nonce")+"\n"+string(m.Body)+"\n"))
			}
		}
		for name, spoil := range map[string]func(*wxpaytest.Message){
			"no headers": func(m *wxpaytest.Message) { m.Header = http.Header{"Content-Type": {"application/json"}} },
			"own key": func(m *wxpaytest.Message) {
				m.Header.Set("Wechatpay-Signature", wxpaytest.Signature(k.Merchant, m.Header.Get("Wechatpay-Timestamp")+"\n"+m.Header.Get("Wechatpay-Nonce")+"\n"+string(m.Body)+"\n"))
			},
			"unknown serial": set("Wechatpay-Serial", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"), "merchant's serial": set("Wechatpay-Serial", k.Serial),
			"other type": set("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"), "a blank more": func(m *wxpaytest.Message) { m.Body = append(m.Body, ' ') },
			"the probe": func(m *wxpaytest.Message) {
				m.Header.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+m.Header.Get("Wechatpay-Signature"))
			},
			"302 s old": aged(302 * time.Second), "302 s ahead": aged(-302 * time.Second),
		} {
			for _, path := range []string{"/hook/pay", "/hook/refund"} {
				m := good()
				spoil(&m)
				if s := h.told(0, path, m); s != http.StatusUnauthorized {
					t.Errorf("%s at %s: %d", name, path, s)
				}
			}
		}
		lines := strings.Count(h.All[0].Log(), "pay notice refused")
		for range 200 {
			m := good()
			m.Body = append(m.Body, ' ')
			h.told(0, "/hook/pay", m)
		}
		if n := strings.Count(h.All[0].Log(), "pay notice refused") - lines; n > 20 {
			t.Errorf("200 forgeries wrote %d lines", n)
		}
		if n := h.Count("SELECT (SELECT COUNT(*) FROM pay_notices) + (SELECT COUNT(*) FROM money_inbox)"); n != 0 {
			t.Errorf("forgeries left %d rows", n)
		}
		h.nonsense(t, no)
		h.misfits(t, course)
		if h.granted(no) != 0 {
			t.Error("something of all that paid the order")
		}
		var wg sync.WaitGroup
		gate := make(chan struct{}, 20)
		m := good()
		for i := range 100 {
			wg.Go(func() {
				gate <- struct{}{}
				defer func() { <-gate }()
				for try := 0; ; try++ { // a busy database says "again", as WeChat would
					s := h.told(i%2, "/hook/pay", m)
					if s/100 == 2 {
						return
					}
					if s != 500 || try > 20 {
						t.Errorf("told again: %d", s)
						return
					}
					time.Sleep(50 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		if n, events := h.granted(no), h.Count("SELECT COUNT(*) FROM events WHERE out_trade_no = ? AND type = 29", no); n != 1 || events != 1 {
			t.Errorf("told a hundred times: %d grants, %d events", n, events)
		}
		Check(t, h)
	})
}

// nonsense is attack 10: truly signed, of no use, and kept for a person where it could be opened.
func (h *House) nonsense(t *testing.T, no string) {
	plain := string(h.resource(no, nil))
	envelope := string(h.Pay.Seal("TRANSACTION.SUCCESS", []byte(plain)).Body)
	bad := map[string]string{"not JSON": "not json", "no resource": `{"id":"1","event_type":"TRANSACTION.SUCCESS"}`, "empty": "", "null": "null", "a list": "[]"}
	for name, x := range map[string][2]string{
		"other algorithm": {`"AEAD_AES_256_GCM"`, `"AES_128_CBC"`}, "nonce of 4": {`"nonce":"`, `"nonce":"abcd","x":"`},
		"other associated data": {`"associated_data":"transaction"`, `"associated_data":"other"`}, "cut": {`"ciphertext":"`, `"ciphertext":"AAAA","y":"`},
	} {
		bad[name] = strings.Replace(envelope, x[0], x[1], 1)
	}
	for name, body := range bad {
		if s := h.told(0, "/hook/pay", h.Pay.Resign([]byte(body))); s != http.StatusBadRequest {
			t.Errorf("%s: %d", name, s)
		}
	}
	inside := map[string]string{"plain text": "x", "no amount": strings.Replace(plain, `"amount"`, `"x"`, 1)}
	for _, amount := range []string{`"9900"`, `1e2`, `-1`, `9223372036854775808`, `null`} {
		inside["amount "+amount] = strings.Replace(plain, `"total":9900`, `"total":`+amount, 1)
	}
	for name, resource := range inside {
		if s := h.told(0, "/hook/pay", h.Pay.Seal("TRANSACTION.SUCCESS", []byte(resource))); s != http.StatusBadRequest {
			t.Errorf("%s: %d", name, s)
		}
	}
	if n := h.Count("SELECT COUNT(*) FROM pay_notices WHERE outcome = 'malformed'"); n < int64(len(inside)) {
		t.Errorf("%d kept for a person", n)
	}
}

// misfits is the second half of attack 11: kept, told to a person, and nothing granted.
func (h *House) misfits(t *testing.T, course int64) {
	other := h.Phone().ordered(course)
	if s := h.told(0, "/hook/pay", h.Pay.Seal("TRANSACTION.SUCCESS", h.resource(other, nil))); s != 204 || h.granted(other) != 1 {
		t.Errorf("a good one: %d, %d grants", s, h.granted(other))
	}
	for name, change := range map[string]map[string]any{
		"a fen less":              {"amount": map[string]any{"total": 9899, "payer_total": 9899, "currency": "CNY"}},
		"other merchant":          {"mchid": "1900000999"},
		"other app":               {"appid": "wx0000000000other"},
		"other payer":             {"payer": map[string]any{"openid": "oSomebodyElse"}},
		"other currency":          {"amount": map[string]any{"total": 9900, "payer_total": 9900, "currency": "USD"}},
		"another's transaction":   {"transaction_id": "4200" + other},
		"a number nobody knows":   nil,
		"a number with a quote '": nil,
	} {
		no := "261124ZZZZZZZZZZZZZZZZZZZZ"
		switch {
		case change != nil:
			no = h.Phone().ordered(course)
		case strings.Contains(name, "'"):
			no = "26' or '1'='1"
		}
		before := h.Count("SELECT COUNT(*) FROM money_inbox")
		if s := h.told(1, "/hook/pay", h.Pay.Seal("TRANSACTION.SUCCESS", h.resource(no, change))); s != 204 && (change != nil || s != 400) {
			t.Errorf("%s: %d", name, s)
		}
		kept := h.Count("SELECT COUNT(*) FROM pay_notices WHERE raw LIKE ?", "%"+strings.ReplaceAll(no, "'", "_")+"%")
		if told := h.Count("SELECT COUNT(*) FROM money_inbox") - before; h.granted(no) != 0 || told != 1 && change != nil || kept == 0 {
			t.Errorf("%s: %d grants, %d told, kept %d", name, h.granted(no), told, kept)
		}
	}
}

// Attack 18. Thirty refunds at once, sums that are none, orders that cannot be refunded.
// Selling check 21.
func TestRefundsBeyondThePaid(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		paid := func() string {
			no := h.Phone().ordered(course)
			if _, err := h.Pay.Pay(no, wxpaytest.Payment{}); err != nil {
				t.Fatal(err)
			}
			h.Until("paid", 10*time.Second, func() bool { return h.granted(no) == 1 })
			return no
		}
		ask := func(no, body string) Answer {
			return h.call(h.desk, "POST", h.All[0].URL()+"/console/v1/orders/"+no+"/refunds", body, "X-CSRF-Token", h.csrf, "Idempotency-Key", uuid.NewString())
		}
		unpaid, no, parts := h.Phone().ordered(course), paid(), paid()
		for _, bad := range []string{`0`, `-1`, `1.5`, `"1"`, `9223372036854775808`, `1e308`, `null`, `9901`} {
			if a := ask(no, `{"amount":`+bad+`,"reason":"x"}`); a.Status != 400 && a.Status != 409 {
				t.Errorf("amount %s: %d %s", bad, a.Status, a.Body)
			}
		}
		if a := ask(unpaid, `{"amount":1,"reason":"x"}`); a.Status != 409 {
			t.Errorf("an unpaid order: %d %s", a.Status, a.Body)
		}
		if a := ask("261124ZZZZZZZZZZZZZZZZZZZZ", `{"amount":1,"reason":"x"}`); a.Status != 404 {
			t.Errorf("no order: %d %s", a.Status, a.Body)
		}
		if len(h.Pay.Refunds()) != 0 {
			t.Error("one of these went to WeChat")
		}
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() { ask(no, `{"amount":9900,"reason":"x"}`) })
			wg.Go(func() { ask(parts, `{"amount":5940,"reason":"60 of 100"}`) })
		}
		wg.Wait()
		h.Until("refunded", 60*time.Second, func() bool {
			return h.Count("SELECT COUNT(*) FROM refunds WHERE status <> 'success'") == 0 && h.Count("SELECT COUNT(*) FROM orders WHERE refunded > 0") == 2
		})
		sums := map[string]int64{}
		for _, r := range h.Pay.Refunds() {
			sums[r.OutTradeNo] += r.Amount
		}
		if sums[no] != 9900 || sums[parts] != 5940 {
			t.Errorf("sent %v", sums)
		}
		Check(t, h)
	})
}
