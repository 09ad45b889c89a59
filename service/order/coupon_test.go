package order_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/coupon"
	"loudou/service/figure"
	"loudou/service/limit"
	"loudou/service/operator"
	"loudou/service/order"
	"loudou/service/store"
)

// withCoupons gives the house its coupons.
func withCoupons(h *house) *coupon.Service {
	h.t.Helper()
	rdb, err := store.OpenRedis("")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = rdb.Close() })
	ops := operator.New(h.db, limit.New(rdb, true), operator.Options{})
	s := coupon.New(h.db, miniApp, figure.NewCatalogue(h.db, "courses", miniApp), ops, h.now)
	h.orders.Coupons = s
	return s
}

func (h *house) coupon(s *coupon.Service, in coupon.Input) model.Coupon {
	h.t.Helper()
	now := h.now()
	if in.Name == "" {
		in.Name = "券"
	}
	if in.EndsAt.IsZero() {
		in.StartsAt, in.EndsAt = now.Add(-time.Hour), now.Add(24*time.Hour)
	}
	in.Stock, in.PerPerson = max(in.Stock, 1), max(in.PerPerson, 1)
	c, err := s.Create(ctx(h.t), model.Operator{ID: 1, Name: "boss"}, in)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func (h *house) with(n, course int64, key, code string) (order.Placed, error) {
	return h.orders.Place(ctx(h.t), learner(n), key, order.Wish{CourseID: course, Via: model.ViaJSAPI, Coupon: code})
}

// One coupon that is left and 64 who want it: one order carries it, and nobody pays less without it.
// Selling check 19.
func TestCouponOnce(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		s := withCoupons(h)
		c := h.coupon(s, coupon.Input{Code: "LAST", Off: 5000})
		var mu sync.Mutex
		got := 0
		var wg sync.WaitGroup
		for n := range 64 {
			wg.Go(func() {
				p, err := h.with(int64(n+1), 1, fmt.Sprintf("k%d", n), "last")
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && p.Amount == 14900:
					got++
				case code(err) != model.CodeInvalid && code(err) != model.CodeUnavailable:
					t.Errorf("learner %d: %d %v", n, p.Amount, err)
				}
			})
		}
		wg.Wait()
		if c, _ = s.Get(ctx(t), c.ID); got != 1 || c.Used != 1 {
			t.Errorf("%d orders carry it, %d counted", got, c.Used)
		}
	})
}

// One person with 64 phones: the limit per person holds over all courses.
// Selling check 19.
func TestCouponPerPerson(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		s := withCoupons(h)
		c := h.coupon(s, coupon.Input{Code: "MINE", Percent: 50, Stock: 100, PerPerson: 1})
		var wg sync.WaitGroup
		for n := range 64 {
			wg.Go(func() { _, _ = h.with(1, int64(n%2+1), fmt.Sprintf("k%d", n), "MINE") })
		}
		wg.Wait()
		if c, _ = s.Get(ctx(t), c.ID); c.Used != 1 {
			t.Errorf("used %d times by one person who may once", c.Used)
		}
	})
}

// The life of a use: held, spent, given back by a refund; held, given back when the order is closed at
// WeChat, and free for the next order then, not before.
func TestCouponLife(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		s := withCoupons(h)
		h.work()
		h.coupon(s, coupon.Input{Code: "SPRING", Off: 5000})
		status := func() model.CouponUseStatus {
			t.Helper()
			var u model.CouponUse
			if err := db.Order("id DESC").Take(&u).Error; err != nil {
				t.Fatal(err)
			}
			return u.Status
		}
		p, err := h.with(1, 1, "a", "spring")
		if err != nil || p.Amount != 14900 || status() != model.CouponHeld {
			t.Fatalf("%+v %v %s", p, err, status())
		}
		if _, err := h.with(2, 1, "b", "SPRING"); code(err) != model.CodeInvalid {
			t.Errorf("a second learner got the last one: %v", err)
		}
		if again, err := h.with(1, 1, "c", " spr-ing"); err != nil || again.OutTradeNo != p.OutTradeNo {
			t.Errorf("the same coupon typed otherwise: %+v %v", again, err)
		}
		if _, err := h.with(1, 1, "d", "OTHER"); code(err) != model.CodeOrderOpen {
			t.Errorf("another coupon on an open order: %v", err)
		}
		if _, err := h.orders.Cancel(ctx(t), learner(1), p.OutTradeNo); err != nil {
			t.Fatal(err)
		}
		if h.status(p.OutTradeNo) != model.OrderClosed || status() != model.CouponReleased {
			t.Fatalf("order %s, use %s", h.status(p.OutTradeNo), status())
		}
		p, err = h.with(2, 1, "e", "SPRING")
		if err != nil {
			t.Fatal(err)
		}
		h.buy(p)
		if h.status(p.OutTradeNo) != model.OrderPaid || status() != model.CouponSpent {
			t.Fatalf("order %s, use %s", h.status(p.OutTradeNo), status())
		}
	})
}

// A thousand yuan off a course of 199: nothing is due, and it opens without WeChat.
// Selling check 20.
func TestCouponToNothing(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		s := withCoupons(h)
		h.coupon(s, coupon.Input{Code: "ALL", Off: 100000})
		p, err := h.with(1, 1, "a", "ALL")
		if err != nil || p.Amount != 0 || p.Status != model.OrderPaid || !h.owns(1, 1) {
			t.Errorf("%+v %v", p, err)
		}
		if n := len(h.pay.Calls("/v3/*")); n != 0 {
			t.Errorf("WeChat was asked %d times", n)
		}
	})
}

// Virtual payment takes no less than 40 % of the price; where it is wished, the discount is refused and the
// coupon stays free.
func TestCouponVirtual(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		s := withCoupons(h)
		c := h.coupon(s, coupon.Input{Code: "DEEP", Percent: 61})
		_, err := h.orders.Place(ctx(t), learner(1), "a", order.Wish{CourseID: 1, Via: model.ViaXPay, Coupon: "DEEP"})
		if code(err) != model.CodeDiscountNotPayable {
			t.Errorf("%v", err)
		}
		if c, _ = s.Get(ctx(t), c.ID); c.Used != 0 || h.count(&model.Order{}, "1=1") != 0 {
			t.Errorf("used %d", c.Used)
		}
		for name, in := range map[string]coupon.Input{
			"later": {Code: "LATER", Off: 1, StartsAt: h.now().Add(time.Hour), EndsAt: h.now().Add(2 * time.Hour)},
			"over":  {Code: "OVER", Off: 1, StartsAt: h.now().Add(-2 * time.Hour), EndsAt: h.now().Add(-time.Hour)},
		} {
			h.coupon(s, in)
			if _, err := h.with(1, 1, name, in.Code); code(err) != model.CodeInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
