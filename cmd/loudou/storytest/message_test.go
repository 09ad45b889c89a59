package storytest

import (
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
			// Whoever died holds the job for a minute; a test does not wait for that.
			if err := h.DB.Exec("UPDATE jobs SET lease_until = created_at WHERE state = 'running'").Error; err != nil {
				t.Fatal(err)
			}
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
