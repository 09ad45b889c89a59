package order_test

import (
	"errors"
	"fmt"
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

func code(err error) string {
	var r *model.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	if err != nil {
		return "error: " + err.Error()
	}
	return ""
}

// Selling check 4.
func TestBuyStudyAndToldTwice(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		p := h.place(1, 1, "k1")
		if p.Amount != 19900 || p.Status != model.OrderPending || !p.New || len(p.OutTradeNo) != 25 {
			t.Fatalf("placed %+v", p)
		}
		h.buy(p)
		if h.status(p.OutTradeNo) != model.OrderPaid || !h.owns(1, 1) || h.owns(2, 1) {
			t.Fatal("not paid and opened to its buyer alone")
		}
		var wg sync.WaitGroup
		bad := make(chan int, 100)
		gate := make(chan struct{}, 20)
		for range 100 {
			wg.Go(func() {
				gate <- struct{}{}
				defer func() { <-gate }()
				if s := h.pay.TellAgain(p.OutTradeNo); s != 204 {
					bad <- s
				}
			})
		}
		wg.Wait()
		close(bad)
		for s := range bad {
			t.Errorf("a repeat was answered %d", s)
		}
		if n := h.count(&model.Grant{}, "1 = 1"); n != 1 {
			t.Errorf("%d grants", n)
		}
		if n := h.events(model.EventPaid); n != 1 {
			t.Errorf("%d paid events", n)
		}
		var notice model.PayNotice
		if err := db.Where("source = ?", model.ActorNotify).Take(&notice).Error; err != nil || notice.Times != 101 || !strings.Contains(notice.Raw, "transaction_id") {
			t.Errorf("notice kept %d times, %v", notice.Times, err)
		}
		if _, err := h.orders.Place(ctx(t), learner(1), "k2", order.Wish{CourseID: 1}); code(err) != model.CodeOwned {
			t.Errorf("ordering an owned course: %v", err)
		}
	})
}

// A hundred notices of an order nobody has heard of yet, twenty at once: they race for the first.
// Selling check 6.
func TestHundredNoticesRace(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		p := h.place(1, 1, "k1")
		var wg sync.WaitGroup
		gate := make(chan struct{}, 20)
		var mu sync.Mutex
		late := 0
		for range 100 {
			wg.Go(func() {
				gate <- struct{}{}
				defer func() { <-gate }()
				if s := h.tell(nil, p.OutTradeNo); s != 204 {
					mu.Lock()
					late++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if late > 0 { // a busy database may say "again", never anything else
			t.Logf("%d of 100 were told to come again", late)
		}
		if h.status(p.OutTradeNo) != model.OrderPaid || h.events(model.EventPaid) != 1 || len(h.inbox()) != 0 {
			t.Errorf("order %s, %d events, inbox %v", h.status(p.OutTradeNo), h.events(model.EventPaid), h.inbox())
		}
	})
}

// Selling check 7.
func TestWhatDoesNotFit(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		for i, c := range []struct {
			name   string
			change map[string]any
		}{
			{"one fen less", map[string]any{"total": 19899}},
			{"one fen more", map[string]any{"total": 19901}},
			{"other merchant", map[string]any{"mchid": "1900000999"}},
			{"other app", map[string]any{"appid": "wx0000000000other"}},
			{"other payer", map[string]any{"payer": map[string]any{"openid": "openid-z"}}},
			{"other currency", map[string]any{"currency": "USD"}},
		} {
			n := int64(i + 1)
			p := h.place(n, 1, "k")
			if s := h.tell(c.change, p.OutTradeNo); s != 204 {
				t.Errorf("%s: answered %d", c.name, s)
			}
			if got := h.status(p.OutTradeNo); got != model.OrderPending || h.owns(n, 1) {
				t.Errorf("%s: order %s, owned %v", c.name, got, h.owns(n, 1))
			}
			if n := h.count(&model.MoneyEntry{}, "kind = ? AND out_trade_no = ?", model.MoneyMismatch, p.OutTradeNo); n != 1 {
				t.Errorf("%s: %d entries", c.name, n)
			}
			if n := h.count(&model.PayNotice{}, "out_trade_no = ? AND outcome = ?", p.OutTradeNo, model.SettleMismatch); n != 1 {
				t.Errorf("%s: kept %d times", c.name, n)
			}
			again, err := h.orders.Get(ctx(t), learner(n), p.OutTradeNo)
			if err != nil || len(again.Pay) != 0 {
				t.Errorf("%s: a second payment is offered: %s %v", c.name, again.Pay, err)
			}
		}
		if s := h.tell(nil, "NOBODYKNOWSTHISNUMBER"); s != 204 {
			t.Errorf("unknown number: answered %d", s)
		}
		if n := h.count(&model.MoneyEntry{}, "kind = ?", model.MoneyStray); n != 1 {
			t.Errorf("%d strays", n)
		}
	})
}

func TestTransactionOfAnotherOrder(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		a, b := h.place(1, 1, "a"), h.place(2, 1, "b")
		if h.tell(nil, a.OutTradeNo) != 204 || h.tell(nil, b.OutTradeNo) != 204 {
			t.Error("not answered")
		}
		if h.status(a.OutTradeNo) != model.OrderPaid || h.status(b.OutTradeNo) != model.OrderPending || h.owns(2, 1) {
			t.Error("one payment bought two courses")
		}
		// The same number with a second transaction_id is no duplicate either.
		if h.tell(map[string]any{"transaction_id": "4200000000202611240000000002"}, a.OutTradeNo) != 204 {
			t.Error("not answered")
		}
		if got := h.inbox(); len(got) != 2 {
			t.Errorf("inbox %v", got)
		}
	})
}

func TestMismatchCorrectedByQuery(t *testing.T) {
	h := open(t, modeltest.Open(t))
	p := h.place(1, 1, "k")
	h.pay.SetBadDays(wxpaytest.BadDays{WrongAmount: true})
	h.buy(p)
	if h.status(p.OutTradeNo) != model.OrderPending {
		t.Fatal("a wrong amount was taken")
	}
	if got, err := h.orders.Get(ctx(t), learner(1), p.OutTradeNo); err != nil || got.Status != model.OrderPaid || !h.owns(1, 1) {
		t.Errorf("after asking WeChat: %s %v", got.Status, err)
	}
	if got := h.inbox(); len(got) != 0 {
		t.Errorf("inbox %v", got)
	}
}

// Selling check 2.
func TestFiftyOrdersWithOneKey(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		for range 50 {
			wg.Go(func() {
				for {
					p, err := h.orders.Place(ctx(t), learner(1), "one", order.Wish{CourseID: 1})
					if code(err) == model.CodeInProgress {
						time.Sleep(20 * time.Millisecond)
						continue
					}
					mu.Lock()
					got[fmt.Sprintf("%s %s %v %s", p.OutTradeNo, p.Pay, p.New, code(err))]++
					mu.Unlock()
					return
				}
			})
		}
		wg.Wait()
		if len(got) != 1 {
			t.Errorf("answers %v", got)
		}
		if n, calls := h.count(&model.Order{}, "1=1"), h.pay.Count("/v3/pay/transactions/jsapi"); n != 1 || calls != 1 {
			t.Errorf("%d orders, %d prepays", n, calls)
		}
		if _, err := h.orders.Place(ctx(t), learner(1), "one", order.Wish{CourseID: 2}); code(err) != model.CodeKeyReused {
			t.Errorf("other body: %v", err)
		}
		if p, err := h.orders.Place(ctx(t), learner(2), "one", order.Wish{CourseID: 2}); err != nil || !p.New {
			t.Errorf("other person: %v", err)
		}
		if p, err := h.orders.Place(ctx(t), learner(1), "two", order.Wish{CourseID: 1}); err != nil || p.New {
			t.Errorf("the open order is not found: %v %v", p.New, err)
		}
	})
}

// Twenty keys for one course at once: one order, one answer.
// Selling check 4.
func TestManyKeysOneOrder(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				_, err := h.orders.Place(ctx(t), learner(1), fmt.Sprintf("k%d", i), order.Wish{CourseID: 1})
				if c := code(err); c != "" && c != model.CodeInProgress {
					t.Errorf("place: %v", err)
				}
			})
		}
		wg.Wait()
		if n := h.count(&model.Order{}, "1=1"); n != 1 {
			t.Errorf("%d orders", n)
		}
		for i := range 5 {
			_, err := h.orders.Place(ctx(t), learner(2), fmt.Sprintf("f%d", i), order.Wish{CourseID: 3})
			if want := map[bool]string{true: "", false: model.CodeOwned}[i == 0]; code(err) != want {
				t.Errorf("free course, time %d: %v", i, err)
			}
		}
		if h.events(model.EventPaid) != 1 || !h.owns(2, 3) {
			t.Error("a free course is not opened once")
		}
	})
}

func TestBadWishes(t *testing.T) {
	h := open(t, modeltest.Open(t))
	for _, c := range []struct {
		name, key string
		w         order.Wish
		want      string
	}{
		{"no key", "", order.Wish{CourseID: 1}, model.CodeInvalid},
		{"long key", strings.Repeat("x", 65), order.Wish{CourseID: 1}, model.CodeInvalid},
		{"NUL", "a\x00", order.Wish{CourseID: 1}, model.CodeInvalid},
		{"no course", "a", order.Wish{CourseID: 99}, model.CodeNotFound},
		{"negative", "a", order.Wish{CourseID: -1}, model.CodeInvalid},
		{"stopped", "a", order.Wish{CourseID: 4}, model.CodeNotSellable},
		{"manual", "a", order.Wish{CourseID: 1, Via: model.ViaManual}, model.CodeInvalid},
		{"coupon", "a", order.Wish{CourseID: 1, Coupon: "X"}, model.CodeInvalid},
	} {
		if _, err := h.orders.Place(ctx(t), learner(1), c.key, c.w); code(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if n := h.count(&model.Order{}, "1=1"); n != 0 {
		t.Errorf("%d orders", n)
	}
	p := h.place(1, 1, "a") // refusals gave the key back
	for _, fn := range []func() error{
		func() error { _, err := h.orders.Get(ctx(t), learner(2), p.OutTradeNo); return err },
		func() error { _, err := h.orders.Cancel(ctx(t), learner(2), p.OutTradeNo); return err },
		func() error { _, err := h.orders.RequestRefund(ctx(t), learner(2), p.OutTradeNo, "x"); return err },
		func() error { _, err := h.orders.Get(ctx(t), learner(2), "nothing"); return err },
	} {
		if err := fn(); code(err) != model.CodeNotFound {
			t.Errorf("another's order: %v", err)
		}
	}
}

// What WeChat pays for the payer out of a coupon of its own is paid to us as well.
// Selling check 8.
func TestPaidWithACouponOfWeChat(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		p := h.place(1, 1, "k")
		if _, err := h.pay.Pay(p.OutTradeNo, wxpaytest.Payment{Coupon: 500}); err != nil {
			t.Fatal(err)
		}
		h.pay.Wait()
		var paid model.Payment
		if err := db.Where("out_trade_no = ?", p.OutTradeNo).Take(&paid).Error; err != nil || paid.Total != 19900 || paid.PayerTotal != 19400 {
			t.Errorf("%+v %v", paid, err)
		}
		if h.status(p.OutTradeNo) != model.OrderPaid || !h.owns(1, 1) {
			t.Errorf("order %s", h.status(p.OutTradeNo))
		}
	})
}
