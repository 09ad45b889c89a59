package storytest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"loudou/service/wxpay/wxpaytest"
)

// Killed while a gift's payment is booked, and while the gift is opened: paid if and only if there is a gift, opened
// if and only if there is a grant, also as the dead left it; and the repeat finds one of each.
func TestKilledAroundAGift(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		p := h.All[0]
		die := func(at Point, statement string, do func()) {
			t.Helper()
			if h.SQL == nil {
				go do()
				time.Sleep(time.Duration(rand.IntN(25)) * time.Millisecond) //nolint:gosec // dice
				p.Kill()
				return
			}
			trap := h.SQL.When(at, p.Kill, statement, "COMMIT")
			go do()
			sprung(t, trap)
		}
		for range scale(1, 20) {
			for _, at := range []Point{Before, Carried, Answered} {
				giver, friend := h.Phone(), h.Phone()
				a := giver.Call("POST", "/orders", fmt.Sprintf(`{"course_id":%d,"via":"jsapi","gift":true}`, course), "Idempotency-Key", uuid.NewString())
				no, _ := h.must(201, a).Get("out_trade_no").(string)
				die(at, "INSERT INTO `gifts`", func() { _, _ = h.Pay.Pay(no, wxpaytest.Payment{}) })
				if paid, gifts := h.Count("SELECT COUNT(*) FROM orders WHERE status = 'paid'"), h.Count("SELECT COUNT(*) FROM gifts"); paid != gifts {
					t.Errorf("%v: %d paid, %d gifts", at, paid, gifts)
				}
				p.Start()
				h.Until("the payment is booked", 30*time.Second, func() bool { return h.Pay.TellAgain(no)/100 == 2 })
				code, _ := h.must(200, giver.Call("GET", "/orders/"+no+"/gift", "")).Get("code").(string)
				for _, program := range h.All {
					if strings.Contains(program.Log(), code) {
						t.Error("the gift's code stands in the log")
					}
				}

				open := func() Answer { return friend.Call("POST", "/gifts/open", `{"code":"`+code+`"}`) }
				die(at, "INSERT INTO `grants`", func() { open() })
				if opened, granted := h.Count("SELECT COUNT(*) FROM gifts WHERE status = 'opened'"), h.Count("SELECT COUNT(*) FROM grants WHERE status = 'active'"); opened != granted {
					t.Errorf("%v: %d opened, %d granted", at, opened, granted)
				}
				p.Start()
				h.must(200, open())
				if again := h.must(200, open()); again.Get("again") != true {
					t.Errorf("%v: told again %s", at, again.Body)
				}
				if n := h.Count("SELECT COUNT(*) FROM grants g JOIN orders o ON o.id = g.order_id WHERE o.out_trade_no = ? AND g.status = 'active'", no); n != 1 {
					t.Errorf("%v: %d grants", at, n)
				}
			}
		}
		Check(t, h)
	})
}
