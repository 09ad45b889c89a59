package storytest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"loudou/model"
	"loudou/service/event"
	"loudou/service/order/ordertest"
)

// Check fails t for everything that must be true after whatever happened and is not: I1–I3, I6 and I7 of money
// (ordertest), I4 what was acknowledged is stored and once, I5 Redis = roll-ups = rows within five seconds
// of the program being back, I8 nothing waits in the outbox,
// I9 nothing is left running, connected or locked, I10 no secret in any log, answer or table, in the metrics,
// or in what the commands print. The program must be running.
func Check(t testing.TB, h *House) {
	t.Helper()
	ordertest.Check(t, h.DB)
	h.checkOutbox(t)
	h.checkEvents(t)
	h.checkSecrets(t)
	h.checkLeft(t)
}

// Acknowledged notes event ids the program answered 200 for.
func (h *House) Acknowledged(ids ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range ids {
		h.acked[id] = true
	}
}

func (h *House) checkEvents(t testing.TB) {
	t.Helper()
	var uids [][]byte
	if err := h.DB.Raw("SELECT uid FROM events").Scan(&uids).Error; err != nil {
		t.Fatal(err)
	}
	stored := map[string]int{}
	for _, raw := range uids {
		id, err := uuid.FromBytes(raw)
		if err != nil {
			t.Fatal(err)
		}
		stored[id.String()]++
	}
	h.mu.Lock()
	lost := 0
	for id := range h.acked {
		if stored[id] == 0 {
			lost++
		}
	}
	acked := len(h.acked)
	h.mu.Unlock()
	if lost > 0 {
		t.Errorf("I4 %d of %d acknowledged events are lost", lost, acked)
	}
	if len(stored) != len(uids) {
		t.Errorf("I4 %d events stored for %d ids", len(uids), len(stored))
	}
	counted := func() bool {
		return h.Count("SELECT COUNT(*) FROM event_batches WHERE counted = 0") == 0 &&
			h.Count("SELECT COUNT(*) FROM events WHERE day > 0 AND excluded = 0") == h.Count("SELECT COALESCE(SUM(n),0) FROM event_daily WHERE kind = ?", event.KindAll)
	}
	h.Until("I5 the roll-ups say what the rows say", 5*time.Second, counted)
	h.checkRedis(t)
}

// checkRedis compares every counter of today and yesterday. Redis is told behind the roll-ups, so a
// difference counts only if it stays.
func (h *House) checkRedis(t testing.TB) {
	t.Helper()
	if h.Redis == nil {
		return
	}
	days := []int{model.DayNumber(time.Now()), model.DayNumber(time.Now().AddDate(0, 0, -1))}
	h.Until("I5 Redis says what the roll-ups say", 5*time.Second, func() bool { return h.redisAgrees() })
	// Every single counter, now that the sums agree. This mends what it tells, so it comes last.
	eye := event.New(h.DB, h.Redis, event.Options{Now: time.Now})
	var told []event.Difference
	if err := eye.Reconcile(context.Background(), days, false, func(d event.Difference) { told = append(told, d) }); err != nil {
		t.Fatal(err)
	}
	if len(told) > 0 {
		t.Errorf("I5 %d counters differ, the first: %+v", len(told), told[0])
	}
}

// redisAgrees asks the service's own live view against the roll-ups of today.
func (h *House) redisAgrees() bool {
	live, err := event.New(h.DB, h.Redis, event.Options{Now: time.Now}).Live(context.Background(), event.KindAll, "")
	if err != nil {
		return false
	}
	var sum int64
	for _, n := range live {
		sum += n
	}
	return sum == h.Count("SELECT COALESCE(SUM(n),0) FROM event_daily WHERE kind = ? AND day = ?", event.KindAll, model.DayNumber(time.Now()))
}

func (h *House) checkOutbox(t testing.TB) {
	t.Helper()
	h.Until("I8 the outbox empties", 30*time.Second, func() bool {
		// What a killed program held is under its lease for some seconds, and then anybody's.
		now := time.Now().UTC()
		return h.Count("SELECT COUNT(*) FROM jobs WHERE (state = 'waiting' AND run_at <= ?) OR (state = 'running' AND lease_until < ?)", now, now.Add(-5*time.Second)) == 0
	})
	if n := h.Count("SELECT COUNT(*) FROM jobs WHERE state = 'dead'"); n > 0 {
		t.Errorf("I8 %d jobs are dead", n)
	}
}

func (h *House) checkSecrets(t testing.TB) {
	t.Helper()
	for _, c := range h.WeChat.Calls("/cgi-bin/") {
		if token := c.Query.Get("access_token"); token != "" {
			h.plant("access_token", token)
		}
	}
	h.mu.Lock()
	outputs := map[string]string{"an answer": h.answers.String()}
	h.mu.Unlock()
	for i, p := range h.All {
		outputs[fmt.Sprint("the log of ", i)], outputs[fmt.Sprint("the metrics of ", i)] = p.Log(), p.Metrics()
	}
	for _, table := range []string{"audit_entries", "jobs", "pushes", "pay_notices", "money_inbox", "order_changes"} {
		outputs["the table "+table] = h.dump(t, table)
	}
	for where, text := range outputs {
		h.searched(t, where, text)
		if strings.Contains(text, "panic:") || strings.Contains(text, "goroutine ") {
			t.Errorf("a panic in %s:\n%s", where, tail(text))
		}
	}
}

// searched fails t for every planted secret that text holds.
func (h *House) searched(t testing.TB, where, text string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, secret := range h.canaries {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("I10 the %s stands in %s: …%s…", name, where, text[max(0, i-200):i])
		}
	}
}

// dump writes a table down, every column of every row.
func (h *House) dump(t testing.TB, table string) string {
	t.Helper()
	var rows []map[string]any
	if err := h.DB.Table(table).Find(&rows).Error; err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range rows {
		for _, v := range r {
			if raw, ok := v.([]byte); ok {
				v = string(raw)
			}
			fmt.Fprintln(&b, v)
		}
	}
	return b.String()
}
