package main

import (
	"encoding/csv"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// codes makes a batch of n for the market's course and reads them from the file an operator gives out.
func (m *market) codes(n int, days int) (batch int64, codes []string) {
	m.t.Helper()
	r := m.boss.want(201, "POST", "/redeem-batches", map[string]any{"course_id": m.course, "size": n, "access_days": days, "note": "给老学员",
		"starts_at": time.Now().Add(-time.Hour), "ends_at": time.Now().Add(time.Hour)})
	id, _ := r.json["id"].(float64)
	file := m.boss.want(200, "GET", fmt.Sprintf("/redeem-batches/%d/codes.csv", int64(id)), nil).raw
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != n+1 {
		m.t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		codes = append(codes, row[0])
	}
	return int64(id), codes
}

// One code, 64 tries of 8 people over two instances: one of them has the course, and the console says who.
func TestRedeemOverTwoInstances(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		batch, codes := m.codes(3, 30)
		lesson := fmt.Sprintf("/lessons/%d", m.paid)
		people := make([]caller, 8)
		for n := range people {
			people[n] = m.learner(fmt.Sprintf("oR%d", n), "android", n%2)
			people[n].want(403, "GET", lesson, nil)
		}
		// Each holds an unpaid order for the course: whoever gets it by the code has nothing to pay any more.
		var orders []string
		for n, c := range people {
			orders = append(orders, c.want(201, "POST", "/orders", map[string]any{"course_id": m.course, "via": "jsapi"}, "Idempotency-Key", fmt.Sprint("k", n)).text("out_trade_no"))
		}
		var wg sync.WaitGroup
		for n := range 64 {
			wg.Go(func() {
				c := people[n%8]
				c.base = m.urls[n/8%2] + "/mini/v1"
				if r := c.do("POST", "/redeem", map[string]any{"code": strings.ToLower(codes[0]), "unknown": 1}); r.status != 200 && r.status != 409 && r.status != 503 {
					t.Errorf("try %d: %d %s", n, r.status, r.raw)
				}
			})
		}
		wg.Wait()
		var has []caller
		for n, c := range people {
			owns := c.do("GET", lesson, nil).status == 200
			if owns {
				has = append(has, c)
			}
			if status := c.want(200, "GET", "/orders/"+orders[n], nil).text("status"); (status == "pending") == owns {
				t.Errorf("owns the course: %v, order for it: %s", owns, status)
			}
		}
		if len(has) != 1 {
			t.Fatalf("%d people have the course of one code", len(has))
		}
		if r := has[0].want(200, "POST", "/redeem", map[string]any{"code": codes[0]}); r.json["again"] != true || r.text("title") != "写作课" || r.text("ends_at") == "" {
			t.Errorf("told again: %s", r.raw)
		}
		if r := has[0].want(409, "POST", "/redeem", map[string]any{"code": codes[1]}); r.code() != "owned" {
			t.Error(r.raw)
		}
		list := fmt.Sprintf("/redeem-codes?batch_id=%d&status=", batch)
		if r := m.boss.want(200, "GET", list+"redeemed", nil); strings.Count(r.raw, `"learner_id":`) != 1 || !strings.Contains(r.raw, codes[0]) {
			t.Error(r.raw)
		}
		m.boss.want(200, "POST", fmt.Sprintf("/redeem-batches/%d/withdraw", batch), map[string]any{"reason": "活动停了"})
		free := m.learner("oFree", "android", 1)
		gone, never := free.want(404, "POST", "/redeem", map[string]any{"code": codes[1]}), free.want(404, "POST", "/redeem", map[string]any{"code": "ABCDEFGHJKMN"})
		if gone.raw != never.raw {
			t.Errorf("a guesser is told: %s and %s", gone.raw, never.raw)
		}
		audit := m.boss.want(200, "GET", "/audit?object=redeem", nil).raw
		for _, want := range []string{"redeem.create", "redeem.export", "redeem.withdraw", "活动停了"} {
			if !strings.Contains(audit, want) {
				t.Errorf("the audit trail lacks %s", want)
			}
		}
		if strings.Contains(audit, codes[0]) || strings.Contains(audit, strings.ReplaceAll(codes[0], "-", "")) {
			t.Error("a code stands in the audit trail")
		}
	})
}
