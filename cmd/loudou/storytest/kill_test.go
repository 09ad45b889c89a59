package storytest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"loudou/service/wechat/wechattest"
	"loudou/service/wechat/wechattest/gate"
	"loudou/service/wxpay/wxpaytest"
)

var binary string

// TestMain builds the program once, as it is shipped.
func TestMain(m *testing.M) {
	if os.Getenv(yardEnv) != "" { // a child of the benchmark
		serveYard()
		return
	}
	if os.Getenv(yardCountEnv) != "" {
		serveCountYard()
		return
	}
	dir, err := os.MkdirTemp("", "loudou-story")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "loudou")
	build := exec.Command("go", "build", "-o", binary, "loudou/cmd/loudou")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	code := 1
	if err == nil {
		code = m.Run()
	} else {
		fmt.Printf("%s%v\n", out, err)
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// scale is how often a fault is repeated: once in make test, long in make soak.
func scale(short, full int) int {
	if os.Getenv("LOUDOU_TEST_SCALE") == "full" {
		return full
	}
	return short
}

// both tells a story on SQLite and on MariaDB at the same time: most of either is waiting.
func both(t *testing.T, story func(t *testing.T, o Options)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); story(t, Options{}) })
	if os.Getenv("LOUDOU_TEST_MYSQL") != "" {
		t.Run("mysql", func(t *testing.T) { t.Parallel(); story(t, Options{MySQL: true}) })
	}
}

// sprung waits for a trap and fails when nothing went by.
func sprung(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(15 * time.Second):
		t.Fatal("the statement that was waited for never went by")
	}
}

// Fault 1. Four phones send, a tenth of it twice; the program dies at a COMMIT or at any moment.
func TestKilledWhileEventsComeIn(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		p := h.All[0]
		for round := range scale(2, 50) {
			var stop atomic.Bool
			var wg sync.WaitGroup
			for range 4 {
				phone := h.Phone()
				wg.Go(func() {
					var again []string
					for !stop.Load() {
						ids, a := phone.Events(course, 20, again)
						again = nil
						if a.Status != http.StatusOK || rand.IntN(10) == 0 { //nolint:gosec // dice
							again = ids
						}
						if a.Status == 0 {
							time.Sleep(20 * time.Millisecond)
						}
					}
				})
			}
			time.Sleep(200 * time.Millisecond)
			if h.SQL != nil {
				sprung(t, h.SQL.When(Point(round%3), p.Kill, "event_batches", "COMMIT"))
			} else {
				time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond) //nolint:gosec // dice
				p.Kill()
			}
			p.Start()
			time.Sleep(200 * time.Millisecond)
			stop.Store(true)
			wg.Wait()
			Check(t, h)
		}
		if len(h.acked) < 100 {
			t.Errorf("only %d events acknowledged", len(h.acked))
		}
	})
}

// Fault 2. Killed around the call that makes the order at WeChat, and at the commits before and after it;
// then every phone asks again with its key.
func TestKilledWhileOrdering(t *testing.T) {
	const prepay = "/v3/pay/transactions/jsapi"
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		p := h.All[0]
		type try struct {
			phone   *Phone
			key, no string
		}
		var tries []*try
		begin := func() (*try, chan struct{}) {
			x := &try{phone: h.Phone(), key: uuid.NewString()}
			tries = append(tries, x)
			done := make(chan struct{})
			go func() { x.phone.Order(x.key, course); close(done) }()
			return x, done
		}
		dies := func(done chan struct{}) {
			<-done
			p.Start()
		}
		for range scale(1, 20) {
			for _, fault := range []gate.Fault{{Hang: true}, {Hang: true, After: true}} {
				before := h.Pay.Count(prepay)
				clear := h.Pay.Fail(prepay, fault)
				_, done := begin()
				h.Until("WeChat was called", 10*time.Second, func() bool { return h.Pay.Count(prepay) > before })
				time.Sleep(50 * time.Millisecond)
				p.Kill()
				clear()
				dies(done)
			}
			if h.SQL == nil {
				continue
			}
			// The second: WeChat has answered, and what it said is being kept.
			for _, kept := range []string{"INSERT INTO `orders`", "`prepay_id`='wx"} {
				for _, at := range []Point{Before, Carried, Answered} {
					trap := h.SQL.When(at, p.Kill, kept, "COMMIT")
					_, done := begin()
					sprung(t, trap)
					dies(done)
				}
			}
		}
		for i, x := range tries {
			var a Answer
			h.Until("the key is answered again", 45*time.Second, func() bool {
				a = x.phone.Order(x.key, course)
				return a.Status == http.StatusCreated || a.Status == http.StatusOK
			})
			x.no, _ = a.Get("out_trade_no").(string)
			if again := x.phone.Order(x.key, course); again.Get("out_trade_no") != x.no || x.no == "" {
				t.Errorf("try %d: %q, and again %s", i, x.no, again.Body)
			}
			if n := h.Count("SELECT COUNT(*) FROM orders WHERE openid = ?", x.phone.Person.MiniOpenID); n != 1 {
				t.Errorf("try %d made %d orders", i, n)
			}
			open := 0
			for _, w := range h.Pay.Orders() {
				if w.Payer == x.phone.Person.MiniOpenID {
					open++
				}
			}
			if open != 1 {
				t.Errorf("try %d: %d numbers alive at WeChat", i, open)
			}
		}
		Check(t, h)
	})
}

// Fault 3. Killed while a notice is handled; a repeat answers 2xx and changes nothing.
// Selling check 12.
func TestKilledWhileANoticeIsHandled(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		p := h.All[0]
		for range scale(1, 20) {
			for _, at := range []Point{Before, Carried, Answered} {
				phone := h.Phone()
				no := phone.ordered(course)
				var trap <-chan struct{}
				if h.SQL != nil {
					trap = h.SQL.When(at, p.Kill, "INSERT INTO `grants`", "COMMIT")
				}
				if _, err := h.Pay.Pay(no, wxpaytest.Payment{}); err != nil {
					t.Fatal(err)
				}
				if trap != nil {
					sprung(t, trap)
				} else {
					time.Sleep(time.Duration(rand.IntN(25)) * time.Millisecond) //nolint:gosec // dice
					p.Kill()
				}
				// Paid if and only if granted, also as the dead left it.
				if paid, granted := h.Count("SELECT COUNT(*) FROM orders WHERE status = 'paid'"), h.Count("SELECT COUNT(*) FROM grants WHERE status = 'active'"); paid != granted {
					t.Errorf("%v: %d paid, %d granted", at, paid, granted)
				}
				p.Start()
				for range 2 {
					if status := h.Pay.TellAgain(no); status/100 != 2 {
						t.Errorf("%v: the repeat was answered %d", at, status)
					}
				}
				if n := h.Count("SELECT COUNT(*) FROM grants g JOIN orders o ON o.id = g.order_id WHERE o.out_trade_no = ? AND g.status = 'active'", no); n != 1 {
					t.Errorf("%v: %d grants", at, n)
				}
				Check(t, h)
			}
		}
	})
}

// Fault 4. Killed around the refund call: one refund at WeChat, booked by itself after the restart.
func TestKilledWhileRefunding(t *testing.T) {
	const refunds = "/v3/refund/domestic/refunds"
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		p := h.All[0]
		for range scale(1, 20) {
			var numbers []string
			for _, fault := range []gate.Fault{{Hang: true}, {Hang: true, After: true}} {
				no := h.Phone().ordered(course)
				if _, err := h.Pay.Pay(no, wxpaytest.Payment{}); err != nil {
					t.Fatal(err)
				}
				h.Until("paid", 10*time.Second, func() bool {
					return h.Count("SELECT COUNT(*) FROM orders WHERE out_trade_no = ? AND status = 'paid'", no) == 1
				})
				numbers = append(numbers, no)
				before := h.Pay.Count(refunds)
				clear := h.Pay.Fail(refunds, fault)
				done := make(chan struct{})
				key := uuid.NewString()
				ask := func() Answer {
					return h.call(h.desk, "POST", p.URL()+"/console/v1/orders/"+no+"/refunds", `{"amount":9900,"reason":"不想学了"}`, "X-CSRF-Token", h.csrf, "Idempotency-Key", key)
				}
				go func() { ask(); close(done) }()
				h.Until("WeChat was asked", 10*time.Second, func() bool { return h.Pay.Count(refunds) > before })
				time.Sleep(50 * time.Millisecond)
				p.Kill()
				<-done
				clear()
				p.Start()
				if a := ask(); a.Status != 201 && a.Status != 200 && a.Status != 409 {
					t.Errorf("asked again: %d %s", a.Status, a.Body)
				}
			}
			if h.SQL != nil {
				kill := func(at Point, kept string) {
					t.Helper()
					no := h.Phone().ordered(course)
					if _, err := h.Pay.Pay(no, wxpaytest.Payment{}); err != nil {
						t.Fatal(err)
					}
					h.Until("paid", 10*time.Second, func() bool { return h.granted(no) == 1 })
					numbers = append(numbers, no)
					key := uuid.NewString()
					ask := func() Answer {
						return h.call(h.desk, "POST", p.URL()+"/console/v1/orders/"+no+"/refunds", `{"amount":9900,"reason":"不想学了"}`, "X-CSRF-Token", h.csrf, "Idempotency-Key", key)
					}
					trap := h.SQL.When(at, p.Kill, kept, "COMMIT")
					done := make(chan struct{})
					go func() { ask(); close(done) }()
					sprung(t, trap)
					<-done
					p.Start()
					if a := ask(); a.Status != 201 && a.Status != 200 && a.Status != 409 {
						t.Errorf("%s %v: asked again: %d %s", kept, at, a.Status, a.Body)
					}
				}
				for _, at := range []Point{Before, Carried, Answered} {
					kill(at, "INSERT INTO `refunds`")
					kill(at, "UPDATE `refunds` SET") // WeChat has answered, and what it said is being kept
				}
			}
			for _, no := range numbers {
				h.Until("refunded", 2*time.Minute, func() bool {
					return h.Count("SELECT COUNT(*) FROM orders WHERE out_trade_no = ? AND status = 'refunded'", no) == 1
				})
				sent := 0
				for _, r := range h.Pay.Refunds() {
					if r.OutTradeNo == no {
						sent++
					}
				}
				if sent != 1 {
					t.Errorf("%d refunds at WeChat", sent)
				}
			}
			Check(t, h)
		}
	})
}

// Fault 5, the rest. Killed while a customer-service message is on its way, and while others wait: none is
// lost, and at most one comes twice.
func TestKilledWhileAnswersWait(t *testing.T) {
	const send = "/cgi-bin/message/custom/send"
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		p := h.All[0]
		h.must(201, h.Console("POST", "/replies", `{"name":"资料","kind":"keyword","keywords":[{"text":"资料","match":"exact"}],"enabled":true,"messages":[{"type":"text","content":"一"},{"type":"text","content":"二"},{"type":"text","content":"三"}]}`))
		h.must(200, h.Console("POST", "/replies/publish", `{"note":"开张"}`))
		for _, fault := range []gate.Fault{{Hang: true}, {Hang: true, After: true}} {
			before, lines := h.WeChat.Count(send), len(h.WeChat.ChatOf("oFanAlpha", 0))
			clear := h.WeChat.Fail(send, fault)
			h.WeChat.Say("oFanAlpha", "资料")
			h.Until("WeChat was asked to send", 10*time.Second, func() bool { return h.WeChat.Count(send) > before })
			time.Sleep(50 * time.Millisecond)
			p.Kill()
			clear()
			p.Start()
			seen := func(text string) (n int) {
				for _, l := range h.WeChat.ChatOf("oFanAlpha", 0)[lines:] {
					if l.Text == text {
						n++
					}
				}
				return n
			}
			h.Until("the rest is sent", 30*time.Second, func() bool { return seen("二") > 0 && seen("三") > 0 })
			Check(t, h)
			if two, three := seen("二"), seen("三"); two+three > 3 {
				t.Errorf("sent %d and %d times", two, three)
			}
		}
	})
}

// Fault 5. Killed while a welcome's second message is on its way, before WeChat has it. The window a follow opens lasts one
// minute: the lease of the dead must be over long before. Within ten seconds of the restart the rest is there, once.
func TestKilledInAWelcome(t *testing.T) {
	const send = "/cgi-bin/message/custom/send"
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		p := h.All[0]
		h.must(201, h.Console("POST", "/replies", `{"name":"欢迎","kind":"follow","enabled":true,"messages":[{"type":"text","content":"一"},{"type":"text","content":"二"},{"type":"text","content":"三"}]}`))
		h.must(200, h.Console("POST", "/replies/publish", `{"note":"开张"}`))
		for _, fan := range []string{"oFanWelcome1", "oFanWelcome2"} {
			h.WeChat.AddPerson(wechattest.Person{ID: fan, OpenID: fan})
			seen := func(text string) (n int) {
				for _, l := range h.WeChat.ChatOf(fan, 0) {
					if l.Text == text {
						n++
					}
				}
				return n
			}
			before := h.WeChat.Count(send)
			clear := h.WeChat.Fail(send, gate.Fault{Hang: true})
			h.WeChat.Follow(fan, "")
			h.Until("WeChat was asked to send", 10*time.Second, func() bool { return h.WeChat.Count(send) > before })
			p.Kill()
			clear()
			p.Start()
			back := time.Now()
			h.Until("the rest is sent", 20*time.Second, func() bool { return seen("二") > 0 && seen("三") > 0 })
			if took := time.Since(back); took > 10*time.Second {
				t.Errorf("the rest came %v after the restart", took)
			}
			Check(t, h)
			if one, two, three := seen("一"), seen("二"), seen("三"); one != 1 || two != 1 || three != 1 {
				t.Errorf("%s heard them %d, %d and %d times", fan, one, two, three)
			}
			if n := h.Count("SELECT COUNT(*) FROM reply_sends WHERE openid = ? AND state = 'sent'", fan); n != 2 {
				t.Errorf("%d sends are marked sent", n)
			}
		}
	})
}

// Fault 5. Killed after the push was stored and before it was answered: the retry gets the stored answer.
func TestKilledInTheCallback(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		h.Keyword("签")
		p := h.All[0]
		for i := range scale(2, 50) {
			message := Text("oFanAlpha", "签", strconv.Itoa(7000+i))
			if h.SQL != nil {
				trap := h.SQL.When(Point(i%2), p.Kill, "INTO pushes ", "COMMIT")
				go h.Push(0, message)
				sprung(t, trap)
			} else {
				go h.Push(0, message)
				time.Sleep(time.Duration(rand.IntN(15)) * time.Millisecond) //nolint:gosec // dice
				p.Kill()
			}
			var stored string
			_ = h.DB.Raw("SELECT answer FROM pushes WHERE push_key LIKE ?", "%"+strconv.Itoa(7000+i)+"%").Scan(&stored).Error
			p.Start()
			first, second := h.Push(0, message), h.Push(0, message)
			if first.Said() == "" || first.Said() != second.Said() {
				t.Errorf("push %d: %q, then %q", i, first.Body, second.Body)
			}
			if stored != "" && string(first.Get("raw").(string)) != stored {
				t.Errorf("push %d: the answer is %s, stored was %s", i, first.Body, stored)
			}
			Check(t, h)
		}
		if n := h.Count("SELECT COUNT(*) FROM pushes"); n != int64(scale(2, 50)) {
			t.Errorf("%d pushes stored", n)
		}
	})
}
