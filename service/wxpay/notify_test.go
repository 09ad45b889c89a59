package wxpay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/wxpay/wxpaytest"
)

const paid = `{"mchid":"1900000109","appid":"wx0123456789abcdef","out_trade_no":"T1000001","transaction_id":"4200000000000000001","trade_type":"JSAPI",
"trade_state":"SUCCESS","success_time":"2026-11-24T20:00:00+08:00","payer":{"openid":"oPayer"},"amount":{"total":9900,"payer_total":9800,"currency":"CNY"}}`

// Selling check 10.
func TestNotices(t *testing.T) {
	f := wxpaytest.New(wxpaytest.Options{}).Start(t)
	ctx := context.Background()
	for name, change := range map[string]func(*Options){"public key": nil, "certificates": certificates} {
		c := client(t, f, change)
		for _, signer := range []string{"public_key", "certificate"} { // a merchant on the move gets both
			f.SignWith(signer)
			m := f.Seal("TRANSACTION.SUCCESS", []byte(paid))
			n, err := c.ParseNotify(ctx, m.Header, m.Body)
			if name == "certificates" && signer == "public_key" {
				if !errors.Is(err, ErrSignature) {
					t.Errorf("%s, %s: %v", name, signer, err)
				}
				continue
			}
			if err != nil || n.Transaction == nil || n.ID == "" || n.EventType != "TRANSACTION.SUCCESS" {
				t.Fatalf("%s, %s: %+v, %v", name, signer, n, err)
			}
			tr := n.Transaction
			if tr.Total != 9900 || tr.PayerTotal != 9800 || tr.Currency != "CNY" || tr.Payer != "oPayer" || tr.MchID != "1900000109" ||
				!tr.PaidAt.Equal(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)) || string(tr.Raw) != paid {
				t.Errorf("%s, %s: %+v", name, signer, tr)
			}
		}
	}
	f.SignWith("public_key")
	c := client(t, f, nil)
	for said, want := range map[string]model.RefundStatus{"SUCCESS": "SUCCESS", "CLOSE": "CLOSED", "CLOSED": "CLOSED", "ABNORMAL": "ABNORMAL"} {
		m := f.Seal("REFUND."+said, []byte(`{"mchid":"1900000109","out_trade_no":"T1","out_refund_no":"R1","refund_id":"5030","refund_status":"`+said+`","success_time":"2026-11-24T20:00:00+08:00","amount":{"total":9900,"refund":100}}`))
		n, err := c.ParseNotify(ctx, m.Header, m.Body)
		if err != nil || n.Refund == nil || n.Refund.Status != want || n.Refund.Amount != 100 || n.Refund.Total != 9900 || (n.Refund.SucceededAt != nil) != (said == "SUCCESS") {
			t.Errorf("%s: %+v, %v", said, n.Refund, err)
		}
	}
	m := f.Seal("PROFITSHARING.SUCCESS", []byte(`{"x":1}`))
	if n, err := c.ParseNotify(ctx, m.Header, m.Body); err != nil || n.Transaction != nil || n.Refund != nil || string(n.Plain) != `{"x":1}` {
		t.Errorf("unknown event: %+v, %v", n, err)
	}
}

// TestForgedNotices: attack 9 of the list; nothing in them may be believed.
// Selling check 9.
func TestForgedNotices(t *testing.T) {
	f := wxpaytest.New(wxpaytest.Options{NoCerts: true}).Start(t)
	c, ctx := client(t, f, nil), context.Background()
	set := func(name, value string) func(h http.Header, b []byte) []byte {
		return func(h http.Header, b []byte) []byte { h.Set(name, value); return b }
	}
	signed := func(h http.Header, b []byte) []byte {
		h.Set("Wechatpay-Signature", wxpaytest.Signature(f.Keys().Merchant, h.Get("Wechatpay-Timestamp")+"\n"+h.Get("Wechatpay-Nonce")+"\n"+string(b)+"\n"))
		return b
	}
	aged := func(age time.Duration) func(h http.Header, b []byte) []byte {
		return func(h http.Header, b []byte) []byte {
			h.Set("Wechatpay-Timestamp", fmt.Sprint(time.Now().Add(-age).Unix()))
			h.Set("Wechatpay-Signature", wxpaytest.Signature(f.Keys().Platform, h.Get("Wechatpay-Timestamp")+"\n"+h.Get("Wechatpay-Nonce")+"\n"+string(b)+"\n"))
			return b
		}
	}
	for name, spoil := range map[string]func(h http.Header, b []byte) []byte{
		"no headers":         func(h http.Header, b []byte) []byte { clear(h); return b },
		"own key":            signed,
		"unknown serial":     set("Wechatpay-Serial", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"),
		"merchant's serial":  set("Wechatpay-Serial", f.Keys().Serial),
		"strange serial":     set("Wechatpay-Serial", "../../etc"),
		"signature type":     set("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
		"not base64":         set("Wechatpay-Signature", "%%%"),
		"timestamp missing":  func(h http.Header, b []byte) []byte { h.Del("Wechatpay-Timestamp"); return b },
		"timestamp a word":   set("Wechatpay-Timestamp", "now"),
		"nonce changed":      set("Wechatpay-Nonce", "x"),
		"signature twice":    func(h http.Header, b []byte) []byte { h.Add("Wechatpay-Signature", "x"); return b },
		"a blank more":       func(_ http.Header, b []byte) []byte { return append(b, ' ') },
		"301 seconds old":    aged(301 * time.Second),
		"301 seconds ahead":  aged(-301 * time.Second),
		"exactly 300":        aged(300 * time.Second),
		"timestamp 30 digit": set("Wechatpay-Timestamp", strings.Repeat("9", 30)),
	} {
		m := f.Seal("TRANSACTION.SUCCESS", []byte(paid))
		h := maps.Clone(m.Header)
		body := spoil(h, append([]byte(nil), m.Body...))
		start := time.Now()
		n, err := c.ParseNotify(ctx, h, body)
		if !errors.Is(err, ErrSignature) || errors.Is(err, ErrProbe) || n.Plain != nil {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("%s: took %v", name, d)
		}
	}
	for _, age := range []time.Duration{298 * time.Second, -298 * time.Second} {
		m := f.Seal("TRANSACTION.SUCCESS", []byte(paid))
		aged(age)(m.Header, m.Body)
		if _, err := c.ParseNotify(ctx, m.Header, m.Body); err != nil {
			t.Errorf("age %v: %v", age, err)
		}
	}
	m := f.Seal("TRANSACTION.SUCCESS", []byte(paid))
	m.Header.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+m.Header.Get("Wechatpay-Signature"))
	if _, err := c.ParseNotify(ctx, m.Header, m.Body); !errors.Is(err, ErrProbe) {
		t.Errorf("probe: %v", err)
	}
	if n := f.Count("/v3/certificates"); n > 1 {
		t.Errorf("unknown serials made us ask %d times for certificates", n)
	}
}

// TestSignedNonsense: attack 10; truly signed, and yet no use.
func TestSignedNonsense(t *testing.T) {
	f := wxpaytest.New(wxpaytest.Options{}).Start(t)
	c, ctx := client(t, f, nil), context.Background()
	envelope := func(change func(r map[string]any) any) []byte {
		var e map[string]any
		if err := json.Unmarshal(f.Seal("TRANSACTION.SUCCESS", []byte(paid)).Body, &e); err != nil {
			t.Fatal(err)
		}
		e["resource"] = change(e["resource"].(map[string]any))
		b, _ := json.Marshal(e)
		return b
	}
	with := func(k string, v any) []byte {
		return envelope(func(r map[string]any) any { r[k] = v; return r })
	}
	bodies := map[string][]byte{
		"empty": {}, "not JSON": []byte("<xml/>"), "a list": []byte("[]"), "null": []byte("null"),
		"no resource": envelope(func(map[string]any) any { return nil }), "resource a text": envelope(func(map[string]any) any { return "x" }),
		"nonce of 4": with("nonce", "abcd"), "nonce of 13": with("nonce", "abcdefghijklm"), "no nonce": with("nonce", ""),
		"algorithm": with("algorithm", "AEAD_SM4_GCM"), "cut": with("ciphertext", "AAAA"), "no base64": with("ciphertext", "%"),
		"associated data": with("associated_data", "refund"), "other nonce": with("nonce", "abcdefghijkl"),
	}
	for name, body := range bodies {
		m := f.Resign(body)
		if n, err := c.ParseNotify(ctx, m.Header, m.Body); !errors.Is(err, model.ErrInvalid) || n.Transaction != nil {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	for name, plain := range map[string]string{
		"not JSON": "x", "a list": "[]", "nothing": "{}",
		"no amount":      strings.Replace(paid, `"amount"`, `"x"`, 1),
		"amount a text":  strings.Replace(paid, `"total":9900`, `"total":"9900"`, 1),
		"amount 1e2":     strings.Replace(paid, `"total":9900`, `"total":1e2`, 1),
		"amount 1.5":     strings.Replace(paid, `"total":9900`, `"total":1.5`, 1),
		"amount -1":      strings.Replace(paid, `"total":9900`, `"total":-1`, 1),
		"amount 0":       strings.Replace(paid, `"total":9900`, `"total":0`, 1),
		"amount 2^63":    strings.Replace(paid, `"total":9900`, `"total":9223372036854775808`, 1),
		"amount null":    strings.Replace(paid, `"total":9900`, `"total":null`, 1),
		"no transaction": strings.Replace(paid, `"transaction_id"`, `"x"`, 1),
		"no number":      strings.Replace(paid, `"out_trade_no"`, `"x"`, 1),
		"time":           strings.Replace(paid, "2026-11-24T20", "2026-13-24T20", 1),
	} {
		m := f.Seal("TRANSACTION.SUCCESS", []byte(plain))
		n, err := c.ParseNotify(ctx, m.Header, m.Body)
		if !errors.Is(err, model.ErrInvalid) || n.Transaction != nil || string(n.Plain) != plain {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	for _, plain := range []string{"{}", `{"out_refund_no":"R1","refund_status":"SUCCESS","amount":{"refund":-1}}`, `{"out_refund_no":"R1","refund_status":"SUCCESS"}`} {
		m := f.Seal("REFUND.SUCCESS", []byte(plain))
		if n, err := c.ParseNotify(ctx, m.Header, m.Body); !errors.Is(err, model.ErrInvalid) || n.Refund != nil {
			t.Errorf("refund %s: %+v, %v", plain, n, err)
		}
	}
}

func FuzzNotifyPlain(f *testing.F) {
	f.Add([]byte(paid))
	f.Add([]byte(`{"out_refund_no":"R1","status":"SUCCESS","amount":{"refund":1,"total":2},"success_time":"2026-11-24T20:00:00+08:00"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if tr, err := parseTransaction(b); err == nil && (tr.Total < 0 || tr.OutTradeNo == "" || tr.Paid() && tr.Total == 0) {
			t.Errorf("%q became %+v", b, tr)
		}
		if n, err := parseRefund(b); err == nil && (n.Amount < 0 || n.OutRefundNo == "") {
			t.Errorf("%q became %+v", b, n)
		}
	})
}
