package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"loudou/model"
)

// An accountant's morning: the bill of a day is fetched and fits, the fee is WeChat's, the order's proof names the
// row, and the page says why the learner may study. Then WeChat's books and ours part.
func TestBillDay(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		a := m.learner("oA", "android", 0)
		o := m.order(a, "jsapi", "k1")
		no := o.text("out_trade_no")
		m.sheet(o)
		m.until("the order is paid", func() bool { return a.want(200, "GET", "/orders/"+no, nil).text("status") == "paid" })
		a.want(200, "PUT", fmt.Sprintf("/lessons/%d/progress", m.paid), map[string]any{"position_seconds": 30, "finished": true})
		h := m.houses[0]
		var row model.Order
		if err := h.db.Where("out_trade_no = ?", no).Take(&row).Error; err != nil {
			t.Fatal(err)
		}

		fees := "/fees?from=" + model.Day(time.Now().AddDate(0, 0, -3)) + "&to=" + model.Day(time.Now()) + "&by=course"
		if r := m.boss.want(200, "GET", fees, nil); !strings.Contains(r.raw, `"fee":119,"estimated":119,"net":19781`) {
			t.Errorf("before the bill: %s", r.raw)
		}
		// Two days ago, so that the bill is there at any hour.
		at := model.Milli(time.Now().AddDate(0, 0, -2))
		m.pay.Move(no, at)
		for _, table := range []string{"payments", "orders"} {
			if err := h.db.Exec("UPDATE "+table+" SET paid_at = ? WHERE out_trade_no = ?", at, no).Error; err != nil {
				t.Fatal(err)
			}
		}
		day := model.Day(at)
		path := "/bills/jsapi/" + day
		m.boss.want(404, "GET", path, nil)
		m.boss.want(400, "POST", "/bills/jsapi/"+model.Day(time.Now())+"/run", nil)
		if r := m.boss.want(200, "POST", path+"/run", nil); r.text("state") != "done" || r.json["equal"] != 1.0 || r.json["fee"] != 119.0 || r.json["net"] != 19781.0 {
			t.Errorf("run: %s", r.raw)
		}
		if r := m.boss.want(200, "GET", fees, nil); !strings.Contains(r.raw, `"fee":119,"estimated":0,"net":19781`) || !strings.Contains(r.raw, fmt.Sprintf(`"key":"%d"`, m.course)) {
			t.Errorf("with the bill: %s", r.raw)
		}
		for _, by := range []string{"channel", "article"} {
			if r := m.boss.want(200, "GET", strings.Replace(fees, "course", by, 1), nil); !strings.Contains(r.raw, `"total":{"key":"","orders":1,"gross":19900,"refunded":0,"fee":119,"estimated":0,"net":19781`) {
				t.Errorf("by %s: %s", by, r.raw)
			}
		}
		csv := m.boss.want(200, "GET", "/bills.csv?from="+day+"&to="+day, nil)
		if !strings.HasPrefix(csv.raw, "\uFEFF账单日") || !strings.Contains(csv.raw, ",'"+no+",") || !strings.Contains(csv.raw, ",199.00,0.00,1.19,197.81,") {
			t.Errorf("csv %s", csv.raw)
		}
		if err := h.bills(t.Context(), []int{model.DayNumber(at)}, true); err != nil { // loudou reconcile --day
			t.Errorf("the command: %v", err)
		}
		if b, err := h.reconcile.Bill(t.Context(), model.ViaJSAPI, model.DayNumber(at)); err != nil || billLine(b) != day+" jsapi 已对账：相符 1，不符 0，本店缺 0，账单缺 0；收款 199.00，退款 0.00，手续费 1.19，净额 197.81 元" {
			t.Errorf("the command says %q %v", billLine(b), err)
		}
		for _, bad := range []string{"?from=x", "?via=bank", "?from=2026-11-25&to=2026-11-24"} {
			m.boss.want(400, "GET", "/bills.csv"+bad, nil)
		}
		if r := m.boss.want(200, "GET", "/orders/"+no, nil); !strings.Contains(r.raw, `"verdict":"equal"`) {
			t.Errorf("the proof lacks the bill: %s", r.raw)
		}

		facts := m.boss.want(200, "GET", "/orders/"+no+"/refund-facts", nil)
		if facts.json["days"] != 2.0 || facts.text("verdict") != "allowed" || facts.json["finished"] != 1.0 || facts.json["other_orders"] != 0.0 {
			t.Errorf("facts: %s", facts.raw)
		}
		access := fmt.Sprintf("/learners/%d/courses/%d/access", row.LearnerID, m.course)
		if r := m.boss.want(200, "GET", access, nil); r.json["open"] != true || !strings.Contains(r.text("why"), no) {
			t.Errorf("access: %s", r.raw)
		}
		if r := m.boss.want(200, "GET", fmt.Sprintf("/learners/%d/courses/%d/access", row.LearnerID+1, m.course), nil); r.json["open"] != false || !strings.Contains(r.text("why"), "没有买过") {
			t.Errorf("a stranger's access: %s", r.raw)
		}
		m.boss.want(404, "GET", fmt.Sprintf("/learners/%d/courses/%d/access", row.LearnerID, m.course+999), nil)
		if r := m.boss.want(200, "GET", "/access/suspects", nil); strings.TrimSpace(r.raw) != `{"paid":[],"opens":[]}` {
			t.Errorf("suspects: %s", r.raw)
		}
		// What may never be is named when it is.
		if err := h.db.Exec("UPDATE grants SET status = 'revoked' WHERE order_id = ?", row.ID).Error; err != nil {
			t.Fatal(err)
		}
		if r := m.boss.want(200, "GET", "/access/suspects", nil); !strings.Contains(r.raw, no) {
			t.Errorf("a paid order without a grant: %s", r.raw)
		}
		if r := m.boss.want(200, "GET", access, nil); r.json["open"] != false || !strings.Contains(r.text("why"), "已收回") {
			t.Errorf("access: %s", r.raw)
		}
		if err := h.db.Exec("UPDATE grants SET status = 'active' WHERE order_id = ?", row.ID).Error; err != nil {
			t.Fatal(err)
		}
	})
}
