package wxpay

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/wxpay/wxpaytest"
)

func TestBill(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	at := model.DayStart(20260301).Add(12 * time.Hour)
	f := wxpaytest.New(wxpaytest.Options{Now: func() time.Time { return at }, RefundIn: time.Millisecond}).Start(t)
	c := client(t, f, nil)
	o := order("B0000001")
	o.ExpireAt = at.Add(time.Hour)
	if _, err := c.Prepay(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Pay(o.OutTradeNo, wxpaytest.Payment{Silent: true, Coupon: 500}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Refund(context.Background(), Refund{OutRefundNo: "RB0000001", OutTradeNo: o.OutTradeNo, Amount: 900, Total: 9900}); err != nil {
		t.Fatal(err)
	}
	f.Wait()
	at = at.Add(24 * time.Hour)
	var rows []model.BillRow
	keep := func(r model.BillRow) error { rows = append(rows, r); return nil }
	sum, err := c.Bill(context.Background(), "2026-03-01", keep)
	if err != nil || len(rows) != 2 || rows[0].Amount != 9900 || rows[1].Amount != 900 || rows[0].MchID != c.MchID() || len(sum.Hash) != 40 || sum.Fee != 59-5 {
		t.Fatalf("bill = %+v %+v %v", sum, rows, err)
	}
	for name, x := range map[string]struct {
		day    string
		faults wxpaytest.BillFaults
		kind   error
	}{
		"no trade":   {"2026-02-28", wxpaytest.BillFaults{}, model.ErrNotFound},
		"not ready":  {"2026-03-01", wxpaytest.BillFaults{NotReady: true}, model.ErrUnavailable},
		"wrong hash": {"2026-03-01", wxpaytest.BillFaults{WrongHash: true}, model.ErrInvalid},
		"cut":        {"2026-03-01", wxpaytest.BillFaults{Cut: true}, model.ErrInvalid},
		"today":      {"2026-03-02", wxpaytest.BillFaults{}, model.ErrInvalid},
	} {
		f.SetBillFaults(x.faults)
		rows = nil
		if _, err := c.Bill(context.Background(), x.day, keep); !errors.Is(err, x.kind) || len(rows) != 0 {
			t.Errorf("%s: %v, %d rows told of", name, err, len(rows))
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Errorf("%d files are left behind, %v", len(left), err)
	}
}
