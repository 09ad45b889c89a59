package xpay

import (
	"context"
	"errors"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/wechat"
	"loudou/service/wechat/wechattest"
	"loudou/service/xpay/xpaytest"
)

func TestBill(t *testing.T) {
	at := model.DayStart(20260301).Add(12 * time.Hour)
	w := wechattest.New(wechattest.Options{}).Start(t)
	f := xpaytest.New(xpaytest.Options{WeChat: w, Now: func() time.Time { return at }, RefundIn: time.Millisecond, RetryEvery: time.Hour}).Start(t)
	f.Sell("course_1", "写作课", 19900)
	api, err := wechat.New(wechat.Options{AppID: w.Mini().AppID, Secret: w.Mini().Secret, API: w.URL()})
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{AppID: w.Mini().AppID, OfferID: f.Options().OfferID, AppKey: f.Options().AppKey, Caller: api})
	if err != nil {
		t.Fatal(err)
	}
	buy := func(platform, no string) model.OpenID {
		t.Helper()
		who := w.AddPerson(wechattest.Person{Platform: platform})
		w.NewSessionKey(who.ID)
		who, _ = w.Person(who.ID)
		p, err := c.PayParams(who.SessionKey, Order{OutTradeNo: no, ProductID: "course_1", Price: 19900})
		if err != nil {
			t.Fatal(err)
		}
		x, err := f.Open(who.ID, xpaytest.Call{Mode: p.Mode, SignData: p.SignData, PaySig: p.PaySig, Signature: p.Signature})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Pay(x.OutTradeNo, at); err != nil {
			t.Fatal(err)
		}
		return model.OpenID(who.MiniOpenID)
	}
	buyer := buy("android", "X2026030100000001")
	buy("ios", "X2026030100000002")
	if _, err := c.Refund(context.Background(), Refund{OpenID: buyer, OutTradeNo: "X2026030100000001", OutRefundNo: "RX2026030100000001", Left: 19900, Amount: 900}); err != nil {
		t.Fatal(err)
	}
	f.Wait()
	var rows []model.BillRow
	keep := func(r model.BillRow) error { rows = append(rows, r); return nil }
	at = model.DayStart(20260302).Add(9 * time.Hour)
	if _, err := c.Bill(context.Background(), "2026-03-01", keep); !errors.Is(err, model.ErrUnavailable) {
		t.Errorf("at nine: %v", err)
	}
	at = at.Add(2 * time.Hour)
	sum, err := c.Bill(context.Background(), "2026-03-01", keep)
	if err != nil || len(rows) != 3 || sum.Paid != 39800 || sum.Refunded != 900 || sum.Fee != 199+2388-9 {
		t.Fatalf("bill = %+v %+v %v", sum, rows, err)
	}
	for _, r := range rows {
		if r.Via != model.ViaXPay || r.AppID != w.Mini().AppID || r.FeeDiffers() != "" || r.Number == "" {
			t.Errorf("row = %+v", r)
		}
	}
	rows = nil
	for name, x := range map[string]struct {
		day    string
		faults xpaytest.BillFaults
		kind   error
	}{
		"no trade":      {"2026-02-28", xpaytest.BillFaults{}, model.ErrNotFound},
		"not ready":     {"2026-03-01", xpaytest.BillFaults{NotReady: true}, model.ErrUnavailable},
		"other columns": {"2026-03-01", xpaytest.BillFaults{Columns: true}, model.ErrInvalid},
	} {
		f.SetBillFaults(x.faults)
		if _, err := c.Bill(context.Background(), x.day, keep); !errors.Is(err, x.kind) || len(rows) != 0 {
			t.Errorf("%s: %v, %d rows", name, err, len(rows))
		}
	}
}
