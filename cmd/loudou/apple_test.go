package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
)

// Apple asks about a payment on iOS: answered from the order's rule, the same on each instance and for each
// repeat whatever is studied in between, anew for a new wish. Apple decides, and the order follows.
func TestAppleAsks(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		m.boss.want(200, "PUT", fmt.Sprintf("/courses/%d", m.course), map[string]any{"refund_rule": map[string]any{"days": 7, "lessons": 0, "over": "person"}})
		a := m.learner("oA", "ios", 1)
		x := m.virtually("oA", m.order(a, "xpay", "k1"))
		m.until("WeChat's number is known", func() bool {
			var n int64
			return m.houses[0].db.Model(&model.Payment{}).Where("wx_order_id = ?", x.WxOrderID).Count(&n).Error == nil && n == 1
		})
		at := time.Now().Add(-time.Minute)
		ask := func(instance int, at time.Time) (code int, evidence string) {
			t.Helper()
			m.wechat.SetHooks("", m.urls[instance]+"/hook/mini")
			began := time.Now()
			got, err := m.xpay.AskRefund(x.OutTradeNo, "孩子误买", at)
			if err != nil || time.Since(began) > 3*time.Second {
				t.Fatal(err, time.Since(began))
			}
			return *got.ResultCode, got.Evidence
		}
		yes, why := ask(0, at)
		if yes != 0 || !strings.Contains(why, "学完 0 / 2 课") {
			t.Errorf("nothing studied: %d %s", yes, why)
		}
		a.want(200, "PUT", fmt.Sprintf("/lessons/%d/progress", m.paid), map[string]any{"position_seconds": 1, "finished": true})
		for instance := range 2 {
			if code, again := ask(instance, at); code != yes || again != why {
				t.Errorf("asked again at %d: %d %s, was %d %s", instance, code, again, yes, why)
			}
		}
		if code, why := ask(1, at.Add(time.Minute)); code != 1 || !strings.Contains(why, "学完 1 / 2 课") {
			t.Errorf("a new wish after studying: %d %s", code, why)
		}
		page := m.boss.want(200, "GET", "/orders/"+x.OutTradeNo, nil)
		list, _ := page.json["apple"].([]any)
		if len(list) != 2 || !strings.Contains(page.raw, `"times":3`) || !strings.Contains(page.raw, "孩子误买") || !strings.Contains(page.raw, `"outcome":"asked"`) {
			t.Errorf("the order's page: %s", page.raw)
		}
		a.want(200, "GET", fmt.Sprintf("/lessons/%d", m.paid), nil) // a question takes nothing away

		// Nobody's order: no answer, and a person is told; one row however many hear it at once.
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				_, known, err := m.houses[n%2].orders.AnswerApple(context.Background(), model.AppleAsk{PayOrderID: "W404", RefundTime: "1", Raw: []byte(`{"pay_order_id":"W404"}`)})
				if known || err != nil {
					t.Errorf("an unknown payment: %v %v", known, err)
				}
			})
		}
		wg.Wait()
		var stray model.AppleQuestion
		if err := m.houses[0].db.Where("order_id = 0").Take(&stray).Error; err != nil || stray.Times != 8 {
			t.Errorf("%+v %v", stray, err)
		}
		if inbox := m.boss.want(200, "GET", "/money-inbox", nil); strings.Count(inbox.raw, "W404") != 1 {
			t.Error(inbox.raw)
		}

		// Its number becomes known later: the repeat is answered, and nobody has to look any more.
		if err := m.houses[0].db.Model(&model.Payment{}).Where("wx_order_id = ?", x.WxOrderID).Update("wx_order_id", "W404").Error; err != nil {
			t.Fatal(err)
		}
		q, known, err := m.houses[1].orders.AnswerApple(context.Background(), model.AppleAsk{PayOrderID: "W404", RefundTime: "1", Raw: []byte(`{"pay_order_id":"W404"}`)})
		if err != nil || !known || q.Agree || q.OrderID == 0 || q.Times != 9 {
			t.Errorf("late: %+v %v %v", q, known, err)
		}
		// What WeChat wrote then belongs to the order, and goes when the buyer is erased.
		err = m.houses[0].db.Transaction(func(tx *gorm.DB) error {
			var o model.Order
			if err := tx.Take(&o, q.OrderID).Error; err != nil {
				return err
			}
			if err := m.houses[0].orders.Erase(tx, o.PersonID); err != nil {
				return err
			}
			var left int64
			if err := tx.Model(&model.PayNotice{}).Where("raw LIKE ?", "%W404%").Count(&left).Error; err != nil {
				return err
			}
			return fmt.Errorf("%d notices are left", left)
		})
		if err == nil || err.Error() != "0 notices are left" {
			t.Error(err)
		}
		if inbox := m.boss.want(200, "GET", "/money-inbox?state=open", nil); strings.Contains(inbox.raw, "W404") {
			t.Error(inbox.raw)
		}

		if err := m.xpay.AppleRefund(x.OutTradeNo); err != nil {
			t.Fatal(err)
		}
		m.xpay.Wait()
		if r := a.want(200, "GET", "/orders/"+x.OutTradeNo, nil); r.text("status") != "refunded" {
			t.Errorf("Apple gave it back: %s", r.raw)
		}
		a.want(403, "GET", fmt.Sprintf("/lessons/%d", m.paid), nil)
	})
}
