package order_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

func TestRefundFacts(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.pay.NextRefunds("SUCCESS")
		first := h.paid(1, 2, "k1")
		if _, err := h.refund(first.OutTradeNo, 100, "r1"); err != nil {
			t.Fatal(err)
		}
		h.pay.Wait()
		h.paid(2, 2, "k1") // somebody else's
		p := h.paid(1, 1, "k2")
		_, f, err := h.orders.RefundFacts(ctx(t), p.OutTradeNo)
		if err != nil || f.Days != 0 || f.Verdict != model.RefundAllowed || f.OtherOrders != 1 || f.EarlierRefunds != 1 || f.EarlierRefunded != 100 || f.Refused != 0 || f.Apple {
			t.Errorf("on the first day: %+v %v", f, err)
		}
		r, err := h.orders.RequestRefund(ctx(t), learner(1), p.OutTradeNo, "不想学了")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.orders.RefuseRefund(ctx(t), ann, r.OutRefundNo, "已经学完"); err != nil {
			t.Fatal(err)
		}
		h.wait(8 * 24 * time.Hour)
		if _, f, err = h.orders.RefundFacts(ctx(t), p.OutTradeNo); err != nil || f.Days != 8 || f.Verdict != model.RefundNot || f.Refused != 1 {
			t.Errorf("on the ninth day: %+v %v", f, err)
		}
		if list, err := h.orders.Of(ctx(t), 1, 1); err != nil || len(list) != 1 || list[0].Status != model.OrderPaid {
			t.Errorf("orders: %+v %v", list, err)
		}
	})
}
