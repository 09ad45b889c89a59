package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/wxpay/wxpaytest"
)

func TestGoodDay(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.t = t
		h.pay.SetBillFaults(wxpaytest.BillFaults{Mark: true, Commas: true})
		for n := range int64(6) {
			no := h.sold(n+1, false)
			if n == 2 {
				h.refund(no, 5000)
			}
			if n == 3 {
				h.refund(no, 19900)
			}
		}
		h.clock(20260302, 9)
		if b := h.day(20260301); b.State != model.BillWaiting || b.Error == "" {
			t.Errorf("at nine: %s %q, want waiting", b.State, b.Error)
		}
		h.clock(20260302, 11)
		b := h.day(20260301)
		if b.State != model.BillDone || b.Equal != 8 || b.Differs+b.MissingHere+b.MissingThere+b.Other != 0 || b.RowCount != 8 {
			t.Fatalf("bill = %+v", b)
		}
		// 6 × 119 fen of fee, less what the refunds gave back: 30 and 119.
		if b.Paid != 6*19900 || b.Refunded != 24900 || b.Fee != 6*119-30-119 || b.Left() != b.Paid-b.Refunded-b.Fee {
			t.Errorf("sums = %d %d %d", b.Paid, b.Refunded, b.Fee)
		}
		if got := h.inbox(); len(got) != 0 {
			t.Errorf("inbox = %v", got)
		}
		before := h.dump()
		h.clock(20260302, 12)
		h.day(20260301)
		if after := h.dump(); after != before {
			t.Errorf("a second run changed something:\n%s\n%s", before, after)
		}
		if b := h.day(20260228); b.State != model.BillNone {
			t.Errorf("a day without trade is %s", b.State)
		}
		var payers []string
		if err := db.Model(&model.BillRow{}).Pluck("payer", &payers).Error; err != nil || strings.Contains(strings.Join(payers, ""), "openid") || payers[0] == "" {
			t.Errorf("payers = %v %v: no openid is kept", payers, err)
		}
	})
}

func TestDifferences(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.t = t
		equal, dropped, amount, fee, refunded := h.sold(1, false), h.sold(2, false), h.sold(3, false), h.sold(4, false), h.sold(5, false)
		back, lost := h.refund(refunded, 10000), h.refund(equal, 100)
		faults := wxpaytest.BillFaults{Drop: []string{dropped, lost}, Amount: map[string]int64{amount: 19899, back: 9900}, Fee: map[string]int64{fee: 500}, Strange: 123456789, Commas: true}
		h.pay.SetBillFaults(faults)
		h.clock(20260302, 11)
		b := h.day(20260301)
		if b.Equal != 2 || b.Differs != 3 || b.MissingHere != 1 || b.MissingThere != 2 {
			t.Fatalf("bill = %+v", b)
		}
		box := h.inbox()
		for _, key := range []string{"mismatch:" + amount, "refund-mismatch:" + back, "bill-fee:pay:jsapi:" + h.transaction(fee), "stray:420020260301" + strings.Repeat("0", 16),
			"bill:pay:jsapi:" + h.transaction(dropped), "bill:refund:jsapi:" + lost} {
			if box[key] == "" {
				t.Errorf("no entry %s in %v", key, box)
			}
		}
		if len(box) != 6 {
			t.Errorf("%d entries: %v", len(box), box)
		}
		before := h.dump()
		h.day(20260301)
		if after := h.dump(); after != before {
			t.Errorf("a second run changed something:\n%s\n%s", before, after)
		}
		list, err := h.ledger.List(ctx(t), model.MoneyOpen, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		// The order was paid and opened long before its bill came: nobody is told that it is not.
		for _, e := range list {
			if e.UKey == "mismatch:"+amount && strings.Contains(e.Todo, "没有开通") {
				t.Errorf("of a course that is open: %s", e.Todo)
			}
		}
		// What a person has dealt with stays so.
		if _, err := h.ledger.Resolve(ctx(t), list[0].ID, 1, "boss", "问过客服"); err != nil {
			t.Fatal(err)
		}
		h.day(20260301)
		if got := len(h.inbox()); got != 5 {
			t.Errorf("%d open entries after one was resolved and the day run again", got)
		}
		// WeChat corrects its bill: everything closes by itself.
		h.pay.SetBillFaults(wxpaytest.BillFaults{})
		b = h.day(20260301)
		if b.Equal != 7 || b.Differs+b.MissingHere+b.MissingThere != 0 {
			t.Errorf("corrected bill = %+v", b)
		}
		if got := h.inbox(); len(got) != 0 {
			t.Errorf("inbox after the correction: %v", got)
		}
		// And what comes back is open again.
		h.pay.SetBillFaults(wxpaytest.BillFaults{Drop: []string{dropped}})
		h.day(20260301)
		if got := h.inbox(); len(got) != 1 {
			t.Errorf("inbox after the relapse: %v", got)
		}
	})
}

func (h *house) transaction(no string) string {
	h.t.Helper()
	o, found := h.pay.Order(no)
	if !found {
		h.t.Fatal("WeChat does not know " + no)
	}
	return o.TransactionID
}

// TestBillHeals: nobody told us of a payment or of a refund's success; the bill does.
func TestBillHeals(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.t = t
		no := h.sold(1, true)
		other := h.sold(2, false)
		h.pay.SetBadDays(wxpaytest.BadDays{Never: true})
		back := h.refund(other, 19900)
		h.clock(20260302, 11)
		b := h.day(20260301)
		if b.Equal != 3 || b.Healed != 2 || b.Differs+b.MissingHere+b.MissingThere != 0 {
			t.Fatalf("bill = %+v", b)
		}
		var o model.Order
		if err := db.Where("out_trade_no = ?", no).Take(&o).Error; err != nil || o.Status != model.OrderPaid {
			t.Errorf("order is %s %v", o.Status, err)
		}
		var r model.Refund
		if err := db.Where("out_refund_no = ?", back).Take(&r).Error; err != nil || r.Status != model.RefundSuccess {
			t.Errorf("refund is %s %v", r.Status, err)
		}
		if b = h.day(20260301); b.Healed != 2 || b.Equal != 3 {
			t.Errorf("run again: %+v", b)
		}
	})
}

func TestBadBills(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.t = t
		h.sold(1, false)
		h.clock(20260302, 11)
		for _, c := range []struct {
			name   string
			faults wxpaytest.BillFaults
			state  model.BillState
			inbox  int
		}{
			{"wrong hash", wxpaytest.BillFaults{WrongHash: true}, model.BillFailed, 1},
			{"cut", wxpaytest.BillFaults{Cut: true}, model.BillFailed, 1},
			{"not ready", wxpaytest.BillFaults{NotReady: true}, model.BillWaiting, 1}, // the entry of before
		} {
			h.pay.SetBillFaults(c.faults)
			if b := h.day(20260301); b.State != c.state || b.RowCount != 0 || b.Error == "" {
				t.Errorf("%s: %+v", c.name, b)
			}
			if n := h.count(&model.BillRow{}); n != 0 {
				t.Errorf("%s: %d rows were kept", c.name, n)
			}
			if got := h.inbox(); len(got) != c.inbox {
				t.Errorf("%s: inbox %v", c.name, got)
			}
		}
		h.pay.SetBillFaults(wxpaytest.BillFaults{})
		if b := h.day(20260301); b.State != model.BillDone || b.Equal != 1 {
			t.Errorf("mended: %+v", b)
		}
		if got := h.inbox(); len(got) != 0 {
			t.Errorf("inbox of the mended day: %v", got)
		}
		// A bill that is down later takes nothing away.
		h.pay.SetBillFaults(wxpaytest.BillFaults{NotReady: true})
		if b := h.day(20260301); b.State != model.BillDone || b.Equal != 1 {
			t.Errorf("asked again while WeChat does not answer: %+v", b)
		}
		if _, err := h.reconcile.Day(ctx(t), model.ViaXPay, 20260301); err == nil {
			t.Error("a closed channel has a bill")
		}
		if _, err := h.reconcile.Day(ctx(t), model.ViaJSAPI, 20260302); err == nil {
			t.Error("today has a bill")
		}
	})
}

func (h *house) count(row any) int64 {
	h.t.Helper()
	var n int64
	if err := h.db.Model(row).Count(&n).Error; err != nil {
		h.t.Fatal(err)
	}
	return n
}

// TestNightly: three days are due, each is done once, and a late bill is told of.
func TestNightly(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.t = t
		if err := h.reconcile.Nightly(ctx(t)); err != nil || h.count(&model.Bill{}) != 0 {
			t.Errorf("nothing was ever sold: %v", err)
		}
		h.sold(1, false)
		h.clock(20260303, 9)
		h.sold(2, false)
		h.clock(20260304, 9) // the bill of the third is not due yet
		if err := h.reconcile.Nightly(ctx(t)); err != nil {
			t.Fatal(err)
		}
		if n := h.count(&model.Bill{}); n != 2 {
			t.Errorf("%d bills, want the first and the second of March", n)
		}
		h.clock(20260304, 10)
		asked := h.pay.Count("/v3/bill/tradebill")
		if err := h.reconcile.Nightly(ctx(t)); err != nil {
			t.Fatal(err)
		}
		if n := h.count(&model.Bill{}); n != 3 || h.pay.Count("/v3/bill/tradebill") != asked+1 {
			t.Errorf("%d bills, WeChat asked %d times for them", n, h.pay.Count("/v3/bill/tradebill")-asked)
		}
		h.pay.SetBillFaults(wxpaytest.BillFaults{NotReady: true})
		h.clock(20260306, 11)
		if err := h.reconcile.Nightly(ctx(t)); err != nil {
			t.Fatal(err)
		}
		box := h.inbox()
		if box["bill-day:jsapi:20260304"] == "" || len(box) != 1 {
			t.Errorf("inbox = %v: the fourth is late, the fifth is not yet", box)
		}
	})
}

// TestMidnight: a payment that stands in the next day's bill is missing for a day at most.
func TestMidnight(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.t = t
		h.sold(1, false)
		no := h.sold(2, false)
		h.pay.SetBillFaults(wxpaytest.BillFaults{Drop: []string{no}})
		h.clock(20260303, 11)
		if b := h.day(20260301); b.MissingThere != 1 {
			t.Fatalf("bill = %+v", b)
		}
		h.pay.SetBillFaults(wxpaytest.BillFaults{})
		h.pay.Move(no, model.DayStart(20260302).Add(time.Second))
		if b := h.day(20260302); b.Equal != 1 {
			t.Errorf("next day = %+v", b)
		}
		b, err := h.reconcile.Bill(ctx(t), model.ViaJSAPI, 20260301)
		if err != nil || b.MissingThere != 0 || len(h.inbox()) != 0 {
			t.Errorf("day = %+v %v, inbox %v", b, err, h.inbox())
		}
	})
}

// TestTwoAtOnce: the command and the timetable meet; one of them works.
func TestTwoAtOnce(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.t = t
		for n := range int64(3) {
			h.sold(n+1, false)
		}
		h.clock(20260302, 11)
		done := make(chan error, 4)
		for range 4 {
			go func() { _, err := h.reconcile.Day(ctx(t), model.ViaJSAPI, 20260301); done <- err }()
		}
		good := 0
		for range 4 {
			if err := <-done; err == nil {
				good++
			} else if !strings.Contains(err.Error(), "正在对账") {
				t.Error(err)
			}
		}
		b, err := h.reconcile.Bill(ctx(t), model.ViaJSAPI, 20260301)
		if good == 0 || err != nil || b.Equal != 3 || h.count(&model.BillRow{}) != 3 {
			t.Errorf("%d went through: %+v %v", good, b, err)
		}
	})
}
