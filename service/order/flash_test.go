package order_test

import (
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/coupon"
	"loudou/service/order"
	"loudou/service/wxpay/wxpaytest"
)

// An order keeps the price it was placed at, flash or not, whatever the course costs when it is paid.
func TestOrderKeepsItsFlashPrice(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		defer func() { flashOf1 = 0 }()
		h := open(t, db)
		s := withCoupons(h)
		h.coupon(s, coupon.Input{Code: "HALF", Percent: 50})
		flashOf1 = 9900
		cheap := h.place(1, 1, "a")
		if cheap.ListPrice != 19900 || cheap.FlashOff != 9900 || cheap.Amount != 10000 {
			t.Fatalf("in the flash: %+v", cheap)
		}
		halved, err := h.with(2, 1, "b", "HALF")
		if err != nil || halved.Discount != 5000 || halved.Amount != 5000 {
			t.Fatalf("the coupon takes its part of the flash price: %+v %v", halved, err)
		}
		flashOf1 = 0
		if again := h.place(1, 1, "c"); again.OutTradeNo != cheap.OutTradeNo || again.Amount != 10000 {
			t.Errorf("after the flash the open order costs %d", again.Amount)
		}
		full := h.place(3, 1, "d")
		if full.Amount != 19900 || full.FlashOff != 0 {
			t.Errorf("a new order after it: %+v", full)
		}
		waiting, err := h.orders.Waiting(ctx(t), 1)
		if err != nil || !slices.Equal(waiting, []order.WaitingAt{{Price: 10000, People: 2}, {Price: 19900, People: 1}}) {
			t.Errorf("waiting %v %v", waiting, err)
		}
		for _, p := range []order.Placed{cheap, halved, full} {
			h.buy(p)
			if o := h.order(p.OutTradeNo); o.Status != model.OrderPaid || o.Amount != p.Amount {
				t.Errorf("%s is %s for %d", p.OutTradeNo, o.Status, o.Amount)
			}
		}
	})
}

// Virtual payment is asked for the goods' own price, and sold at the flash price.
func TestFlashPriceByVirtualPayment(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		defer func() { flashOf1 = 0 }()
		p := openPhone(t, db, model.PlatformAndroid)
		flashOf1 = 9900
		o := p.order("k")
		p.buy(o)
		if got := p.house.order(o.OutTradeNo); got.Status != model.OrderPaid || got.Amount != 10000 || got.Via != model.ViaXPay || !p.owns(1, 1) {
			t.Fatalf("%+v", got)
		}
	})
}

// Who holds an order at the full price and orders again once the course costs less pays the price of now: the old number
// is closed at WeChat before there is a new one, and the coupon comes along.
func TestOrderAgainOnceItCostsLess(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		defer func() { flashOf1 = 0 }()
		h := open(t, db)
		s := withCoupons(h)
		h.coupon(s, coupon.Input{Code: "HALF", Percent: 50})
		full := h.place(1, 1, "a")
		halved, err := h.with(2, 1, "b", "HALF")
		if err != nil || halved.Amount != 9950 {
			t.Fatalf("%+v %v", halved, err)
		}
		flashOf1 = 9900 // 100 yuan now
		again := h.place(1, 1, "c")
		if !again.New || again.OutTradeNo == full.OutTradeNo || again.Amount != 10000 || len(again.Pay) == 0 {
			t.Fatalf("asked to pay %d: %+v", again.Amount, again)
		}
		if o, _ := h.pay.Order(full.OutTradeNo); o.State != "CLOSED" || h.status(full.OutTradeNo) != model.OrderClosed {
			t.Errorf("the dearer number is %s at WeChat and %s here", o.State, h.status(full.OutTradeNo))
		}
		if same := h.place(1, 1, "d"); same.New || same.OutTradeNo != again.OutTradeNo {
			t.Errorf("ordered a third time: %+v", same)
		}
		// A coupon that makes the old one cheaper than the course is now stays with it; once it does not, it comes along.
		if o, err := h.with(2, 1, "e", "HALF"); err != nil || o.OutTradeNo != halved.OutTradeNo || o.Amount != 9950 {
			t.Errorf("cheaper than now: %+v %v", o, err)
		}
		flashOf1 = 14900
		if o, err := h.with(2, 1, "f", "HALF"); err != nil || !o.New || o.Amount != 2500 {
			t.Errorf("dearer than now: %+v %v", o, err)
		}
		h.buy(h.place(1, 1, "g"))
		if n := h.count(&model.Order{}, "learner_id = 1 AND status = ? AND amount = 5000", model.OrderPaid); n != 1 {
			t.Errorf("%d paid at the price of now", n)
		}
	})
}

// While the old number may still bring money there is no new one: the buyer is told so, is given nothing to pay with, and
// may use the same key again. Who paid meanwhile owns the course.
func TestDearerOrderThatCannotBeClosedYet(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		defer func() { flashOf1 = 0 }()
		h := open(t, db)
		full := h.place(1, 1, "a")
		paid := h.place(2, 1, "b")
		flashOf1 = 9900
		h.pay.Typing(full.OutTradeNo, true)
		for range 2 {
			if _, err := h.orders.Place(ctx(t), learner(1), "c", order.Wish{CourseID: 1, Via: model.ViaJSAPI}); code(err) != model.CodeOrderOpen {
				t.Fatalf("while the buyer types the password of the dearer one: %v", err)
			}
		}
		if n := h.count(&model.Order{}, "learner_id = 1"); n != 1 {
			t.Errorf("%d orders", n)
		}
		h.pay.Typing(full.OutTradeNo, false)
		if o := h.place(1, 1, "c"); !o.New || o.Amount != 10000 {
			t.Errorf("once it is dead: %+v", o)
		}
		if _, err := h.pay.Pay(paid.OutTradeNo, wxpaytest.Payment{Silent: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.orders.Place(ctx(t), learner(2), "d", order.Wish{CourseID: 1, Via: model.ViaJSAPI}); code(err) != model.CodeOwned {
			t.Errorf("paid meanwhile: %v", err)
		}
		if h.status(paid.OutTradeNo) != model.OrderPaid {
			t.Error("the payment was lost")
		}
	})
}

// Virtual payment cannot be closed: until its time is over the buyer has the order they placed, at its own sum, and then one at
// the price of now.
func TestDearerOrderByVirtualPayment(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		defer func() { flashOf1 = 0 }()
		p := openPhone(t, db, model.PlatformAndroid)
		full := p.order("a")
		flashOf1 = 9900
		wish := order.Wish{CourseID: 1, Via: model.ViaXPay}
		if o, err := p.orders.Place(ctx(t), p.caller, "b", wish); err != nil || o.New || o.OutTradeNo != full.OutTradeNo || o.Amount != full.Amount || len(o.Pay) == 0 {
			t.Fatalf("neither order can be paid: %+v %v", o, err)
		}
		p.wait(31 * time.Minute)
		o, err := p.orders.Place(ctx(t), p.caller, "c", wish)
		if err != nil || !o.New || o.Amount != 10000 {
			t.Errorf("after its time: %+v %v", o, err)
		}
	})
}
