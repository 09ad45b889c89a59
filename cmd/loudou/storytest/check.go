package storytest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"loudou/model"
	"loudou/service/event"
	"loudou/service/order/ordertest"
)

// Check fails t for everything that must be true after whatever happened and is not: I1–I3 and I7 of money
// (ordertest), I4 what was acknowledged is stored and once, I5 Redis = roll-ups = rows within five seconds
// of the program being back, I8 nothing waits in the outbox, I10 no secret in any log or answer. The
// program must be running.
func Check(t testing.TB, h *House) {
	t.Helper()
	ordertest.Check(t, h.DB)
	h.checkOutbox(t)
	h.checkEvents(t)
	h.checkSecrets(t)
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
		// What a killed program held is under its lease for a minute, and then anybody's.
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
	answers := h.answers.String()
	h.mu.Unlock()
	for name, secret := range h.canaries {
		if strings.Contains(answers, secret) {
			t.Errorf("I10 the %s stands in an answer", name)
		}
		for _, p := range h.All {
			if log := p.Log(); strings.Contains(log, secret) {
				i := strings.Index(log, secret)
				t.Errorf("I10 the %s stands in a log: …%s…", name, log[max(0, i-200):i])
			}
		}
	}
	for _, p := range h.All {
		if log := p.Log(); strings.Contains(log, "panic:") || strings.Contains(log, "goroutine ") {
			t.Errorf("a panic in the log:\n%s", tail(log))
		}
	}
}
