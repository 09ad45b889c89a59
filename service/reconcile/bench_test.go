package reconcile_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/wxpay/wxpaytest"
)

// many puts n paid orders of one day into our ledger and into WeChat's books.
func (h *house) many(t testing.TB, n int) {
	t.Helper()
	at := model.DayStart(20260301).Add(10 * time.Hour)
	book := map[string]wxpaytest.Order{}
	var orders []model.Order
	var payments []model.Payment
	flush := func() {
		if len(orders) == 0 {
			return
		}
		err := h.db.Transaction(func(tx *gorm.DB) error {
			if err := tx.Create(&orders).Error; err != nil {
				return err
			}
			for i := range payments {
				payments[i].OrderID = orders[i].ID
			}
			return tx.Create(&payments).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		orders, payments = orders[:0], payments[:0]
	}
	for i := range n {
		no, id, payer := fmt.Sprintf("M%09d", i), fmt.Sprintf("42000000%020d", i), fmt.Sprintf("openid-%d", i)
		when := at.Add(time.Duration(i) * 100 * time.Millisecond).UTC().Truncate(time.Second)
		book[no] = wxpaytest.Order{AppID: miniApp, OutTradeNo: no, Description: "课程，一门,课", Total: 19900, PayerTotal: 19900, Payer: payer, State: "SUCCESS", TransactionID: id, PaidAt: when, PrepayID: "wx" + no}
		orders = append(orders, model.Order{AppID: miniApp, OutTradeNo: no, LearnerID: int64(i + 1), OpenID: model.OpenID(payer), CourseID: int64(i%20 + 1), Title: "课程，一门,课", ListPrice: 19900, Amount: 19900,
			Via: model.ViaJSAPI, Status: model.OrderPaid, PaidBy: no, PaidAt: &when, ExpiresAt: when, CreatedAt: when, UpdatedAt: when})
		payments = append(payments, model.Payment{OutTradeNo: no, Via: model.ViaJSAPI, AppID: miniApp, MchID: h.pay.Keys().MchID, OpenID: model.OpenID(payer), Total: 19900, Currency: "CNY", ExpireAt: when,
			Status: model.PaymentSuccess, TransactionID: &id, TradeState: model.TradeSuccess, PayerTotal: 19900, PaidAt: &when, CreatedAt: when, UpdatedAt: when})
		if len(orders) == 500 {
			flush()
		}
	}
	flush()
	raw, err := json.Marshal(map[string]any{"orders": book})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.pay.Restore(raw); err != nil {
		t.Fatal(err)
	}
	h.clock(20260302, 11)
}

// TestManyRows goes through several batches, some rows missing on either side.
func TestManyRows(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.t = t
		n := 1203
		if os.Getenv("LOUDOU_TEST_SCALE") == "full" {
			n = 100_000
		}
		h.many(t, n)
		h.pay.SetBillFaults(wxpaytest.BillFaults{Drop: []string{"M000000007", "M000000777"}, Amount: map[string]int64{"M000000999": 1}})
		if b := h.day(20260301); b.Equal != int64(n-3) || b.Differs != 1 || b.MissingThere != 2 || b.RowCount != int64(n-2) {
			t.Errorf("bill = %+v", b)
		}
	})
}

// BenchmarkDay is a day of 100 000 orders: fetched, unpacked, verified, kept and compared.
func BenchmarkDay(b *testing.B) {
	h := open(b, modeltest.Open(b))
	const n = 100_000
	h.many(b, n)
	for b.Loop() {
		start := time.Now()
		bill, err := h.reconcile.Day(b.Context(), model.ViaJSAPI, 20260301)
		if err != nil || bill.Equal != n {
			b.Fatalf("%+v %v", bill, err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "seconds")
	}
}
