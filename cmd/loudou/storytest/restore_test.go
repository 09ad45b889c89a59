package storytest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"loudou/service/wxpay/wxpaytest"
)

// Run runs a command of the built program in the instance's settings and gives what it printed.
func (p *Program) Run(args ...string) (string, error) {
	cmd := exec.Command(p.binary, args...) //nolint:gosec,noctx // the program under test
	cmd.Dir, cmd.Env = p.dir, p.environment()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Fault 25. Saved under load, restored on an empty machine; then the day's notices and events come again: the sums
// are the ledger's, what was paid since the backup is found in one run, no refund is sent again, no number given twice.
func TestRestoredOnAnEmptyMachine(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		other := h.Course()
		p := h.All[0]
		pay := func(phone *Phone, course int64, silent bool) string {
			no := phone.ordered(course)
			if _, err := h.Pay.Pay(no, wxpaytest.Payment{Silent: silent}); err != nil {
				t.Fatal(err)
			}
			return no
		}
		early := h.Phone()
		paid := pay(early, course, false)
		h.Until("paid", 30*time.Second, func() bool { return h.granted(paid) == 1 })
		refunded := pay(h.Phone(), course, false)
		h.Until("paid", 30*time.Second, func() bool { return h.granted(refunded) == 1 })
		if a := h.call(h.desk, "POST", h.All[0].URL()+"/console/v1/orders/"+refunded+"/refunds", `{"amount":9900,"reason":"不想学了"}`, "X-CSRF-Token", h.csrf, "Idempotency-Key", "r1"); a.Status/100 != 2 {
			t.Fatalf("refund: %d %s", a.Status, a.Body)
		}
		h.Until("refunded", 30*time.Second, func() bool { return len(h.Pay.Refunds()) == 1 && h.granted(refunded) == 0 })
		waiting := h.Phone()
		open := waiting.ordered(course) // paid only after the backup

		var stop atomic.Bool
		var wg sync.WaitGroup
		var mu sync.Mutex
		var sent [][]string
		load := h.Phone()
		wg.Go(func() {
			for !stop.Load() {
				ids, a := load.Events(course, 20, nil)
				if a.Status != 200 {
					t.Errorf("events: %d %s", a.Status, a.Body)
					return
				}
				mu.Lock()
				sent = append(sent, ids)
				mu.Unlock()
			}
		})
		time.Sleep(300 * time.Millisecond)
		file := filepath.Join(t.TempDir(), "loudou.backup")
		if out, err := p.Run("backup", file); err != nil {
			t.Fatalf("%v\n%s", err, out)
		} else {
			h.searched(t, "backup", out)
		}
		stop.Store(true)
		wg.Wait()

		// After the backup: the open order is paid, and another learner, whom the backup does not know, buys.
		if _, err := h.Pay.Pay(open, wxpaytest.Payment{}); err != nil {
			t.Fatal(err)
		}
		late := h.Phone()
		lost := pay(late, other, false)
		h.Until("paid after the backup", 30*time.Second, func() bool { return h.granted(open) == 1 && h.granted(lost) == 1 })
		before := map[string]bool{}
		for _, o := range h.Pay.Orders() {
			before[o.OutTradeNo] = true
		}
		p.Kill()
		h.empty(t)
		if out, err := p.Run("restore", file); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		p.Start()

		if h.granted(paid) != 1 || h.granted(refunded) != 0 {
			t.Error("what was paid and refunded before is not as it was")
		}
		// The learner of after the backup is nobody's token now.
		if a := late.Call("GET", "/me", ""); a.Status != http.StatusUnauthorized {
			t.Errorf("a token of a lost learner: %d %s", a.Status, a.Body)
		}
		mu.Lock()
		for _, ids := range sent { // the phone sends what it does not know to be kept
			load.Events(course, len(ids), ids)
		}
		mu.Unlock()
		for no := range before {
			h.Pay.TellAgain(no)
		}
		for _, r := range h.Pay.Refunds() {
			h.Pay.TellAgain(r.OutRefundNo)
		}
		h.Until("the open order's payment is found", 30*time.Second, func() bool { return h.granted(open) == 1 })
		if n := h.Count("SELECT COUNT(*) FROM money_inbox WHERE out_trade_no = ?", lost); n == 0 {
			t.Error("money for an order nobody knows is told to nobody")
		}
		if n := len(h.Pay.Refunds()); n != 1 {
			t.Errorf("%d refunds at WeChat, there was one", n)
		}
		for range 3 {
			if no := h.Phone().ordered(course); before[no] {
				t.Errorf("the number %s was given twice", no)
			}
		}
		h.Until("the counters are right", 60*time.Second, func() bool { return h.Redis == nil || h.redisAgrees() })
		Check(t, h)
	})
}

// empty makes the house's machine a new one: no database, no uploads.
func (h *House) empty(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(h.All[0].env["LOUDOU_DATA"]); err != nil {
		t.Fatal(err)
	}
	tables, err := h.DB.Migrator().GetTables()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tables {
		if strings.HasPrefix(name, "sqlite_") {
			continue
		}
		if err := h.DB.Exec(fmt.Sprintf("DROP TABLE `%s`", name)).Error; err != nil {
			t.Fatal(err)
		}
	}
}
