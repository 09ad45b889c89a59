package model_test

import (
	"errors"
	"testing"
	"time"

	"loudou/model"
)

var noon = time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)

func sale(status model.OrderStatus) (model.Order, model.Payment, model.Transaction) {
	o := model.Order{ID: 7, OutTradeNo: "N1", Amount: 19900, Status: status, Platform: model.PlatformAndroid}
	p := model.Payment{OrderID: 7, OutTradeNo: "N1", Via: model.ViaJSAPI, AppID: "wx1", MchID: "190", OpenID: "o1", Total: 19900, Currency: "CNY", Status: model.PaymentPrepaid}
	t := model.Transaction{Via: model.ViaJSAPI, AppID: "wx1", MchID: "190", OutTradeNo: "N1", TransactionID: "42", TradeState: model.TradeSuccess, Total: 19900, PayerTotal: 19900, Currency: "CNY", Payer: "o1", PaidAt: &noon}
	return o, p, t
}

func TestSettleByOrderStatus(t *testing.T) {
	for _, c := range []struct {
		was         model.OrderStatus
		via         model.Via
		platform    model.Platform
		want        model.Settlement
		wantOrder   model.OrderStatus
		wantPayment model.PaymentStatus
	}{
		{model.OrderPending, model.ViaJSAPI, model.PlatformAndroid, model.SettlePaid, model.OrderPaid, model.PaymentSuccess},
		{model.OrderClosing, model.ViaJSAPI, model.PlatformAndroid, model.SettlePaid, model.OrderPaid, model.PaymentSuccess},
		{model.OrderClosed, model.ViaJSAPI, model.PlatformAndroid, model.SettleOrphan, model.OrderClosed, model.PaymentOrphan},
		{model.OrderPaid, model.ViaJSAPI, model.PlatformAndroid, model.SettleOrphan, model.OrderPaid, model.PaymentOrphan},
		{model.OrderRefunded, model.ViaXPay, model.PlatformAndroid, model.SettleOrphan, model.OrderRefunded, model.PaymentOrphan},
		{model.OrderClosed, model.ViaXPay, model.PlatformAndroid, model.SettleOrphan, model.OrderClosed, model.PaymentOrphan},
		{model.OrderPending, model.ViaXPay, model.PlatformIOS, model.SettlePaid, model.OrderPaid, model.PaymentSuccess},
		{model.OrderClosed, model.ViaXPay, model.PlatformIOS, model.SettleLate, model.OrderPaid, model.PaymentSuccess},
		{model.OrderPaid, model.ViaXPay, model.PlatformIOS, model.SettleKept, model.OrderPaid, model.PaymentOrphan},
		{model.OrderRefunded, model.ViaXPay, model.PlatformIOS, model.SettleKept, model.OrderRefunded, model.PaymentOrphan},
	} {
		o, p, news := sale(c.was)
		o.Platform, p.Via, news.Via = c.platform, c.via, c.via
		got, fault := o.Settle(&p, news, noon)
		if got != c.want || fault != "" || o.Status != c.wantOrder || p.Status != c.wantPayment {
			t.Errorf("%s %s %s: %s %q, order %s, payment %s", c.was, c.via, c.platform, got, fault, o.Status, p.Status)
		}
		before := o
		if got, _ := o.Settle(&p, news, noon); got != model.SettleKnown || o != before {
			t.Errorf("%s told again: %s", c.was, got)
		}
	}
}

func TestSettleWhatDoesNotFit(t *testing.T) {
	for name, spoil := range map[string]func(*model.Transaction){
		"amount":      func(t *model.Transaction) { t.Total-- },
		"currency":    func(t *model.Transaction) { t.Currency = "USD" },
		"no currency": func(t *model.Transaction) { t.Currency = "" },
		"merchant":    func(t *model.Transaction) { t.MchID = "191" },
		"app":         func(t *model.Transaction) { t.AppID = "wx2" },
		"payer":       func(t *model.Transaction) { t.Payer = "o2" },
		"no payer":    func(t *model.Transaction) { t.Payer = "" },
		"channel":     func(t *model.Transaction) { t.Via = model.ViaXPay },
		"number":      func(t *model.Transaction) { t.OutTradeNo = "N2" },
		"no id":       func(t *model.Transaction) { t.TransactionID = "" },
	} {
		o, p, news := sale(model.OrderPending)
		spoil(&news)
		got, fault := o.Settle(&p, news, noon)
		if got != model.SettleMismatch || fault == "" || o.Status != model.OrderPending || p.Status != model.PaymentMismatch || p.TransactionID != nil {
			t.Errorf("%s: %s %q, order %s, payment %s", name, got, fault, o.Status, p.Status)
		}
		_, _, right := sale(model.OrderPending)
		if got, _ := o.Settle(&p, right, noon); got != model.SettlePaid {
			t.Errorf("%s, then corrected: %s", name, got)
		}
	}
	o, p, news := sale(model.OrderPending)
	news.PayerTotal = 1 // WeChat's own coupon
	if got, _ := o.Settle(&p, news, noon); got != model.SettlePaid || p.PayerTotal != 1 {
		t.Errorf("with WeChat's coupon: %s", got)
	}
	news.TransactionID = "43"
	if got, _ := o.Settle(&p, news, noon); got != model.SettleMismatch || p.Status != model.PaymentSuccess {
		t.Errorf("a second transaction for one number: %s, payment %s", got, p.Status)
	}
}

func TestSettleUnpaid(t *testing.T) {
	for _, state := range []model.TradeState{model.TradeNotPay, model.TradeUserPaying, model.TradePayError, "REVOKED", ""} {
		o, p, news := sale(model.OrderClosing)
		news.TradeState = state
		if got, _ := o.Settle(&p, news, noon); got != model.SettleNothing || p.Status != model.PaymentPrepaid {
			t.Errorf("%q: %s", state, got)
		}
	}
	o, p, news := sale(model.OrderClosing)
	news.TradeState = model.TradeClosed
	if got, _ := o.Settle(&p, news, noon); got != model.SettleDead || p.Status != model.PaymentClosed {
		t.Errorf("closed: %s %s", got, p.Status)
	}
	if !o.Close([]model.Payment{p}, noon) || o.Status != model.OrderClosed || o.OpenKey != nil {
		t.Error("not closed")
	}
}

func TestCloseWaitsForEveryAttempt(t *testing.T) {
	for _, s := range []model.PaymentStatus{model.PaymentCreated, model.PaymentPrepaid, model.PaymentUnknown} {
		o, p, _ := sale(model.OrderClosing)
		p.Status = s
		if o.Close([]model.Payment{{Status: model.PaymentClosed}, p}, noon) {
			t.Errorf("closed beside an attempt that is %s", s)
		}
	}
	o, _, _ := sale(model.OrderPending)
	if o.Close(nil, noon) || !o.BeginClosing(noon) || o.BeginClosing(noon) || !o.Close(nil, noon) {
		t.Error("pending, closing, closed, in that order and once")
	}
}

func TestRefundSums(t *testing.T) {
	o, _, _ := sale(model.OrderPaid)
	had := []model.Refund{
		{Kind: model.RefundOfOrder, Amount: 6000, Status: model.RefundSuccess}, {Kind: model.RefundOfOrder, Amount: 4000, Status: model.RefundProcessing},
		{Kind: model.RefundOfOrder, Amount: 9000, Status: model.RefundClosed}, {Kind: model.RefundOfOrphan, Amount: 19900, Status: model.RefundSuccess},
	}
	for amount, want := range map[model.Fen]error{9900: nil, 1: nil, 9901: model.ErrConflict, 0: model.ErrInvalid, -1: model.ErrInvalid} {
		if err := o.Reserve(amount, had); !errors.Is(err, want) {
			t.Errorf("%d: %v", amount, err)
		}
	}
	r := model.Refund{ID: 9, Kind: model.RefundOfOrder, Amount: 5000}
	if r.NeedsSecond(nil, 5000) || !r.NeedsSecond(had, 14999) || r.NeedsSecond(had, 15000) {
		t.Error("the limit counts the order's refunds together")
	}
	if !o.Refund(6000) || o.Status != model.OrderPartlyRefunded || o.Refund(13901) || !o.Refund(13900) || o.Status != model.OrderRefunded || o.Left() != 0 {
		t.Errorf("%+v", o)
	}
}

func TestBookRefund(t *testing.T) {
	news := func(s model.RefundStatus) model.RefundNews {
		return model.RefundNews{OutRefundNo: "R1", OutTradeNo: "N1", Status: s, Amount: 100, Total: 100}
	}
	for _, c := range []struct {
		was  model.RefundState
		said model.RefundStatus
		want model.RefundOutcome
		is   model.RefundState
	}{
		{model.RefundSent, model.RefundStatusProcessing, model.BookMoved, model.RefundProcessing},
		{model.RefundSent, model.RefundStatusSuccess, model.BookSuccess, model.RefundSuccess},
		{model.RefundApproved, model.RefundStatusSuccess, model.BookSuccess, model.RefundSuccess},
		{model.RefundProcessing, model.RefundStatusClosed, model.BookFailed, model.RefundClosed},
		{model.RefundProcessing, model.RefundStatusAbnormal, model.BookAbnormal, model.RefundAbnormal},
		{model.RefundAbnormal, model.RefundStatusSuccess, model.BookSuccess, model.RefundSuccess},
		{model.RefundSuccess, model.RefundStatusSuccess, model.BookKnown, model.RefundSuccess},
		{model.RefundSuccess, model.RefundStatusProcessing, model.BookKnown, model.RefundSuccess},
		{model.RefundClosed, model.RefundStatusSuccess, model.BookMismatch, model.RefundClosed},
		{model.RefundSent, "WHATEVER", model.BookMismatch, model.RefundSent},
	} {
		key := "7"
		r := model.Refund{OutRefundNo: "R1", OutTradeNo: "N1", Amount: 100, Total: 100, Status: c.was, OpenKey: &key}
		if got, _ := r.Book(news(c.said), noon); got != c.want || r.Status != c.is {
			t.Errorf("%s, WeChat says %s: %s, %s", c.was, c.said, got, r.Status)
		}
	}
	r := model.Refund{OutRefundNo: "R1", OutTradeNo: "N1", Amount: 99, Total: 100, Status: model.RefundSent}
	if got, fault := r.Book(news(model.RefundStatusSuccess), noon); got != model.BookMismatch || fault == "" {
		t.Errorf("another amount: %s", got)
	}
}

func TestStepsAreOneWay(t *testing.T) {
	if model.OrderClosed.CanBecome(model.OrderPending) || model.OrderRefunded.CanBecome(model.OrderPaid) || model.OrderPending.CanBecome(model.OrderClosed) ||
		model.PaymentReturned.CanBecome(model.PaymentSuccess) || model.PaymentSuccess.CanBecome(model.PaymentClosed) ||
		model.RefundSuccess.CanBecome(model.RefundClosed) || model.RefundRefused.CanBecome(model.RefundApproved) || model.GrantRevoked.CanBecome(model.GrantActive) {
		t.Error("a step back is possible")
	}
	if !model.OrderClosed.CanBecome(model.OrderPaid) || !model.GrantFrozen.CanBecome(model.GrantActive) {
		t.Error("a step is missing")
	}
}

func TestGrantCovers(t *testing.T) {
	end := noon.Add(time.Hour)
	for _, c := range []struct {
		g    model.Grant
		at   time.Time
		want bool
	}{
		{model.Grant{Status: model.GrantActive, StartsAt: noon}, noon, true},
		{model.Grant{Status: model.GrantActive, StartsAt: noon}, noon.Add(-time.Second), false},
		{model.Grant{Status: model.GrantActive, StartsAt: noon, EndsAt: &end}, end.Add(-1), true},
		{model.Grant{Status: model.GrantActive, StartsAt: noon, EndsAt: &end}, end, false},
		{model.Grant{Status: model.GrantFrozen, StartsAt: noon}, noon, false},
		{model.Grant{Status: model.GrantRevoked, StartsAt: noon}, noon, false},
	} {
		if got := c.g.Covers(c.at); got != c.want {
			t.Errorf("%+v at %s: %v", c.g, c.at, got)
		}
	}
}
