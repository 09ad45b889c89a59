package order_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/course"
	"loudou/service/limit"
	"loudou/service/operator"
	"loudou/service/order"
	"loudou/service/store"
	"loudou/service/wxpay/wxpaytest"
)

// withSeats lets the house sell the courses that are in the database.
func withSeats(h *house) *course.Service {
	h.t.Helper()
	rdb, err := store.OpenRedis("")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = rdb.Close() })
	s := course.New(h.db, course.Options{AppID: miniApp, Selling: model.Selling{JSAPI: true, XPay: true}, Grants: h.grants,
		Audit: operator.New(h.db, limit.New(rdb, true), operator.Options{}), Jobs: h.jobs, Now: h.now})
	h.orders.Shop, h.orders.Seats = s, s
	return s
}

// limited puts a course with so many seats on sale.
func (h *house) limited(s *course.Service, price model.Fen, seats int64) int64 {
	h.t.Helper()
	title, boss := "小班课", model.Operator{ID: 1, Name: "boss"}
	c, err := s.Create(ctx(h.t), boss, course.Draft{Title: &title, Price: &price, Sale: &model.Sale{Seats: &seats}})
	if err == nil {
		_, err = s.Publish(ctx(h.t), boss, c.ID)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return c.ID
}

func (h *house) left(s *course.Service, id int64) int64 {
	h.t.Helper()
	r, err := s.Get(ctx(h.t), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return *r.SeatsLeft()
}

// waiting is the course's page as one learner sees it, and the numbers of what they can pay there.
func (h *house) waiting(s *course.Service, who, id int64) (model.CourseOffer, []string) {
	h.t.Helper()
	shown, _, err := s.Page(ctx(h.t), learner(who), id)
	if err != nil {
		h.t.Fatal(err)
	}
	list, err := h.orders.Unpaid(ctx(h.t), who, id)
	if err != nil {
		h.t.Fatal(err)
	}
	shown, list = s.Waiting(shown, learner(who), list)
	numbers := []string{}
	for _, o := range list {
		numbers = append(numbers, o.OutTradeNo)
	}
	return shown.Offer, numbers
}

// A gift holds a seat as well: whoever ordered the last one for a friend may pay that, and order nothing beside it, owning
// the course or not.
func TestLastSeatIsAGift(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.work()
		s := withSeats(h)
		id := h.limited(s, 19900, 2)
		h.paid(1, id, "own")
		for who, want := range map[int64][]model.CourseAction{1: {model.ActionLearn, model.ActionPay}, 2: {model.ActionPay}} {
			o, err := h.orders.Place(ctx(t), learner(who), fmt.Sprintf("gift-%d", who), order.Wish{CourseID: id, Gift: true, Via: model.ViaJSAPI})
			if err != nil || h.left(s, id) != 0 {
				t.Fatalf("%d left, %v", h.left(s, id), err)
			}
			if mine, pays := h.waiting(s, who, id); mine.NotSold != "" || !slices.Equal(mine.Actions, want) || !slices.Equal(pays, []string{o.OutTradeNo}) {
				t.Errorf("learner %d: %+v %v, want %v", who, mine, pays, want)
			}
			if theirs, pays := h.waiting(s, 3, id); theirs.NotSold != "名额已满" || len(theirs.Actions)+len(pays) != 0 {
				t.Errorf("a stranger: %+v %v", theirs, pays)
			}
			if _, err := h.orders.Cancel(ctx(t), learner(who), o.OutTradeNo); err != nil {
				t.Fatal(err)
			}
			h.until("the seat is free", func() bool { return h.left(s, id) == 1 })
			if mine, pays := h.waiting(s, who, id); slices.Contains(mine.Actions, model.ActionPay) || len(pays) != 0 {
				t.Errorf("a cancelled order is paid no more: %+v %v", mine, pays)
			}
		}
	})
}

// Ten seats and 64 who want one, on two instances at once: ten orders, and not one more.
func TestSeatsAreNeverOversold(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		one, two := open(t, db), open(t, db)
		s, _ := withSeats(one), withSeats(two)
		id := one.limited(s, 19900, 10)
		var mu sync.Mutex
		got := 0
		var wg sync.WaitGroup
		for n := range 64 {
			h := one
			if n%2 == 1 {
				h = two
			}
			wg.Go(func() {
				var err error
				for range 20 { // a busy database asks to come again
					if _, err = h.orders.Place(ctx(t), learner(int64(n+1)), fmt.Sprintf("k%d", n), order.Wish{CourseID: id, Via: model.ViaJSAPI}); code(err) != model.CodeUnavailable && code(err) != model.CodeInProgress {
						break
					}
				}
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					got++
				case code(err) != model.CodeNotSellable:
					t.Errorf("learner %d: %v", n, err)
				}
			})
		}
		wg.Wait()
		if held := one.count(&model.Order{}, "course_id = ? AND seat = ?", id, true); got != 10 || held != 10 || one.left(s, id) != 0 {
			t.Errorf("%d orders placed, %d hold a seat, %d left", got, held, one.left(s, id))
		}
	})
}

// The life of a seat: held by the order, kept while WeChat can still be paid, free when it is closed there; kept by who
// paid, and free when all the money is back, not when a part of it is.
func TestSeatLife(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.work()
		s := withSeats(h)
		id := h.limited(s, 19900, 1)
		first := h.place(1, id, "a")
		if again := h.place(1, id, "a2"); again.OutTradeNo != first.OutTradeNo || h.left(s, id) != 0 {
			t.Fatalf("the same learner's order again: %s, %d left", again.OutTradeNo, h.left(s, id))
		}
		if _, err := h.orders.Place(ctx(t), learner(2), "b", order.Wish{CourseID: id}); code(err) != model.CodeNotSellable {
			t.Errorf("the last seat is held: %v", err)
		}
		// The course costs less by now: buying again does not let go of the seat for a better price.
		cheaper := model.Fen(9900)
		if _, err := s.Change(ctx(t), model.Operator{ID: 1, Name: "boss"}, id, 0, course.Draft{Price: &cheaper}); err != nil {
			t.Fatal(err)
		}
		if again := h.place(1, id, "a3"); again.OutTradeNo != first.OutTradeNo || again.Amount != 19900 || h.left(s, id) != 0 {
			t.Errorf("for a better price: %+v, %d left", again, h.left(s, id))
		}
		cheaper = 19900
		if _, err := s.Change(ctx(t), model.Operator{ID: 1, Name: "boss"}, id, 0, course.Draft{Price: &cheaper}); err != nil {
			t.Fatal(err)
		}
		shown, _, err := s.Page(ctx(t), learner(2), id)
		if err != nil || shown.Offer.NotSold != "名额已满" || len(shown.Offer.Vias) != 0 || len(shown.Offer.Actions) != 0 {
			t.Errorf("the page of a full course: %+v %v", shown.Offer, err)
		}
		mine, pays := h.waiting(s, 1, id)
		if mine.NotSold != "" || !slices.Equal(mine.Actions, []model.CourseAction{model.ActionBuy, model.ActionPay}) || !slices.Equal(pays, []string{first.OutTradeNo}) {
			t.Errorf("whose seat it is may pay for it: %+v %v", mine, pays)
		}
		if theirs, pays := h.waiting(s, 2, id); theirs.NotSold != "名额已满" || len(theirs.Actions)+len(pays) != 0 {
			t.Errorf("and nobody else: %+v %v", theirs, pays)
		}
		clear := h.pay.Fail("/v3/pay/transactions/out-trade-no/*/close", wxpaytest.Fault{Drop: true})
		if _, err := h.orders.Cancel(ctx(t), learner(1), first.OutTradeNo); err != nil || h.status(first.OutTradeNo) != model.OrderClosing || h.left(s, id) != 0 {
			t.Errorf("WeChat has not closed it: %s, %d left, %v", h.status(first.OutTradeNo), h.left(s, id), err)
		}
		clear()
		h.wait(10 * time.Minute)
		if err := h.orders.CloseDue(ctx(t)); err != nil || h.status(first.OutTradeNo) != model.OrderClosed || h.left(s, id) != 1 {
			t.Fatalf("closed at WeChat: %s, %d left, %v", h.status(first.OutTradeNo), h.left(s, id), err)
		}
		paid := h.paid(2, id, "c")
		// Money for the closed order comes when its seat is somebody else's: it goes back, and opens nothing.
		if _, err := h.pay.Pay(first.OutTradeNo, wxpaytest.Payment{Force: true}); err != nil {
			t.Fatal(err)
		}
		h.until("the late money is back", func() bool { return h.count(&model.Payment{}, "status = ?", model.PaymentReturned) == 1 })
		if h.owns(1, id) || h.left(s, id) != 0 {
			t.Errorf("late money: owned %v, %d left", h.owns(1, id), h.left(s, id))
		}
		if _, err := h.refund(paid.OutTradeNo, 10000, "r1"); err != nil {
			t.Fatal(err)
		}
		h.until("a part is back", func() bool { return h.order(paid.OutTradeNo).Refunded == 10000 })
		if h.left(s, id) != 0 {
			t.Error("a part of the money gave the seat back")
		}
		if _, err := h.refund(paid.OutTradeNo, 9900, "r2"); err != nil {
			t.Fatal(err)
		}
		h.until("all is back", func() bool { return h.status(paid.OutTradeNo) == model.OrderRefunded })
		if h.left(s, id) != 1 {
			t.Errorf("%d left after the refund", h.left(s, id))
		}
	})
}

// A free course has seats as well, and they are claimed, not held.
func TestSeatsOfAFreeCourse(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		s := withSeats(h)
		id := h.limited(s, 0, 1)
		if p, err := h.orders.Place(ctx(t), learner(1), "a", order.Wish{CourseID: id}); err != nil || p.Status != model.OrderPaid || h.left(s, id) != 0 {
			t.Fatalf("%+v %v", p, err)
		}
		if _, err := h.orders.Place(ctx(t), learner(2), "b", order.Wish{CourseID: id}); code(err) != model.CodeNotSellable || h.owns(2, id) {
			t.Errorf("one more than there are: %v", err)
		}
	})
}

// Apple's late money cannot be returned: it is taken, with a seat beyond the limit.
func TestLateOnAppleTakesASeat(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		p := openPhone(t, db, model.PlatformIOS)
		s := withSeats(p.house)
		id := p.limited(s, 19900, 1)
		p.fake.Sell(fmt.Sprintf("course_%d_19900", id), "小班课", 19900)
		o, err := p.orders.Place(ctx(t), p.caller, "k", order.Wish{CourseID: id, Via: model.ViaXPay})
		if err != nil {
			t.Fatal(err)
		}
		no := p.sheet(o)
		if _, err := p.orders.Cancel(ctx(t), p.caller, o.OutTradeNo); err != nil {
			t.Fatal(err)
		}
		if p.left(s, id) != 0 {
			t.Error("the seat went while the phone could still pay")
		}
		p.wait(35 * time.Minute)
		if err := p.orders.CloseDue(ctx(t)); err != nil || p.status(o.OutTradeNo) != model.OrderClosed || p.left(s, id) != 1 {
			t.Fatalf("%s %v", p.status(o.OutTradeNo), err)
		}
		if _, err := p.fake.Pay(no, time.Time{}); err != nil {
			t.Fatal(err)
		}
		p.fake.Wait()
		if p.status(o.OutTradeNo) != model.OrderPaid || p.left(s, id) != 0 {
			t.Errorf("%s, %d left", p.status(o.OutTradeNo), p.left(s, id))
		}
	})
}
