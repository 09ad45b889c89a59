package order_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/wxpay/wxpaytest"
)

const payURL = "http://127.0.0.1/hook/pay"

// genuine is a notice that would pay for order no.
func (h *house) genuine(no string) []byte {
	h.t.Helper()
	o, ok := h.pay.Order(no)
	if !ok {
		h.t.Fatal("WeChat does not know the order")
	}
	raw, err := json.Marshal(map[string]any{
		"appid": o.AppID, "mchid": h.pay.Keys().MchID, "out_trade_no": no, "transaction_id": "4200000000202611240000000009", "trade_state": "SUCCESS",
		"trade_type": "JSAPI", "success_time": time.Now().In(model.Shanghai).Format(time.RFC3339), "payer": map[string]any{"openid": o.Payer},
		"amount": map[string]any{"total": o.Total, "payer_total": o.Total, "currency": "CNY", "payer_currency": "CNY"},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return raw
}

func TestForgedNotices(t *testing.T) {
	h := open(t, modeltest.Open(t))
	p := h.place(1, 1, "k")
	good := func() wxpaytest.Message { return h.pay.Seal("TRANSACTION.SUCCESS", h.genuine(p.OutTradeNo)) }
	k := h.pay.Keys()
	sign := func(m wxpaytest.Message, at time.Time) {
		ts := fmt.Sprint(at.Unix())
		m.Header.Set("Wechatpay-Timestamp", ts)
		m.Header.Set("Wechatpay-Signature", wxpaytest.Signature(k.Platform, ts+"\n"+m.Header.Get("Wechatpay-Nonce")+"\n"+string(m.Body)+"\n"))
	}
	for name, spoil := range map[string]func(*wxpaytest.Message){
		"no headers": func(m *wxpaytest.Message) { m.Header = http.Header{"Content-Type": {"application/json"}} },
		"no serial":  func(m *wxpaytest.Message) { m.Header.Del("Wechatpay-Serial") },
		"unknown serial": func(m *wxpaytest.Message) {
			m.Header.Set("Wechatpay-Serial", "PUB_KEY_ID_0000000000000000000000000000000000")
		},
		"merchant serial":  func(m *wxpaytest.Message) { m.Header.Set("Wechatpay-Serial", k.Serial) },
		"a blank more":     func(m *wxpaytest.Message) { m.Body = append(m.Body, ' ') },
		"signed 301 s ago": func(m *wxpaytest.Message) { sign(*m, time.Now().Add(-301*time.Second)) },
		"signed ahead":     func(m *wxpaytest.Message) { sign(*m, time.Now().Add(301*time.Second)) },
		"the probe": func(m *wxpaytest.Message) {
			m.Header.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+m.Header.Get("Wechatpay-Signature"))
		},
		"not base64": func(m *wxpaytest.Message) { m.Header.Set("Wechatpay-Signature", "%%%") },
		"our own key": func(m *wxpaytest.Message) {
			m.Header.Set("Wechatpay-Signature", wxpaytest.Signature(k.Merchant, m.Header.Get("Wechatpay-Timestamp")+"\n"+m.Header.Get("Wechatpay-Nonce")+"\n"+string(m.Body)+"\n"))
		},
	} {
		m := good()
		spoil(&m)
		if s := h.pay.Send(payURL, m); s != http.StatusUnauthorized {
			t.Errorf("%s: answered %d", name, s)
		}
	}
	if s := h.pay.Send(payURL, wxpaytest.Message{Header: good().Header, Body: bytes.Repeat([]byte("x"), 1<<20)}); s != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of 1 MiB: answered %d", s)
	}
	if h.status(p.OutTradeNo) != model.OrderPending || h.count(&model.PayNotice{}, "1=1") != 0 || len(h.inbox()) != 0 {
		t.Errorf("a forgery left something: %d notices, inbox %v", h.count(&model.PayNotice{}, "1=1"), h.inbox())
	}
	for _, by := range []string{"certificate", "public_key"} { // the key may change from one notice to the next
		h.pay.SignWith(by)
		if s := h.pay.Send(payURL, good()); s != http.StatusNoContent && by == "public_key" {
			t.Errorf("signed by %s: answered %d", by, s)
		}
	}
	if h.status(p.OutTradeNo) != model.OrderPaid {
		t.Error("the next good notice was not taken")
	}
}

func TestSignedNonsense(t *testing.T) {
	h := open(t, modeltest.Open(t))
	p := h.place(1, 1, "k")
	plain := string(h.genuine(p.OutTradeNo))
	bad := map[string][]byte{"not JSON": []byte("not json"), "no resource": []byte(`{"id":"1","event_type":"TRANSACTION.SUCCESS"}`), "empty": {}}
	envelope := h.pay.Seal("TRANSACTION.SUCCESS", []byte(plain)).Body
	for name, change := range map[string][2]string{
		"other algorithm":  {`"AEAD_AES_256_GCM"`, `"AES_128_CBC"`},
		"short nonce":      {`"nonce":"`, `"nonce":"abcd","x":"`},
		"wrong associated": {`"associated_data":"transaction"`, `"associated_data":"other"`},
		"cut ciphertext":   {`"ciphertext":"`, `"ciphertext":"AAAA","y":"`},
	} {
		bad[name] = []byte(strings.Replace(string(envelope), change[0], change[1], 1))
		if bytes.Equal(bad[name], envelope) {
			t.Errorf("%s: nothing was changed", name)
		}
	}
	n := 0
	for name, body := range bad {
		if s := h.pay.Send(payURL, h.pay.Resign(body)); s != http.StatusBadRequest {
			t.Errorf("%s: answered %d", name, s)
		}
		n++
	}
	for _, amount := range []string{`"19900"`, `1e2`, `-1`, `9223372036854775808`, `null`} {
		resource := strings.Replace(plain, `"total":19900`, `"total":`+amount, 1)
		if s := h.pay.Send(payURL, h.pay.Seal("TRANSACTION.SUCCESS", []byte(resource))); s != http.StatusBadRequest && s != http.StatusNoContent {
			t.Errorf("amount %s: answered %d", amount, s)
		}
	}
	if h.status(p.OutTradeNo) != model.OrderPending || h.owns(1, 1) {
		t.Error("nonsense paid an order")
	}
	if kept := h.count(&model.PayNotice{}, "outcome = ?", "malformed"); kept < int64(n) {
		t.Errorf("%d of %d kept for a person", kept, n)
	}
}

// Selling check 11.
func TestDatabaseDownDuringTheNotice(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		p := h.place(1, 1, "k")
		if err := db.Migrator().RenameTable("grants", "grants_away"); err != nil {
			t.Fatal(err)
		}
		h.buy(p)
		if s := h.pay.TellAgain(p.OutTradeNo); s != http.StatusInternalServerError {
			t.Errorf("answered %d", s)
		}
		if err := db.Migrator().RenameTable("grants_away", "grants"); err != nil {
			t.Fatal(err)
		}
		if h.status(p.OutTradeNo) != model.OrderPending {
			t.Error("half a settlement was committed")
		}
		if s := h.pay.TellAgain(p.OutTradeNo); s != http.StatusNoContent || h.status(p.OutTradeNo) != model.OrderPaid || !h.owns(1, 1) {
			t.Errorf("answered %d, order %s", s, h.status(p.OutTradeNo))
		}
	})
}
