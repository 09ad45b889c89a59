package storytest

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"loudou/service/wechat/wechattest/gate"
	"loudou/service/wxpay/wxpaytest"
)

// Selling check 12. Killed between the commit of a payment and the message after it (here: that the goods were handed
// over), before WeChat has heard it and after. A repeat of the notice does no harm, and WeChat hears the message at most
// once more. Killed between the commit and the answer: TestKilledWhileANoticeIsHandled.
func TestKilledBeforeTheMessage(t *testing.T) {
	const path = "/wxa/sec/order/upload_shipping_info"
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		p := h.All[0]
		for _, heard := range []bool{false, true} {
			phone := h.Phone()
			no := phone.ordered(course)
			asked := h.WeChat.Count(path)
			heal := h.WeChat.Fail(path, gate.Fault{Hang: true, After: heard})
			paid, err := h.Pay.Pay(no, wxpaytest.Payment{})
			if err != nil {
				t.Fatal(err)
			}
			h.Until("the message is on its way", 20*time.Second, func() bool { return h.WeChat.Count(path) > asked })
			p.Kill()
			if n := h.Count("SELECT COUNT(*) FROM orders WHERE out_trade_no = ? AND status = 'paid'", no); n != 1 {
				t.Error("a message before its commit")
			}
			heal()
			p.Start()
			for range 2 {
				if status := h.Pay.TellAgain(no); status/100 != 2 {
					t.Errorf("the repeat was answered %d", status)
				}
			}
			h.Until("no message waits", 2*time.Minute, func() bool {
				return h.Count("SELECT COUNT(*) FROM jobs WHERE kind = 'order.paid' AND state IN ('waiting', 'running')") == 0
			})
			want := 1
			if heard {
				want = 2
			}
			if n := h.WeChat.Shipped(paid.TransactionID); n != want {
				t.Errorf("heard before the kill %v: WeChat has it %d times, want %d", heard, n, want)
			}
			if n := h.Count("SELECT COUNT(*) FROM grants g JOIN orders o ON o.id = g.order_id WHERE o.out_trade_no = ? AND g.status = 'active'", no); n != 1 {
				t.Errorf("%d grants", n)
			}
		}
		Check(t, h)
	})
}

// Check 24 and fault 6. Killed around the call of a mass send, before WeChat has it and after: fans get it once, and the
// number of the send is the same in both calls.
func TestKilledInAMassSend(t *testing.T) {
	const path = "/cgi-bin/message/mass/sendall"
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		p := h.All[0]
		h.must(200, h.Console("PUT", "/settings", `{"two_person":false}`))
		h.WeChat.Follow("oFanAlpha", "")
		for i, heard := range []bool{false, true} {
			// To a label: WeChat takes one send to all a day.
			to := `{"to_all":false,"tag_id":2,"tag_name":"星标组","kind":"text","content":"第` + []string{"一", "二"}[i] + `讲今晚八点"}`
			b := "/broadcasts/" + strconv.FormatInt(h.must(201, h.Console("POST", "/broadcasts", to)).Number("id"), 10)
			asked := h.WeChat.Count(path)
			heal := h.WeChat.Fail(path, gate.Fault{Hang: true, After: heard})
			h.must(200, h.Console("POST", b+"/send", `{}`))
			h.Until("WeChat was asked", 20*time.Second, func() bool { return h.WeChat.Count(path) > asked })
			had := i
			if heard {
				had++
				h.Until("WeChat has it", 10*time.Second, func() bool { return len(h.WeChat.MassSends()) == had })
			}
			p.Kill()
			heal()
			if n := len(h.WeChat.MassSends()); n != had {
				t.Errorf("heard before the kill %v: %d sends at WeChat, want %d", heard, n, had)
			}
			p.Start()
			h.Until("sent", time.Minute, func() bool { // done as soon as the result is in, which may have met a dead program
				state := h.Console("GET", b, "").Get("state")
				return state == "sent" || state == "done"
			})
			sends := h.WeChat.MassSends()
			if len(sends) != i+1 {
				t.Errorf("heard before the kill %v: %d sends at WeChat, want %d", heard, len(sends), i+1)
			}
			if n := h.WeChat.Count(path) - asked; n != 2 {
				t.Errorf("heard before the kill %v: %d calls, want the lost one and the repeat", heard, n)
			}
			numbers := map[string]bool{}
			for _, c := range h.WeChat.Calls(path)[asked:] {
				var in struct {
					ClientID string `json:"clientmsgid"`
				}
				_ = json.Unmarshal(c.Body, &in)
				numbers[in.ClientID] = true
			}
			if len(numbers) != 1 || numbers[""] {
				t.Errorf("heard before the kill %v: the calls bear the numbers %v", heard, numbers)
			}
			if a := h.Console("POST", b+"/send", `{}`); a.Status != 409 {
				t.Errorf("pressed again: %d %s", a.Status, a.Body)
			}
		}
		if n := h.Count("SELECT COUNT(*) FROM broadcast_sends WHERE state IN ('sent', 'done') AND calls = 2"); n != 2 {
			t.Errorf("%d sends are out after two calls each, want 2", n)
		}
		Check(t, h)
	})
}
