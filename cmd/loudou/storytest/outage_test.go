package storytest

import (
	"context"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"loudou/service/wechat/wechattest"
	"loudou/service/wechat/wechattest/gate"
	"loudou/service/wxpay/wxpaytest"
)

// Fault 10, short. Without its database the program answers the callback from memory, says what is missing,
// refuses what it cannot keep, and needs nobody when the database is back.
func TestDatabaseGone(t *testing.T) {
	if os.Getenv("LOUDOU_TEST_MYSQL") == "" {
		return // an embedded database cannot be gone
	}
	h := Open(t, binary, Options{MySQL: true})
	course := h.Course()
	h.Keyword("签")
	phone := h.Phone()
	no := phone.ordered(course)
	h.SQL.Cut()
	var messages [][]byte
	var said []string
	for i := range 5 {
		m := Text("oFanAlpha", "签", strconv.Itoa(8000+i))
		a := h.Push(0, m)
		if a.Status != http.StatusOK || a.Said() == "" || a.Took > 1200*time.Millisecond {
			t.Errorf("push while the database is gone: %d %q after %v", a.Status, a.Said(), a.Took)
		}
		messages, said = append(messages, m), append(said, a.Said())
	}
	gauge := h.All[0].Gauge
	if spooled, waiting, drained := gauge("loudou_push_spooled_total"), gauge("loudou_push_spool_waiting"), gauge("loudou_push_drained_total"); spooled != 5 || waiting != 5 || drained != 0 {
		t.Errorf("metrics while the database is gone: %d spooled, %d waiting, %d drained", spooled, waiting, drained)
	}
	if dead := gauge("loudou_jobs_dead"); dead != 0 { // the last known
		t.Errorf("%d dead jobs while the database is gone", dead)
	}
	if a := h.call(&http.Client{Timeout: 5 * time.Second}, "GET", h.All[0].URL()+"/readyz", ""); a.Status != 503 || !strings.Contains(string(a.Body), "数据库") {
		t.Errorf("readyz: %d %s", a.Status, a.Body)
	}
	if _, a := phone.Events(course, 5, nil); a.Status != 503 {
		t.Errorf("events: %d %s", a.Status, a.Body)
	}
	if _, err := h.Pay.Pay(no, wxpaytest.Payment{Silent: true}); err != nil {
		t.Fatal(err)
	}
	if a := phone.Call("GET", "/orders/"+no, ""); a.Status/100 == 2 || a.Status == 404 {
		t.Errorf("an order: %d %s", a.Status, a.Body)
	}
	h.SQL.Heal()
	h.Until("ready again", 5*time.Second, func() bool {
		return h.call(&http.Client{Timeout: 2 * time.Second}, "GET", h.All[0].URL()+"/readyz", "").Status == 200
	})
	h.Until("every push stored", 15*time.Second, func() bool { return h.Count("SELECT COUNT(*) FROM pushes") == 5 })
	for i, m := range messages {
		if a := h.Push(0, m); a.Said() != said[i] {
			t.Errorf("push %d: %q, before %q", i, a.Said(), said[i])
		}
	}
	if n := h.Count("SELECT COUNT(*) FROM pushes"); n != 5 {
		t.Errorf("%d pushes stored, want 5", n)
	}
	if _, a := phone.Events(course, 5, nil); a.Status != 200 {
		t.Errorf("events again: %d %s", a.Status, a.Body)
	}
	h.Until("the spool is empty", 10*time.Second, func() bool {
		return gauge("loudou_push_spool_waiting") == 0 && gauge("loudou_push_drained_total") == 5
	})
	if spooled, failed, refused := gauge("loudou_push_spooled_total"), gauge("loudou_push_failed_total"), gauge(`loudou_push_refused_total{door="official",reason="signature"}`); spooled != 5 || failed != 0 || refused > 0 {
		t.Errorf("metrics: %d spooled, %d failed, %d refused", spooled, failed, refused)
	}
	if last := gauge("loudou_push_last_seconds"); last < 0 || last > 120 {
		t.Errorf("the last push was %d s ago", last)
	}
	if err := h.DB.Exec("INSERT INTO jobs (kind, job_key, payload, state, run_at, attempts, fence, last_error, created_at, updated_at) VALUES ('nobody', '1', 'null', 'dead', ?, 20, 20, '', ?, ?)", time.Now().UTC(), time.Now().UTC(), time.Now().UTC()).Error; err != nil {
		t.Fatal(err)
	}
	if dead := gauge("loudou_jobs_dead"); dead != 1 {
		t.Errorf("%d dead jobs, want 1", dead)
	}
	h.DB.Exec("DELETE FROM jobs WHERE kind = 'nobody'")
	// The notice never came: the learner's own look asks WeChat.
	h.Until("paid, known by asking", 20*time.Second, func() bool { return phone.Call("GET", "/orders/"+no, "").Get("status") == "paid" })
	Check(t, h)
}

// A notice that comes while the database is gone is not taken, and settles when it is told again.
// Selling check 11.
func TestNoticeWhileTheDatabaseIsGone(t *testing.T) {
	if os.Getenv("LOUDOU_TEST_MYSQL") == "" {
		return // an embedded database cannot be gone
	}
	h := Open(t, binary, Options{MySQL: true})
	no := h.Phone().ordered(h.Course())
	h.SQL.Cut()
	if _, err := h.Pay.Pay(no, wxpaytest.Payment{}); err != nil {
		t.Fatal(err)
	}
	h.Pay.Wait()
	for _, n := range h.Pay.Notices(no) {
		if n.Status/100 == 2 {
			t.Errorf("the notice was answered %d", n.Status)
		}
	}
	h.SQL.Heal()
	h.Until("taken", 5*time.Second, func() bool { return h.Pay.TellAgain(no)/100 == 2 })
	if n := h.Count("SELECT COUNT(*) FROM grants WHERE status = 'active'"); n != 1 {
		t.Errorf("%d grants", n)
	}
	Check(t, h)
}

// Faults 7 and 8. Redis is gone, then back and empty: every door answers, and the counters are right again.
func TestRedisGoneAndEmptied(t *testing.T) {
	if os.Getenv("LOUDOU_TEST_REDIS") == "" {
		return // the one inside the program cannot be gone
	}
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		h.Keyword("签")
		phone := h.Phone()
		phone.Events(course, 20, nil)
		n := 8100
		doors := map[string]func() Answer{
			"push":   func() Answer { n++; return h.Push(0, Text("oFanAlpha", "签", strconv.Itoa(n))) },
			"events": func() Answer { _, a := phone.Events(course, 1, nil); return a },
			"course": func() Answer { return phone.Call("GET", "/courses", "") },
			"home":   func() Answer { return h.Console("GET", "/home", "") },
			"live":   func() Answer { return h.Console("GET", "/live", "") },
		}
		usual := map[string]time.Duration{}
		for name, door := range doors {
			usual[name], _ = middle(door)
		}
		for fault, begin := range map[string]func(){"gone": h.Cache.Cut, "slow": func() { h.Cache.Delay(800 * time.Millisecond) }} {
			begin()
			for name, door := range doors {
				took, worst := middle(door)
				if worst >= 500 {
					t.Errorf("Redis %s, %s: %d", fault, name, worst)
				}
				if added := took - usual[name]; added > 100*time.Millisecond {
					t.Errorf("Redis %s, %s: %v longer than %v", fault, name, added, usual[name])
				}
			}
			h.Cache.Heal()
		}
		h.Cache.Cut()
		if a := h.Push(0, Text("oFanAlpha", "签", "8099")); a.Said() == "" {
			t.Errorf("push without Redis: %d %q", a.Status, a.Said())
		}
		if _, a := phone.Events(course, 20, nil); a.Status != 200 {
			t.Errorf("events without Redis: %d %s", a.Status, a.Body)
		}
		no := phone.ordered(course)
		if _, err := h.Pay.Pay(no, wxpaytest.Payment{}); err != nil {
			t.Fatal(err)
		}
		h.Until("paid without Redis", 10*time.Second, func() bool { return h.Count("SELECT COUNT(*) FROM grants WHERE status = 'active'") == 1 })
		for _, path := range []string{"/home", "/live", "/courses", "/orders"} {
			if a := h.Console("GET", path, ""); a.Status >= 500 {
				t.Errorf("console%s without Redis: %d %s", path, a.Status, a.Body)
			}
		}
		if err := h.Redis.FlushDB(context.Background()).Err(); err != nil {
			t.Fatal(err)
		}
		h.Cache.Heal()
		phone.Events(course, 5, nil)
		h.Until("the counters are right again", 60*time.Second, func() bool { return h.redisAgrees() })
		Check(t, h)
	})
}

// middle asks five times and gives the median time, and the highest status.
func middle(ask func() Answer) (took time.Duration, worst int) {
	all := make([]time.Duration, 0, 5)
	for range cap(all) {
		a := ask()
		all, worst = append(all, a.Took), max(worst, a.Status)
	}
	slices.Sort(all)
	return all[len(all)/2], worst
}

// Faults 16–18. WeChat's API is down, slow, refuses the token or has had enough: the callback does not
// notice, the operator is told, and a bad token costs one refresh.
func TestWeChatHasABadDay(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		const create = "/cgi-bin/qrcode/create"
		h := Open(t, binary, o)
		h.Keyword("签")
		n := 0
		code := func() Answer {
			n++
			return h.Console("POST", "/scene-codes", `{"scene":"s`+strconv.Itoa(n)+`","permanent":true,"channel":"海报"}`)
		}
		h.must(201, code())
		before, asked := h.WeChat.Count("/cgi-bin/token")+h.WeChat.Count("/cgi-bin/stable_token"), h.WeChat.Count(create)
		f := wechattest.ErrCode(40001)
		f.Times = 1
		h.WeChat.Fail(create, f)
		h.must(201, code())
		if got := h.WeChat.Count("/cgi-bin/token") + h.WeChat.Count("/cgi-bin/stable_token") - before; got != 1 {
			t.Errorf("40001 cost %d refreshes, want one", got)
		}
		if got := h.WeChat.Count(create) - asked; got != 2 {
			t.Errorf("40001: called %d times, want two", got)
		}
		for name, fault := range map[string]gate.Fault{"down": {Drop: true}, "502": gate.Status(502, "bad gateway"), "silent": {Hang: true}} {
			clear := h.WeChat.Fail("/cgi-bin/", fault)
			var wg sync.WaitGroup
			wg.Go(func() {
				if a := code(); a.Status < 500 || a.Took > 15*time.Second {
					t.Errorf("%s: %d after %v", name, a.Status, a.Took)
				}
			})
			if a := h.Push(0, Text("oFanAlpha", "签", name)); a.Said() == "" || a.Took > 2*time.Second {
				t.Errorf("%s: the callback said %q after %v", name, a.Said(), a.Took)
			}
			wg.Wait()
			clear()
		}
		h.must(201, code())
		clear502 := h.WeChat.Fail(create, gate.Status(502, "bad gateway"))
		asked = h.WeChat.Count(create)
		for range 20 {
			code()
		}
		if got := h.WeChat.Count(create) - asked; got > 22 {
			t.Errorf("20 calls refused by a gateway became %d", got)
		}
		clear502()
		h.Until("the way to WeChat is tried again", 15*time.Second, func() bool { return code().Status == 201 })
		clear := h.WeChat.Fail(create, wechattest.ErrCode(45009))
		code()
		asked = h.WeChat.Count(create)
		code()
		if got := h.WeChat.Count(create); got != asked {
			t.Errorf("after 45009 WeChat was called %d times more", got-asked)
		}
		clear()
		Check(t, h)
	})
}

// Fault 19. The same push three times on two instances, together: one row, one answer.
func TestPushedThreeTimesOnTwoInstances(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		o.Programs = 2
		h := Open(t, binary, o)
		h.Keyword("签")
		time.Sleep(2500 * time.Millisecond) // the other instance hears of the version
		for i := range 5 {
			m := Text("oFanAlpha", "签", strconv.Itoa(8200+i))
			said := make([]string, 3)
			var wg sync.WaitGroup
			for j := range said {
				wg.Go(func() { said[j] = h.Push(j%2, m).Said() })
			}
			wg.Wait()
			if said[0] == "" || said[0] != said[1] || said[1] != said[2] {
				t.Errorf("push %d: %q", i, said)
			}
		}
		if n := h.Count("SELECT COUNT(*) FROM pushes"); n != 5 {
			t.Errorf("%d rows", n)
		}
		Check(t, h)
	})
}

// Fault 19, slowly. The database holds the first one, as when a table is locked: it is answered from memory
// within two seconds, and whoever is asked again, meanwhile and afterwards, gives the same message.
func TestPushHeldInTheDatabase(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		o.Programs = 2
		h := Open(t, binary, o)
		h.Keyword("签")
		time.Sleep(2500 * time.Millisecond) // the other instance hears of the version
		for i := range scale(2, 20) {
			m := Text("oFanAlpha", "签", strconv.Itoa(8250+i))
			release := h.hold()
			first := h.Push(i%2, m)
			if first.Said() == "" || first.Took > 2*time.Second {
				t.Errorf("push %d: %q after %v", i, first.Said(), first.Took)
			}
			time.Sleep(time.Duration(scale(1, 5)) * time.Second)
			if a := h.Push(1-i%2, m); a.Said() != first.Said() || a.Took > 2*time.Second {
				t.Errorf("push %d at the other instance: %q after %v, first %q", i, a.Said(), a.Took, first.Said())
			}
			time.Sleep(time.Second)
			release()
			h.Until("the push is stored", 15*time.Second, func() bool { return h.Count("SELECT COUNT(*) FROM pushes") == int64(i+1) })
			for instance := range h.All {
				if a := h.Push(instance, m); a.Said() != first.Said() {
					t.Errorf("push %d afterwards at %d: %q, first %q", i, instance, a.Said(), first.Said())
				}
			}
		}
		if n := h.Count("SELECT COALESCE(SUM(hits),0) FROM reply_hits"); n != int64(scale(2, 20)) {
			t.Errorf("%d hits", n)
		}
		Check(t, h)
	})
}

// hold blocks every writer of the pushes until it is let go.
func (h *House) hold() (release func()) {
	h.T.Helper()
	pool, err := h.DB.DB()
	if err != nil {
		h.T.Fatal(err)
	}
	conn, err := pool.Conn(context.Background())
	if err != nil {
		h.T.Fatal(err)
	}
	begin, end := "BEGIN IMMEDIATE", "ROLLBACK"
	if h.SQL != nil {
		begin, end = "LOCK TABLES pushes WRITE", "UNLOCK TABLES"
	}
	if _, err := conn.ExecContext(context.Background(), begin); err != nil {
		h.T.Fatal(err)
	}
	return func() {
		_, _ = conn.ExecContext(context.Background(), end)
		_ = conn.Close()
	}
}

// Fault 20. Notices many times at once, of a wrong sum, forged, after the close, or never.
func TestNoticesGoWrong(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		grants := func(no string) int64 {
			return h.Count("SELECT COUNT(*) FROM grants g JOIN orders o ON o.id = g.order_id WHERE o.out_trade_no = ? AND g.status = 'active'", no)
		}
		for name, x := range map[string]struct {
			bad   wxpaytest.BadDays
			close bool
			want  int64
		}{
			"ten at once":  {bad: wxpaytest.BadDays{Times: 10}, want: 1},
			"one fen less": {bad: wxpaytest.BadDays{WrongAmount: true}},
			"forged":       {bad: wxpaytest.BadDays{Forged: true}},
			"a probe":      {bad: wxpaytest.BadDays{Probe: true}, want: 1},
		} {
			h.Pay.SetBadDays(x.bad)
			no := h.Phone().ordered(course)
			if _, err := h.Pay.Pay(no, wxpaytest.Payment{}); err != nil {
				t.Fatal(err)
			}
			h.Pay.Wait()
			if got := grants(no); got != x.want {
				t.Errorf("%s: %d grants, want %d", name, got, x.want)
			}
		}
		h.Pay.SetBadDays(wxpaytest.BadDays{Never: true})
		phone := h.Phone()
		no := phone.ordered(course)
		if _, err := h.Pay.Pay(no, wxpaytest.Payment{}); err != nil {
			t.Fatal(err)
		}
		h.Until("known by asking", 2*time.Minute, func() bool { return grants(no) == 1 })
		h.Pay.SetBadDays(wxpaytest.BadDays{})
		// Cancelled, closed, and paid all the same: the money goes back, nothing is granted.
		late := h.Phone()
		no = late.ordered(course)
		late.Call("POST", "/orders/"+no+"/cancel", "")
		h.Until("closed", 30*time.Second, func() bool {
			return h.Count("SELECT COUNT(*) FROM orders WHERE out_trade_no = ? AND status = 'closed'", no) == 1
		})
		if _, err := h.Pay.Pay(no, wxpaytest.Payment{Force: true}); err != nil {
			t.Fatal(err)
		}
		h.Until("sent back", 60*time.Second, func() bool {
			return h.Count("SELECT COUNT(*) FROM refunds WHERE out_trade_no = ? AND status = 'success'", no) == 1
		})
		if got := grants(no); got != 0 {
			t.Errorf("late money: %d grants", got)
		}
		Check(t, h)
	})
}
