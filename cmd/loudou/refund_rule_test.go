package main

import (
	"fmt"
	"strings"
	"testing"
)

// A rule is written in the course, read before buying, kept on the order, and judged by what was really studied.
func TestRefundRuleThroughTheDoors(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		course := fmt.Sprintf("/courses/%d", m.course)
		if r := m.boss.want(400, "PUT", course, map[string]any{"refund_rule": map[string]any{"days": 400, "over": "person"}}); !strings.Contains(r.raw, `"refund_rule.days"`) {
			t.Error(r.raw)
		}
		if r := m.boss.want(200, "PUT", course, map[string]any{"refund_rule": map[string]any{"days": 7, "lessons": 0, "over": "refuse"}}); !strings.Contains(r.raw, "学得更多的不能退") {
			t.Error(r.raw)
		}
		a := m.learner("oA", "android", 0)
		if r := a.want(200, "GET", course, nil); !strings.Contains(r.text("refund"), "付款 7 天内") {
			t.Error(r.raw)
		}
		o := m.order(a, "jsapi", "k1")
		no := o.text("out_trade_no")
		m.sheet(o)
		m.boss.want(200, "PUT", course, map[string]any{"refund_rule": map[string]any{"days": 0, "over": "person"}}) // too late for this order
		if r := a.want(200, "GET", "/orders/"+no+"/refund-offer", nil); r.text("verdict") != "allowed" || r.json["amount"] != 19900.0 || !strings.Contains(r.text("rule"), "7 天") {
			t.Error(r.raw)
		}
		a.want(200, "PUT", fmt.Sprintf("/lessons/%d/progress", m.paid), map[string]any{"position_seconds": 1, "finished": true})
		offer := a.want(200, "GET", "/orders/"+no+"/refund-offer", nil)
		refused := a.want(409, "POST", "/orders/"+no+"/refund-requests", map[string]any{"reason": "不想学了"})
		if offer.text("verdict") != "refused" || !strings.Contains(refused.raw, offer.text("words")) || !strings.Contains(refused.raw, "学完 1 课") {
			t.Errorf("%s; %s", offer.raw, refused.raw)
		}
		if r := m.boss.want(200, "GET", "/orders/"+no+"/refund-facts", nil); r.text("verdict") != "refused" || r.text("verdict_words") != offer.text("words") {
			t.Error(r.raw)
		}
		if r := m.learner("oB", "android", 1).do("GET", "/orders/"+no+"/refund-offer", nil); r.status != 404 {
			t.Errorf("another's order: %d %s", r.status, r.raw)
		}
		m.boss.want(201, "POST", "/orders/"+no+"/refunds", map[string]any{"amount": 19900, "reason": "好意"}, "Idempotency-Key", "r1")
		if audit := m.boss.want(200, "GET", "/audit?object=order", nil).raw; !strings.Contains(audit, "verdict") || !strings.Contains(audit, "好意") {
			t.Error(audit)
		}
	})
}
