package order_test

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/order"
	"loudou/service/wxpay/wxpaytest"
)

// calls lists the paths WeChat Pay saw about a number, in order.
func (h *house) calls(no string) string {
	var out []string
	for _, c := range h.pay.Calls("/v3/pay/transactions/") {
		switch {
		case !strings.Contains(c.Path, no):
		case strings.HasSuffix(c.Path, "/close"):
			out = append(out, "close")
		default:
			out = append(out, "query")
		}
	}
	return strings.Join(out, " ")
}

// Selling check 14.
func TestExpiryAsksClosesThenCloses(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		p := h.place(1, 1, "k")
		if err := h.orders.Expire(ctx(t)); err != nil || h.status(p.OutTradeNo) != model.OrderPending {
			t.Fatalf("closed before its time: %v", err)
		}
		h.wait(31 * time.Minute)
		if err := h.orders.Expire(ctx(t)); err != nil {
			t.Fatal(err)
		}
		if h.status(p.OutTradeNo) != model.OrderClosed || h.calls(p.OutTradeNo) != "query close" {
			t.Errorf("order %s, WeChat saw %q", h.status(p.OutTradeNo), h.calls(p.OutTradeNo))
		}
		if again := h.place(1, 1, "k2"); !again.New {
			t.Error("no new order after the old one closed")
		}
	})
}

// A course that came by another way ends the order open for it, and no other; money already on its way counts.
func TestGiveUp(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		mine, other, late := h.place(1, 1, "k"), h.place(1, 2, "k2"), h.place(2, 1, "k")
		if _, err := h.pay.Pay(late.OutTradeNo, wxpaytest.Payment{Silent: true}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // twice is once
			if err := db.Transaction(func(tx *gorm.DB) error {
				for n := int64(1); n <= 3; n++ { // 3 has no order at all
					if err := h.orders.GiveUp(tx, n, 1, model.LearnerActor(n), "用兑换码开通了这门课"); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if h.status(mine.OutTradeNo) != model.OrderClosing || h.status(other.OutTradeNo) != model.OrderPending {
			t.Fatalf("given up: %s, the other course's: %s", h.status(mine.OutTradeNo), h.status(other.OutTradeNo))
		}
		h.wait(time.Second)
		if err := h.orders.CloseDue(ctx(t)); err != nil || h.status(mine.OutTradeNo) != model.OrderClosed || h.status(late.OutTradeNo) != model.OrderPaid {
			t.Errorf("closed: %s, paid while it was given up: %s, %v", h.status(mine.OutTradeNo), h.status(late.OutTradeNo), err)
		}
	})
}

// Selling check 16.
func TestClosingWaitsForWeChat(t *testing.T) {
	h := open(t, modeltest.Open(t))
	for i, bad := range []wxpaytest.Fault{wxpaytest.ErrCode(500, "SYSTEM_ERROR", "x"), {Drop: true}, wxpaytest.ErrCode(400, "WHATEVER", "x")} {
		n := int64(i + 1)
		p := h.place(n, 1, "k")
		clear := h.pay.Fail("/v3/pay/transactions/out-trade-no/*/close", bad)
		if got, err := h.orders.Cancel(ctx(t), learner(n), p.OutTradeNo); err != nil || got.Status != model.OrderClosing {
			t.Errorf("%d: %s %v", i, got.Status, err)
		}
		clear()
		h.wait(time.Minute)
		if err := h.orders.CloseDue(ctx(t)); err != nil || h.status(p.OutTradeNo) != model.OrderClosed {
			t.Errorf("%d: %s %v", i, h.status(p.OutTradeNo), err)
		}
	}
	p := h.place(9, 1, "k")
	h.pay.Typing(p.OutTradeNo, true) // 202
	if got, _ := h.orders.Cancel(ctx(t), learner(9), p.OutTradeNo); got.Status != model.OrderClosing {
		t.Errorf("closed while the buyer was typing: %s", got.Status)
	}
	if _, err := h.pay.Pay(p.OutTradeNo, wxpaytest.Payment{Silent: true}); err != nil {
		t.Fatal(err)
	}
	h.wait(time.Minute)
	if err := h.orders.CloseDue(ctx(t)); err != nil || h.status(p.OutTradeNo) != model.OrderPaid || !h.owns(9, 1) {
		t.Errorf("paid while closing: %s %v", h.status(p.OutTradeNo), err)
	}
}

func TestPaidAfterClosingGoesBack(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.work()
		p := h.place(1, 1, "k")
		if got, err := h.orders.Cancel(ctx(t), learner(1), p.OutTradeNo); err != nil || got.Status != model.OrderClosed {
			t.Fatalf("cancel: %s %v", got.Status, err)
		}
		if _, err := h.pay.Pay(p.OutTradeNo, wxpaytest.Payment{Force: true}); err != nil {
			t.Fatal(err)
		}
		h.pay.Wait()
		for range 3 {
			h.pay.TellAgain(p.OutTradeNo)
		}
		h.until("the money is returned", func() bool {
			_ = h.orders.Ask(ctx(t), p.OutTradeNo)
			return h.count(&model.Payment{}, "status = ?", model.PaymentReturned) == 1
		})
		if h.status(p.OutTradeNo) != model.OrderClosed || h.owns(1, 1) || len(h.pay.Refunds()) != 1 || len(h.inbox()) != 0 {
			t.Errorf("order %s, refunds %v, inbox %v", h.status(p.OutTradeNo), h.pay.Refunds(), h.inbox())
		}
	})
}

// Cancel and pay race: each order ends paid with one grant, or closed with its money back.
func TestCancelAgainstPay(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.work()
		const n = 40
		var wg sync.WaitGroup
		nos := make([]string, n)
		for i := range n {
			l := int64(i + 1)
			p := h.place(l, 1, "k")
			nos[i] = p.OutTradeNo
			wg.Go(func() {
				time.Sleep(rand.N(4 * time.Millisecond))
				if _, err := h.orders.Cancel(ctx(t), learner(l), p.OutTradeNo); err != nil {
					t.Errorf("cancel: %v", err)
				}
			})
			wg.Go(func() {
				time.Sleep(rand.N(8 * time.Millisecond))
				_, _ = h.pay.Pay(p.OutTradeNo, wxpaytest.Payment{Force: rand.N(2) == 0})
			})
		}
		wg.Wait()
		h.pay.Wait()
		for _, no := range nos { // a busy database may have put a notice off
			h.pay.TellAgain(no)
		}
		h.until("all is settled", func() bool {
			h.wait(time.Minute)
			_ = h.orders.CloseDue(ctx(t))
			_ = h.orders.CheckDue(ctx(t))
			for _, no := range nos {
				if h.status(no).Open() {
					return false
				}
				if h.count(&model.Payment{}, "out_trade_no = ? AND status = ?", no, model.PaymentOrphan) > 0 {
					_ = h.orders.Ask(ctx(t), no)
					return false
				}
			}
			return true
		})
		for i, no := range nos {
			o, _ := h.pay.Order(no)
			paid := h.status(no) == model.OrderPaid
			if paid != h.owns(int64(i+1), 1) || o.State == "SUCCESS" != paid {
				t.Errorf("order %s is %s, WeChat says %s, owned %v", no, h.status(no), o.State, h.owns(int64(i+1), 1))
			}
		}
	})
}

// Selling check 13.
func TestNoNoticeIsFoundByAsking(t *testing.T) {
	h := open(t, modeltest.Open(t))
	h.pay.SetBadDays(wxpaytest.BadDays{Never: true})
	a, b := h.place(1, 1, "k"), h.place(2, 1, "k")
	h.buy(a)
	h.buy(b)
	if got, err := h.orders.Get(ctx(t), learner(1), a.OutTradeNo); err != nil || got.Status != model.OrderPaid {
		t.Errorf("opening the order: %s %v", got.Status, err)
	}
	h.wait(2 * time.Minute)
	if err := h.orders.CheckDue(ctx(t)); err != nil || h.status(b.OutTradeNo) != model.OrderPaid {
		t.Errorf("the timetable: %s %v", h.status(b.OutTradeNo), err)
	}
}

func TestPrepayWithoutAnswer(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		clear := h.pay.Fail("/v3/pay/transactions/jsapi", wxpaytest.Fault{After: true, Drop: true})
		_, err := h.orders.Place(ctx(t), learner(1), "k", order.Wish{CourseID: 1, Via: model.ViaJSAPI})
		if code(err) != model.CodeUnavailable {
			t.Fatalf("place: %v", err)
		}
		if n := h.count(&model.Payment{}, "status = ?", model.PaymentUnknown); n != 1 {
			t.Fatalf("%d payments unknown", n)
		}
		clear()
		p := h.place(1, 1, "k") // the same key goes on with the same number
		if len(h.pay.Orders()) != 1 || h.count(&model.Order{}, "1=1") != 1 || len(p.Pay) == 0 || !p.New {
			t.Errorf("WeChat has %d orders, we %d, %+v", len(h.pay.Orders()), h.count(&model.Order{}, "1=1"), p)
		}
		h.buy(p)
		if !h.owns(1, 1) {
			t.Error("not opened")
		}

		// Nothing arrived at all: the number may be used again once no call can be on its way.
		clear = h.pay.Fail("/v3/pay/transactions/jsapi", wxpaytest.Fault{Drop: true})
		if _, err := h.orders.Place(ctx(t), learner(2), "k", order.Wish{CourseID: 1, Via: model.ViaJSAPI}); code(err) != model.CodeUnavailable {
			t.Fatalf("place: %v", err)
		}
		clear()
		if got, err := h.orders.Cancel(ctx(t), learner(2), h.latest()); err != nil || got.Status != model.OrderClosing {
			t.Errorf("closed while a call may be on its way: %s %v", got.Status, err)
		}
	})
}

func (h *house) latest() string {
	h.t.Helper()
	var o model.Order
	if err := h.db.Order("id DESC").Take(&o).Error; err != nil {
		h.t.Fatal(err)
	}
	return o.OutTradeNo
}

// A kill between any two steps of ordering: the same key goes on, with one number at WeChat.
func TestAbandonedRequests(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		p := h.place(1, 1, "k")
		// As a kill would leave it: no answer stored, the lease run out, prepay's answer lost.
		past := time.Now().UTC().Add(-time.Minute)
		for _, q := range []*gorm.DB{
			db.Exec("UPDATE order_keys SET answer = NULL, lease_until = ?", past),
			db.Exec("UPDATE payments SET prepay_id = '', prepaid_at = NULL, status = 'created', call_until = ?, called_at = ?", past, past),
			db.Exec("DELETE FROM order_changes WHERE thing = 'payment' AND to_status <> 'created'"),
		} {
			if q.Error != nil {
				t.Fatal(q.Error)
			}
		}
		h.wait(time.Minute)
		if err := h.orders.CheckDue(ctx(t)); err != nil {
			t.Fatal(err)
		}
		if n := h.count(&model.Payment{}, "status = ?", model.PaymentPrepaid); n != 1 {
			t.Errorf("a lost call is not found by asking")
		}
		again := h.place(1, 1, "k")
		if again.OutTradeNo != p.OutTradeNo || !again.New || len(h.pay.Orders()) != 1 {
			t.Errorf("%+v, WeChat has %d orders", again, len(h.pay.Orders()))
		}
		h.buy(again)
		// Killed after the claim, before the order: the key is free after its lease.
		if err := db.Exec("UPDATE order_keys SET answer = NULL, lease_until = ?, order_id = 0", past).Error; err != nil {
			t.Fatal(err)
		}
		if _, err := h.orders.Place(ctx(t), learner(1), "k", order.Wish{CourseID: 1, Via: model.ViaJSAPI}); code(err) != model.CodeOwned {
			t.Errorf("went on: %v", err)
		}
	})
}

func TestNumberDeadAtWeChat(t *testing.T) {
	h := open(t, modeltest.Open(t))
	p := h.place(1, 1, "k")
	if closed, err := h.client.Close(ctx(t), p.OutTradeNo); err != nil || !closed {
		t.Fatal(err)
	}
	got, err := h.orders.Get(ctx(t), learner(1), p.OutTradeNo)
	if err != nil || got.OutTradeNo != p.OutTradeNo || len(got.Pay) == 0 {
		t.Fatalf("%+v %v", got, err)
	}
	h.buy(got) // by a second number, which opens the same order
	if h.status(p.OutTradeNo) != model.OrderPaid || len(h.pay.Orders()) != 2 {
		t.Errorf("order %s", h.status(p.OutTradeNo))
	}
	second := h.order(p.OutTradeNo).PaidBy
	if got, err := h.orders.Get(ctx(t), learner(1), second); err != nil || got.OutTradeNo != p.OutTradeNo {
		t.Errorf("the second number shows %+v %v", got, err)
	}
}
