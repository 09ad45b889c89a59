package reconcile_test

import (
	"testing"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/reconcile"
)

// TestFees: what the fees' page sums is what the bills sum, to the fen; before a bill it is an estimate and says so.
func TestFees(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.t = t
		for n := range int64(4) {
			no := h.sold(n+1, false)
			if n == 0 {
				h.refund(no, 19900)
			}
			if n == 1 {
				h.refund(no, 3333)
			}
		}
		sum := func(by string) (f reconcile.Fee) {
			t.Helper()
			list, err := h.reconcile.Fees(ctx(t), 20260301, 20260301, by)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range list {
				f.Orders, f.Gross, f.Refunded, f.Fee, f.Estimated = f.Orders+x.Orders, f.Gross+x.Gross, f.Refunded+x.Refunded, f.Fee+x.Fee, f.Estimated+x.Estimated
			}
			return f
		}
		if f := sum(reconcile.ByChannel); f.Orders != 4 || f.Gross != 4*19900 || f.Refunded != 23233 || f.Estimated != f.Fee || f.Fee < 330 || f.Fee > 340 {
			t.Errorf("before the bill: %+v", f)
		}
		h.clock(20260302, 11)
		b := h.day(20260301)
		for _, by := range []string{reconcile.ByChannel, reconcile.ByCourse, reconcile.ByArticle} {
			if f := sum(by); f.Gross != b.Paid || f.Refunded != b.Refunded || f.Fee != b.Fee || f.Estimated != 0 || f.Net() != b.Left() {
				t.Errorf("by %s: %+v, the bill says %+v", by, f, b)
			}
		}
		list, err := h.reconcile.Fees(ctx(t), 20260301, 20260301, reconcile.ByCourse)
		if err != nil || len(list) != 4 || list[0].Title == "" || list[0].Key == "0" {
			t.Errorf("by course: %+v %v", list, err)
		}
		if _, err := h.reconcile.Fees(ctx(t), 20260301, 20260301, "weather"); err == nil {
			t.Error("fees by weather")
		}
		// The accountant's lines are the bill's rows.
		var paid, back, fee model.Fen
		err = h.reconcile.Lines(ctx(t), reconcile.Filter{}, func(l reconcile.Line) error {
			if fee += l.Fee; l.Kind == model.BillPay {
				paid += l.Amount
			} else {
				back += l.Amount
			}
			if l.OrderNo == "" || l.Title == "" || l.Day != 20260301 {
				t.Errorf("line %+v", l)
			}
			return nil
		})
		if err != nil || paid != b.Paid || back != b.Refunded || fee != b.Fee {
			t.Errorf("lines: %d %d %d %v", paid, back, fee, err)
		}
	})
}
