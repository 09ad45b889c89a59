package wxpaytest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Notice is one notification and how it went.
type Notice struct {
	ID     string    `json:"id"`
	Event  string    `json:"event"` // TRANSACTION.SUCCESS, REFUND.SUCCESS …
	No     string    `json:"no"`    // out_trade_no or out_refund_no
	URL    string    `json:"url"`
	Plain  []byte    `json:"plain"` // the resource before it was sealed
	Tries  int       `json:"tries"`
	Status int       `json:"status"` // of the last answer; 0: none
	Done   bool      `json:"done"`
	Lost   bool      `json:"lost,omitempty"` // a bad day swallowed it
	At     time.Time `json:"at"`
	Next   time.Time `json:"next,omitzero"`
}

// Message is a notice ready to be sent; a test may spoil it first.
type Message struct {
	Header http.Header
	Body   []byte
}

// Seal makes a genuine notification of event around resource, with the real clock.
func (f *Fake) Seal(event string, resource []byte) Message {
	return f.seal(uuid(), event, resource)
}

func (f *Fake) seal(id, event string, resource []byte) Message {
	original, summary := "transaction", "支付成功"
	if strings.HasPrefix(event, "REFUND") {
		original, summary = "refund", map[string]string{"REFUND.SUCCESS": "退款成功", "REFUND.ABNORMAL": "退款异常", "REFUND.CLOSED": "退款关闭"}[event]
	}
	nonce := digits(12)
	enc, err := Seal(f.opt.Keys.APIv3Key, nonce, original, resource)
	if err != nil {
		panic(fmt.Sprintf("APIv3 key of %d bytes", len(f.opt.Keys.APIv3Key)))
	}
	body, _ := json.Marshal(map[string]any{"id": id, "create_time": stamp(f.opt.Now()), "resource_type": "encrypt-resource", "event_type": event, "summary": summary,
		"resource": map[string]string{"original_type": original, "algorithm": "AEAD_AES_256_GCM", "ciphertext": enc, "associated_data": original, "nonce": nonce}})
	return f.sign(body)
}

func (f *Fake) sign(body []byte) Message {
	h := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"Mozilla/4.0"}}
	serial := f.opt.Keys.PublicKeyID
	if f.signer() == "certificate" {
		serial = f.certs.serial
	}
	f.sealHeaders(h, serial, body)
	return Message{h, body}
}

// Resign signs a changed body anew, as only WeChat Pay could; a test uses it for signed nonsense.
func (f *Fake) Resign(body []byte) Message { return f.sign(body) }

// Send posts a message once and gives the status, 0 when there was no answer.
func (f *Fake) Send(address string, m Message) int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "POST", f.mapped(address), bytes.NewReader(m.Body))
	if err != nil {
		return 0
	}
	for k, v := range m.Header {
		r.Header[k] = v
	}
	res, err := f.opt.Client.Do(r)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16))
	return res.StatusCode
}

// mapped puts the service's base address in the place of scheme and host.
func (f *Fake) mapped(address string) string {
	f.mu.Lock()
	base := f.opt.Service
	f.mu.Unlock()
	u, err := url.Parse(address)
	if base == "" || err != nil {
		return address
	}
	return base + u.EscapedPath()
}

func (f *Fake) notifyPaid(outTradeNo string) {
	f.mu.Lock()
	o := f.s.Orders[outTradeNo]
	if o == nil || o.TransactionID == "" {
		f.mu.Unlock()
		return
	}
	v := f.transaction(o)
	v["trade_state"], v["trade_state_desc"] = "SUCCESS", desc["SUCCESS"]
	bad, to := f.bad, o.NotifyURL
	if bad.WrongAmount {
		v["amount"].(map[string]any)["total"] = o.Total - 1
	}
	f.mu.Unlock()
	f.tell("TRANSACTION.SUCCESS", outTradeNo, to, v, bad)
}

func (f *Fake) notifyRefund(outRefundNo string) {
	f.mu.Lock()
	x := f.s.Refunds[outRefundNo]
	if x == nil || x.NotifyURL == "" || x.Status == "PROCESSING" {
		f.mu.Unlock()
		return
	}
	v := map[string]any{"mchid": f.opt.Keys.MchID, "out_trade_no": x.OutTradeNo, "transaction_id": x.TransactionID, "out_refund_no": x.OutRefundNo, "refund_id": x.RefundID,
		"refund_status": x.Status, "user_received_account": "招商银行信用卡0403", "amount": map[string]any{"total": x.Total, "refund": x.Amount, "payer_total": x.Total, "payer_refund": x.Amount}}
	if x.Status == "SUCCESS" {
		v["success_time"] = stamp(x.DoneAt)
	}
	bad, to, event := f.bad, x.NotifyURL, "REFUND."+x.Status
	if bad.WrongAmount {
		v["amount"].(map[string]any)["refund"] = x.Amount - 1
	}
	f.mu.Unlock()
	f.tell(event, outRefundNo, to, v, bad)
}

// TellAgain sends the latest notice about a number (out_trade_no or out_refund_no) once more, whatever was answered,
// and gives the status.
func (f *Fake) TellAgain(no string) int {
	f.mu.Lock()
	var last *Notice
	for _, n := range f.s.Notices {
		if n.No == no {
			last = n
		}
	}
	f.mu.Unlock()
	if last == nil {
		return 0
	}
	return f.Send(last.URL, f.seal(last.ID, last.Event, last.Plain))
}

// Notices gives every notice about a number, or all for "".
func (f *Fake) Notices(no string) []Notice {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Notice
	for _, n := range f.s.Notices {
		if no == "" || n.No == no {
			out = append(out, *n)
		}
	}
	return out
}

func (f *Fake) tell(event, no, to string, resource map[string]any, bad BadDays) {
	plain, _ := json.Marshal(resource)
	n := &Notice{ID: uuid(), Event: event, No: no, URL: to, Plain: plain, At: f.opt.Now(), Lost: bad.Never}
	f.mu.Lock()
	f.s.Notices = append(f.s.Notices, n)
	if len(f.s.Notices) > 4000 {
		f.s.Notices = append([]*Notice(nil), f.s.Notices[1000:]...)
	}
	f.mu.Unlock()
	if bad.Never {
		f.changed()
		return
	}
	f.background(&f.bg, func() {
		if !f.sleep(bad.Delay) {
			return
		}
		if bad.Probe {
			m := f.seal(n.ID, event, plain)
			m.Header.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+m.Header.Get("Wechatpay-Signature"))
			f.Send(to, m)
		}
		var wg sync.WaitGroup
		for range max(1, bad.Times) {
			wg.Add(1)
			go func() { defer wg.Done(); f.deliver(n, bad.Forged) }()
		}
		wg.Wait()
		f.changed()
		f.repeat(n, bad.Forged)
	})
}

// deliver sends a notice once and books the answer.
func (f *Fake) deliver(n *Notice, forged bool) {
	m := f.seal(n.ID, n.Event, n.Plain)
	if forged {
		ts, nonce := m.Header.Get("Wechatpay-Timestamp"), m.Header.Get("Wechatpay-Nonce")
		m.Header.Set("Wechatpay-Signature", Signature(f.opt.Keys.Merchant, ts+"\n"+nonce+"\n"+string(m.Body)+"\n"))
	}
	status := f.Send(n.URL, m)
	f.mu.Lock()
	n.Tries++
	n.Status = status
	n.Done = n.Done || status == 200 || status == 204
	f.mu.Unlock()
}

// repeat goes through the rest of the timetable until the notice is answered.
func (f *Fake) repeat(n *Notice, forged bool) {
	f.background(&f.later, func() {
		for {
			f.mu.Lock()
			done, left := n.Done, f.opt.Plan
			if n.Tries < 1 || n.Tries > len(left) {
				done = done || n.Tries > 0
			}
			var pause time.Duration
			if !done && n.Tries > 0 {
				pause = left[n.Tries-1]
			}
			n.Next = time.Time{}
			if !done {
				n.Next = time.Now().Add(pause)
			}
			f.mu.Unlock()
			if done || !f.sleep(pause) {
				return
			}
			f.deliver(n, forged)
			f.changed()
		}
	})
}
