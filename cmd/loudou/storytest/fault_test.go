package storytest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"loudou/service/wechat/wechattest"
	"loudou/service/wechat/wechattest/gate"
	"loudou/service/wxpay/wxpaytest"
)

// Fault 7, the rest. Redis is slow, silent, and not there at the start: every door answers, the limits hold,
// the log is not flooded.
func TestRedisSilent(t *testing.T) {
	if os.Getenv("LOUDOU_TEST_REDIS") == "" {
		return // the one inside the program cannot be silent
	}
	both(t, func(t *testing.T, o Options) {
		o.Env = map[string]string{"LOUDOU_LIMITS": "on"}
		h := Open(t, binary, o)
		course := h.Course()
		h.Keyword("签")
		phone := h.Phone()
		p := h.All[0]
		n := 0
		doors := func(how string) {
			n++
			for i := range 3 {
				if a := h.Push(0, Text("oFanAlpha", "签", strconv.Itoa(8300+10*n+i))); a.Status != 200 || a.Said() == "" || a.Took > time.Second {
					t.Errorf("%s: push %d %q after %v", how, a.Status, a.Said(), a.Took)
				}
			}
			if _, a := phone.Events(course, 5, nil); a.Status != 200 || a.Took > 2*time.Second {
				t.Errorf("%s: events %d after %v", how, a.Status, a.Took)
			}
			for _, path := range []string{"/home", "/live", "/orders", "/courses"} {
				if a := h.Console("GET", path, ""); a.Status != 200 || a.Took > 3*time.Second {
					t.Errorf("%s: console%s %d after %v", how, path, a.Status, a.Took)
				}
			}
			if a := phone.Call("GET", "/courses", ""); a.Status != 200 || a.Took > time.Second {
				t.Errorf("%s: courses %d after %v", how, a.Status, a.Took)
			}
			lines := strings.Count(p.Log(), "\n")
			limited := 0
			for range 60 {
				if s, _, _ := h.knock(0, "POST", "/console/v1/login", "application/json", strings.NewReader(fmt.Sprintf(`{"name":"nobody%d","password":"guess"}`, n))); s == 429 {
					limited++
				}
			}
			if limited == 0 {
				t.Errorf("%s: nobody was held back", how)
			}
			if more := strings.Count(p.Log(), "\n") - lines; more > 400 {
				t.Errorf("%s: %d lines in the log", how, more)
			}
		}
		h.Cache.Delay(800 * time.Millisecond)
		doors("800 ms late")
		h.Cache.Delay(10 * time.Second)
		doors("silent")
		no := phone.ordered(course)
		if _, err := h.Pay.Pay(no, wxpaytest.Payment{}); err != nil {
			t.Fatal(err)
		}
		h.Until("paid while Redis is silent", 10*time.Second, func() bool { return h.granted(no) == 1 })
		h.Cache.Cut()
		p.Kill()
		p.Start()
		doors("gone at the start")
		h.Cache.Heal()
		h.Until("the counters are right again", 60*time.Second, func() bool { return h.redisAgrees() })
		Check(t, h)
	})
}

// Fault 8. Emptied again and again while events come in, its scripts too: the counters are right by
// themselves, and nothing is counted twice.
func TestRedisEmptiedUnderLoad(t *testing.T) {
	if os.Getenv("LOUDOU_TEST_REDIS") == "" {
		return // the one inside the program is nobody else's to empty
	}
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		h.Keyword("签")
		var stop atomic.Bool
		var wg sync.WaitGroup
		for range 3 {
			phone := h.Phone()
			wg.Go(func() {
				for !stop.Load() {
					if _, a := phone.Events(course, 10, nil); a.Status != 200 {
						t.Errorf("events: %d %s", a.Status, a.Body)
						return
					}
				}
			})
		}
		message := Text("oFanAlpha", "签", "8400")
		first := h.Push(0, message).Said()
		for range scale(4, 100) {
			time.Sleep(300 * time.Millisecond)
			if err := h.Redis.FlushDB(context.Background()).Err(); err != nil {
				t.Error(err)
			}
			_ = h.Redis.ScriptFlush(context.Background()).Err()
			if a := h.Push(0, message); a.Said() != first {
				t.Errorf("the push again: %q, first %q", a.Said(), first)
			}
		}
		stop.Store(true)
		wg.Wait()
		h.Until("the counters are right again", 60*time.Second, func() bool { return h.redisAgrees() })
		if n := h.Count("SELECT COUNT(*) FROM pushes"); n != 1 {
			t.Errorf("%d rows of one push", n)
		}
		Check(t, h)
	})
}

// Fault 16. WeChat's API takes six seconds, swallows calls, or breaks off after the work was done: the
// callback does not notice, each call ends, and retries stay few.
func TestWeChatSlow(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		const create, prepay = "/cgi-bin/qrcode/create", "/v3/pay/transactions/jsapi"
		h := Open(t, binary, o)
		course := h.Course()
		h.Keyword("签")
		n := 0
		for name, fault := range map[string]gate.Fault{"6 s": {Delay: 6 * time.Second}, "black hole": {Hang: true}, "reset after the work": {Drop: true, After: true}} {
			asked := h.WeChat.Count(create)
			clear, clearPay := h.WeChat.Fail("/cgi-bin/", fault), h.Pay.Fail(prepay, fault)
			var wg sync.WaitGroup
			const callers = 10
			for i := range callers {
				wg.Go(func() {
					body := fmt.Sprintf(`{"scene":"%c%d","permanent":true,"channel":"海报"}`, name[0], i)
					if a := h.Console("POST", "/scene-codes", body); a.Status == 0 || a.Took > 15*time.Second {
						t.Errorf("%s: a code %d after %v", name, a.Status, a.Took)
					}
				})
			}
			key, phone := uuid.NewString(), h.Phone()
			wg.Go(func() {
				if a := phone.Order(key, course); a.Status == 0 || a.Took > 15*time.Second {
					t.Errorf("%s: an order %d after %v", name, a.Status, a.Took)
				}
			})
			took := make([]time.Duration, 0, 20)
			for range 20 {
				n++
				a := h.Push(0, Text("oFanAlpha", "签", strconv.Itoa(8500+n)))
				if a.Said() == "" {
					t.Errorf("%s: the callback said nothing", name)
				}
				took = append(took, a.Took)
				time.Sleep(20 * time.Millisecond)
			}
			slices.Sort(took)
			if took[10] > 300*time.Millisecond || took[19] > 2*time.Second {
				t.Errorf("%s: the callback took %v, at worst %v", name, took[10], took[19])
			}
			wg.Wait()
			// net/http asks again by itself when an idle connection breaks, once each.
			if calls := h.WeChat.Count(create) - asked; calls > callers*3/2 {
				t.Errorf("%s: %d calls for %d callers", name, calls, callers)
			}
			clear()
			clearPay()
			h.Until(name+": the order goes on under its number", 60*time.Second, func() bool {
				a := phone.Order(key, course)
				pay, _ := a.Get("pay").(map[string]any)
				return a.Status == 201 && len(pay) > 0
			})
			if n := h.Count("SELECT COUNT(*) FROM orders WHERE openid = ?", phone.Person.MiniOpenID); n != 1 {
				t.Errorf("%s: %d orders", name, n)
			}
		}
		Check(t, h)
	})
}

// Fault 17. WeChat has had enough: the same call comes later with the same parameters; -1 and 45011 stop
// nothing for the day, 45009 stops its own call alone.
func TestWeChatHasHadEnough(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		const create, prepay, refunds = "/cgi-bin/qrcode/create", "/v3/pay/transactions/jsapi", "/v3/refund/domestic/refunds"
		h := Open(t, binary, o)
		course := h.Course()
		enough := gate.Status(429, `{"code":"FREQUENCY_LIMITED","message":"频率超限"}`)
		enough.Times = 1
		h.Pay.Fail(prepay, enough)
		phone, key := h.Phone(), uuid.NewString()
		phone.Order(key, course)
		var a Answer
		h.Until("ordered after 429", 45*time.Second, func() bool {
			a = phone.Order(key, course)
			pay, _ := a.Get("pay").(map[string]any)
			return a.Status == 201 && len(pay) > 0
		})
		no, _ := a.Get("out_trade_no").(string)
		if _, err := h.Pay.Pay(no, wxpaytest.Payment{}); err != nil {
			t.Fatal(err)
		}
		h.Until("paid", 10*time.Second, func() bool { return h.granted(no) == 1 })
		h.Pay.Fail(refunds, enough)
		h.call(h.desk, "POST", h.All[0].URL()+"/console/v1/orders/"+no+"/refunds", `{"amount":9900,"reason":"x"}`, "X-CSRF-Token", h.csrf, "Idempotency-Key", "r1")
		h.Until("refunded after 429", 2*time.Minute, func() bool {
			return h.Count("SELECT COUNT(*) FROM orders WHERE out_trade_no = ? AND status = 'refunded'", no) == 1
		})
		for _, path := range []string{prepay, refunds} {
			bodies := map[string]bool{}
			for _, c := range h.Pay.Calls(path) {
				bodies[string(c.Body)] = true
			}
			if len(bodies) != 1 || h.Pay.Count(path) < 2 {
				t.Errorf("%s: %d calls with %d bodies", path, h.Pay.Count(path), len(bodies))
			}
		}
		i := 0
		code := func() int {
			i++
			return h.Console("POST", "/scene-codes", fmt.Sprintf(`{"scene":"e%d","permanent":true,"channel":"海报"}`, i)).Status
		}
		for _, errcode := range []int{-1, 45011} {
			f := wechattest.ErrCode(errcode)
			f.Times = 3
			clear := h.WeChat.Fail(create, f)
			code()
			clear()
			h.Until(fmt.Sprint("after ", errcode), 15*time.Second, func() bool { return code() == 201 })
		}
		clear := h.WeChat.Fail(create, wechattest.ErrCode(45009))
		code()
		clear()
		asked := h.WeChat.Count(create)
		if s := code(); s == 201 || h.WeChat.Count(create) != asked {
			t.Errorf("after 45009: %d, called %d times", s, h.WeChat.Count(create)-asked)
		}
		if a := h.Console("GET", "/connection", ""); !strings.Contains(string(a.Body), "45009") && !strings.Contains(string(a.Body), create) {
			t.Errorf("the console does not say what is stopped: %s", a.Body)
		}
		if a := h.WeChat.Say("oFanAlpha", "有人吗"); !a.Heard {
			t.Error("others do not go on")
		}
		Check(t, h)
	})
}

// Fault 18. The token is invalid, or too old, for every instance at once, and the shared one is lost
// meanwhile: every call comes through, and WeChat hands out few tokens.
func TestTokenInvalidForAll(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		o.Programs = 3
		h := Open(t, binary, o)
		s := h.session(t, "boss", h.canaries["operator's password"], "")
		tokens := func() int { return h.WeChat.Count("/cgi-bin/token") + h.WeChat.Count("/cgi-bin/stable_token") }
		var n atomic.Int64
		storm := func(what string, each int) {
			var wg sync.WaitGroup
			for instance := range h.All {
				for range each {
					wg.Go(func() {
						a := s.at(instance, "POST", "/scene-codes", fmt.Sprintf(`{"scene":"t%d","permanent":true,"channel":"海报"}`, n.Add(1)))
						if a.Status != http.StatusCreated {
							t.Errorf("%s: %d %s", what, a.Status, a.Body)
						}
					})
				}
			}
			wg.Wait()
		}
		// A token just forced is not forced again within five seconds: WeChat ends the old one each time.
		pause := func() { time.Sleep(5200 * time.Millisecond) }
		storm("first", 1)
		before := tokens()
		for _, old := range []bool{false, true} { // 40001, 42001
			h.WeChat.ExpireTokens(old)
			storm(fmt.Sprint("too old: ", old), scale(10, 100))
			pause()
		}
		if got := tokens() - before; got > 2*len(h.All) || h.Redis != nil && got > 4 {
			t.Errorf("two bad tokens on %d instances cost %d", len(h.All), got)
		}
		if h.Redis != nil {
			h.WeChat.ExpireTokens(false)
			if err := h.Redis.FlushDB(context.Background()).Err(); err != nil {
				t.Fatal(err)
			}
			storm("the cache is gone", scale(10, 100))
		}
		if got := tokens(); got > 20 {
			t.Errorf("%d tokens", got)
		}
		Check(t, h)
	})
}

// Fault 20, the rest. News out of order and late: the refund before the payment, the payment before the
// order's own answer, the refund's end before its answer, a payment while the order is being closed, and a
// payment told again after the money went back.
func TestNoticesLateAndOutOfOrder(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		const prepay, refunds = "/v3/pay/transactions/jsapi", "/v3/refund/domestic/refunds"
		h := Open(t, binary, o)
		course := h.Course()
		status := func(no, want string) bool {
			return h.Count("SELECT COUNT(*) FROM orders WHERE out_trade_no = ? AND status = ?", no, want) == 1
		}
		// Somebody refunds at WeChat's own desk, and that is heard of first.
		no := h.Phone().ordered(course)
		early := fmt.Appendf(nil, `{"mchid":%q,"out_trade_no":%q,"transaction_id":%q,"out_refund_no":"DESK1","refund_id":"5030","refund_status":"SUCCESS","success_time":%q,"amount":{"total":9900,"refund":100,"payer_total":9900,"payer_refund":100}}`,
			h.Pay.Keys().MchID, no, "4200"+no, time.Now().Format(time.RFC3339))
		if s := h.told(0, "/hook/refund", h.Pay.Seal("REFUND.SUCCESS", early)); s/100 != 2 {
			t.Errorf("a refund nobody asked for: %d", s)
		}
		if n := h.Count("SELECT COUNT(*) FROM pay_notices WHERE raw LIKE '%DESK1%'"); n == 0 {
			t.Error("the refund's notice is not kept")
		}
		if s := h.told(0, "/hook/pay", h.Pay.Seal("TRANSACTION.SUCCESS", h.resource(no, nil))); s != 204 || h.granted(no) != 1 {
			t.Errorf("the payment after it: %d, %d grants", s, h.granted(no))
		}
		// The payment is told while the order still waits for its prepay_id.
		late := h.Phone()
		clear := h.Pay.Fail(prepay, gate.Fault{Late: 2 * time.Second, Times: 1})
		known := len(h.Pay.Orders())
		done := make(chan Answer, 1)
		go func() { done <- late.Order(uuid.NewString(), course) }()
		h.Until("WeChat knows the order", 10*time.Second, func() bool { return len(h.Pay.Orders()) > known })
		no = ""
		for _, w := range h.Pay.Orders() {
			if w.Payer == late.Person.MiniOpenID {
				no = w.OutTradeNo
			}
		}
		if _, err := h.Pay.Pay(no, wxpaytest.Payment{}); err != nil {
			t.Fatal(err)
		}
		h.Until("paid before it was answered", 10*time.Second, func() bool { return h.granted(no) == 1 })
		if a := <-done; a.Status != 201 {
			t.Errorf("the order's answer: %d %s", a.Status, a.Body)
		}
		clear()
		// The refund ends before the call that began it is answered.
		clear = h.Pay.Fail(refunds, gate.Fault{Late: 2 * time.Second, Times: 1})
		if a := h.call(h.desk, "POST", h.All[0].URL()+"/console/v1/orders/"+no+"/refunds", `{"amount":9900,"reason":"x"}`, "X-CSRF-Token", h.csrf, "Idempotency-Key", "r1"); a.Status/100 != 2 {
			t.Errorf("refund: %d %s", a.Status, a.Body)
		}
		clear()
		h.Until("refunded once", 30*time.Second, func() bool { return status(no, "refunded") })
		for range 3 { // the old payment again, a day's repeats
			if s := h.Pay.TellAgain(no); s/100 != 2 || h.granted(no) != 0 || !status(no, "refunded") {
				t.Errorf("told again after the refund: %d, %d grants", s, h.granted(no))
			}
		}
		for _, r := range h.Pay.Refunds() {
			if s := h.Pay.TellAgain(r.OutRefundNo); s/100 != 2 {
				t.Errorf("the refund told again: %d", s)
			}
		}
		// Paid, the notice on its way, and the learner cancels: WeChat is asked before anything is closed.
		phone := h.Phone()
		no = phone.ordered(course)
		if _, err := h.Pay.Pay(no, wxpaytest.Payment{Silent: true}); err != nil {
			t.Fatal(err)
		}
		phone.Call("POST", "/orders/"+no+"/cancel", "")
		h.Until("paid, not closed", 30*time.Second, func() bool { return status(no, "paid") && h.granted(no) == 1 })
		if s := h.told(0, "/hook/pay", h.Pay.Seal("TRANSACTION.SUCCESS", h.resource(no, map[string]any{"transaction_id": h.transaction(no)}))); s != 204 || h.granted(no) != 1 {
			t.Errorf("the notice at last: %d, %d grants", s, h.granted(no))
		}
		if all, one := h.Count("SELECT COUNT(out_trade_no) FROM payments"), h.Count("SELECT COUNT(DISTINCT out_trade_no) FROM payments"); all != one {
			t.Errorf("%d payments have %d numbers", all, one)
		}
		Check(t, h)
	})
}

// transaction is WeChat's number of a payment.
func (h *House) transaction(no string) string {
	o, _ := h.Pay.Order(no)
	return o.TransactionID
}
