package order_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/order"
	"loudou/service/wxpay/wxpaytest"
)

func (h *house) placeGift(n, course int64, key string) order.Placed {
	h.t.Helper()
	p, err := h.orders.Place(ctx(h.t), learner(n), key, order.Wish{CourseID: course, Via: model.ViaJSAPI, Gift: true})
	if err != nil {
		h.t.Fatalf("place a gift: %v", err)
	}
	return p
}

// present buys a gift and gives its code.
func (h *house) present(n, course int64, key string) (p order.Placed, code string) {
	h.t.Helper()
	p = h.placeGift(n, course, key)
	h.buy(p)
	return p, h.giftOf(p.OutTradeNo).Code
}

func (h *house) giftOf(no string) model.Gift {
	h.t.Helper()
	g, err := h.gifts.Of(h.db, h.order(no).ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return g
}

// guards are the two counts of the home page that must be zero.
func (h *house) guards() {
	h.t.Helper()
	if g, err := h.ledger.Guards(ctx(h.t)); err != nil || g.PaidWithoutGrant+g.GrantWithoutReason != 0 {
		h.t.Errorf("guards %+v, %v", g, err)
	}
}

// The whole road: bought by one who owns the course, opened by another, once.
func TestGift(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.paid(1, 1, "own")
		p := h.placeGift(1, 1, "gift") // owned, and a present all the same
		if p.Kind != model.OrderForGift || p.Amount != 19900 || p.Gift != "" || h.giftOf(p.OutTradeNo).ID != 0 {
			t.Fatalf("%+v", p)
		}
		if again := h.placeGift(1, 1, "gift2"); again.New || again.OutTradeNo != p.OutTradeNo {
			t.Errorf("two open gifts of one course: %+v", again)
		}
		if _, err := h.orders.Place(ctx(t), learner(1), "own2", order.Wish{CourseID: 1, Via: model.ViaJSAPI}); code(err) != model.CodeOwned {
			t.Errorf("for oneself again: %v", err)
		}
		if _, err := h.orders.Place(ctx(t), learner(1), "free", order.Wish{CourseID: 3, Gift: true}); code(err) != model.CodeNotSellable {
			t.Errorf("a free course as a gift: %v", err)
		}
		h.buy(p)
		for range 3 {
			h.pay.TellAgain(p.OutTradeNo)
		}
		g := h.giftOf(p.OutTradeNo)
		if g.Status != model.GiftWaiting || len(g.Code) != model.GiftCodeLength || h.count(&model.Gift{}, "1 = 1") != 1 || h.count(&model.Grant{}, "1 = 1") != 1 || h.events(model.EventPaid) != 2 {
			t.Fatalf("%+v, %d grants", g, h.count(&model.Grant{}, "1 = 1"))
		}
		h.guards()
		seen, err := h.orders.Get(ctx(t), learner(1), p.OutTradeNo)
		if err != nil || seen.Gift != model.GiftWaiting || !slices.Equal(seen.Actions, []order.Action{order.ActionGive, order.ActionRefund}) {
			t.Errorf("the giver sees %+v %v", seen, err)
		}
		if given, err := h.gifts.Given(ctx(t), learner(1), g.OrderID); err != nil || given.Code != g.Code {
			t.Errorf("the giver's gift: %+v %v", given, err)
		}
		if _, err := h.gifts.Given(ctx(t), learner(2), g.OrderID); code(err) != model.CodeNotFound {
			t.Errorf("another asks for the code: %v", err)
		}
		if _, err := h.gifts.Open(ctx(t), learner(1), g.Code); code(err) != model.CodeOwned {
			t.Errorf("the giver owns it: %v", err)
		}
		mine := h.place(2, 1, "waiting") // an unpaid order of the receiver's
		look, err := h.gifts.Look(ctx(t), learner(2), g.Code)
		if err != nil || look.Status != model.GiftWaiting || look.Title != "写作课" || look.Owned || look.Given {
			t.Errorf("looked at: %+v %v", look, err)
		}
		typed := g.Code[:4] + "-" + g.Code[4:] + " "
		if o, err := h.gifts.Open(ctx(t), learner(2), typed); err != nil || o.CourseID != 1 || o.Again || o.EndsAt != nil {
			t.Fatalf("opened: %+v %v", o, err)
		}
		if o, err := h.gifts.Open(ctx(t), learner(2), g.Code); err != nil || !o.Again {
			t.Errorf("told again: %+v %v", o, err)
		}
		if _, err := h.gifts.Open(ctx(t), learner(3), g.Code); code(err) != model.CodeConflict {
			t.Errorf("opened by a third: %v", err)
		}
		if h.status(mine.OutTradeNo) != model.OrderClosing || !h.owns(2, 1) || h.events(model.EventGiftOpen) != 1 {
			t.Errorf("the receiver's own order is %s, owns %v", h.status(mine.OutTradeNo), h.owns(2, 1))
		}
		if seen, _ := h.orders.Get(ctx(t), learner(1), p.OutTradeNo); seen.Gift != model.GiftOpened || slices.Contains(seen.Actions, order.ActionGive) {
			t.Errorf("the giver sees %+v", seen)
		}
		h.guards()
	})
}

// Kept by who paid, with a term that begins when it is opened.
func TestGiftKept(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		p, gift := h.present(1, 1, "g")
		if err := db.Model(&model.Gift{}).Where("order_id = ?", h.order(p.OutTradeNo).ID).Update("access_days", 30).Error; err != nil {
			t.Fatal(err)
		}
		h.wait(90 * 24 * time.Hour) // a gift has no end of its own
		o, err := h.gifts.Open(ctx(t), learner(1), gift)
		if err != nil || o.EndsAt == nil || !h.owns(1, 1) {
			t.Fatalf("%+v %v", o, err)
		}
		h.wait(31 * 24 * time.Hour)
		if h.owns(1, 1) {
			t.Error("open after its term")
		}
	})
}

// One gift and 64 who want it, over two instances: one has it.
func TestGiftOnce(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		_, gift := h.present(100, 1, "g")
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := 0
		for n := range 64 {
			wg.Go(func() {
				_, err := h.gifts.Open(ctx(t), learner(int64(n+1)), gift)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					got++
				} else if c := code(err); c != model.CodeConflict && !errors.Is(err, model.ErrUnavailable) {
					t.Errorf("learner %d: %v", n+1, err)
				}
			})
		}
		wg.Wait()
		if grants := h.count(&model.Grant{}, "reason = ?", model.GrantByFriend); got != 1 || grants != 1 {
			t.Errorf("%d learners were given it, %d grants", got, grants)
		}
		h.guards()
	})
}

// Unopened, the gift is frozen with the wish for a refund, waits again if that comes to nothing, and is void once
// the money is back.
func TestGiftGivenBack(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		p, gift := h.present(1, 1, "g")
		if _, err := h.orders.RequestRefund(ctx(t), learner(1), p.OutTradeNo, "不送了"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.gifts.Open(ctx(t), learner(2), gift); code(err) != model.CodeConflict || h.giftOf(p.OutTradeNo).Status != model.GiftFrozen {
			t.Errorf("opened while a refund is open: %v", err)
		}
		h.guards()
		r, err := h.orders.Withdraw(ctx(t), learner(1), p.OutTradeNo)
		if err != nil || h.giftOf(p.OutTradeNo).Status != model.GiftWaiting {
			t.Fatalf("%v", err)
		}
		if r, err = h.orders.RequestRefund(ctx(t), learner(1), p.OutTradeNo, "还是不送了"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.orders.RefuseRefund(ctx(t), ann, r.OutRefundNo, "再想想"); err != nil || h.giftOf(p.OutTradeNo).Status != model.GiftWaiting {
			t.Fatalf("refused: %v", err)
		}
		if _, err := h.refund(p.OutTradeNo, 100, "part"); err != nil {
			t.Fatal(err)
		}
		h.settleRefunds(p.OutTradeNo)
		if g := h.giftOf(p.OutTradeNo); g.Status != model.GiftWaiting || h.status(p.OutTradeNo) != model.OrderPartlyRefunded {
			t.Errorf("after a part: %s, %s", g.Status, h.status(p.OutTradeNo))
		}
		if _, err := h.refund(p.OutTradeNo, 19800, "rest"); err != nil {
			t.Fatal(err)
		}
		h.settleRefunds(p.OutTradeNo)
		if g := h.giftOf(p.OutTradeNo); g.Status != model.GiftVoid || h.status(p.OutTradeNo) != model.OrderRefunded {
			t.Errorf("after the rest: %s, %s", g.Status, h.status(p.OutTradeNo))
		}
		gone, never := func() (error, error) {
			_, a := h.gifts.Open(ctx(t), learner(2), gift)
			_, b := h.gifts.Open(ctx(t), learner(2), model.NewCode(model.GiftCodeLength))
			return a, b
		}()
		if code(gone) != model.CodeNotFound || gone.Error() != never.Error() {
			t.Errorf("void: %v, never there: %v", gone, never)
		}
		h.guards()
	})
}

// settleRefunds asks until what is on its way has arrived.
func (h *house) settleRefunds(no string) {
	h.t.Helper()
	h.until("the refund ended", func() bool {
		_ = h.orders.Ask(ctx(h.t), no)
		return h.count(&model.Refund{}, "order_id = ? AND status IN ?", h.order(no).ID, []model.RefundState{model.RefundApproved, model.RefundSent, model.RefundProcessing}) == 0
	})
}

// Opened, a refund is a person's decision, and takes the receiver's course with it.
func TestGiftOpenedThenRefunded(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		p, gift := h.present(1, 1, "g")
		offer, err := h.orders.OfferRefund(ctx(t), learner(1), p.OutTradeNo)
		if err != nil || offer.Verdict != model.RefundAllowed {
			t.Errorf("unopened: %+v %v", offer, err)
		}
		if _, err := h.gifts.Open(ctx(t), learner(2), gift); err != nil {
			t.Fatal(err)
		}
		if offer, err = h.orders.OfferRefund(ctx(t), learner(1), p.OutTradeNo); err != nil || offer.Verdict != model.RefundByPerson {
			t.Errorf("opened: %+v %v", offer, err)
		}
		if _, f, err := h.orders.RefundFacts(ctx(t), p.OutTradeNo); err != nil || f.Gift != model.GiftOpened || f.Verdict != model.RefundByPerson || !slices.Contains(f.Hints(), "礼物已经领走：退款会收回领的人的课") {
			t.Errorf("facts %+v %v", f, err)
		}
		r, err := h.orders.RequestRefund(ctx(t), learner(1), p.OutTradeNo, "送错了人")
		if err != nil || h.owns(2, 1) {
			t.Fatalf("%v, open while undecided: %v", err, h.owns(2, 1))
		}
		if _, err := h.orders.Approve(ctx(t), ann, r.OutRefundNo, "送错"); err != nil {
			t.Fatal(err)
		}
		h.settleRefunds(p.OutTradeNo)
		if g := h.giftOf(p.OutTradeNo); g.Status != model.GiftOpened || h.owns(2, 1) || h.count(&model.Grant{}, "status = ?", model.GrantRevoked) != 1 {
			t.Errorf("%+v, owns %v", g, h.owns(2, 1))
		}
		h.guards()
	})
}

// Openers against a refund: it goes one way, and the books agree.
func TestGiftOpenedAgainstRefund(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		for round := range 4 {
			p, gift := h.present(int64(100+round), 1, "g")
			var wg sync.WaitGroup
			for n := range 8 {
				wg.Go(func() { _, _ = h.gifts.Open(ctx(t), learner(int64(round*8+n+1)), gift) })
			}
			wg.Go(func() { _, _ = h.orders.RequestRefund(ctx(t), learner(int64(100+round)), p.OutTradeNo, "不送了") })
			wg.Wait()
			g, asked := h.giftOf(p.OutTradeNo), h.count(&model.Refund{}, "order_id = ?", h.order(p.OutTradeNo).ID)
			active := h.count(&model.Grant{}, "order_id = ? AND status = ?", g.OrderID, model.GrantActive)
			if asked != 1 || active != 0 || g.Status != model.GiftOpened && g.Status != model.GiftFrozen {
				t.Errorf("round %d: %s, %d refunds, %d open", round, g.Status, asked, active)
			}
		}
		h.guards()
	})
}

// Money for a gift order that wants none goes back, and makes no gift; two payments make one.
func TestGiftPaidAfterClosing(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		p := h.placeGift(1, 1, "g")
		if _, err := h.orders.Cancel(ctx(t), learner(1), p.OutTradeNo); err != nil || h.status(p.OutTradeNo) != model.OrderClosed {
			t.Fatal(err, h.status(p.OutTradeNo))
		}
		h.tell(nil, p.OutTradeNo)
		h.until("the money is on its way back", func() bool { return h.count(&model.Refund{}, "kind = ?", model.RefundOfOrphan) == 1 })
		if h.count(&model.Gift{}, "1 = 1") != 0 {
			t.Error("a closed order made a gift")
		}
		if again := h.placeGift(1, 1, "g2"); !again.New {
			t.Error("no new gift after the closed one")
		}
	})
}

func TestGiftWrongSum(t *testing.T) {
	h := open(t, modeltest.Open(t))
	p := h.placeGift(1, 1, "g")
	h.tell(map[string]any{"total": 19899}, p.OutTradeNo)
	if h.count(&model.Gift{}, "1 = 1") != 0 || h.status(p.OutTradeNo) != model.OrderPending {
		t.Error("a wrong sum made a gift")
	}
}

// A gift and a course for oneself may be open at once, and each is paid for what it is.
func TestGiftBesideOwnOrder(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		own, gift := h.place(1, 1, "own"), h.placeGift(1, 1, "gift")
		if own.OutTradeNo == gift.OutTradeNo {
			t.Fatal("one order for both")
		}
		if _, err := h.pay.Pay(gift.OutTradeNo, wxpaytest.Payment{}); err != nil {
			t.Fatal(err)
		}
		h.pay.Wait()
		if h.owns(1, 1) || h.status(own.OutTradeNo) != model.OrderPending {
			t.Error("the gift opened the buyer's course")
		}
		if _, err := h.orders.PayByHand(ctx(t), ann, own.OutTradeNo, "线下", fmt.Sprint("收据 ", 1)); err != nil || !h.owns(1, 1) {
			t.Error(err)
		}
		h.guards()
	})
}

// On iOS a late payment makes the gift after all, since only Apple could give it back; and when Apple does, an
// unopened gift ends at once.
func TestGiftLateOnApple(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		p := openPhone(t, db, model.PlatformIOS)
		o, err := p.orders.Place(ctx(t), p.caller, "k", order.Wish{CourseID: 1, Via: model.ViaXPay, Gift: true})
		if err != nil {
			t.Fatal(err)
		}
		no := p.sheet(o)
		if _, err := p.orders.Cancel(ctx(t), p.caller, o.OutTradeNo); err != nil {
			t.Fatal(err)
		}
		p.wait(35 * time.Minute)
		if err := p.orders.CloseDue(ctx(t)); err != nil || p.status(o.OutTradeNo) != model.OrderClosed {
			t.Fatalf("%s %v", p.status(o.OutTradeNo), err)
		}
		if _, err := p.fake.Pay(no, time.Time{}); err != nil {
			t.Fatal(err)
		}
		p.fake.Wait()
		if p.status(o.OutTradeNo) != model.OrderPaid || p.owns(1, 1) || p.giftOf(o.OutTradeNo).Status != model.GiftWaiting {
			t.Errorf("order %s, gift %s", p.status(o.OutTradeNo), p.giftOf(o.OutTradeNo).Status)
		}
		p.guards()
		news := model.RefundNews{Via: model.ViaXPay, OutTradeNo: no, OutRefundNo: "APPLE1", Status: model.RefundStatusSuccess, Amount: 19900}
		for range 2 {
			if !p.orders.BookXPay(ctx(t), news) || p.giftOf(o.OutTradeNo).Status != model.GiftVoid {
				t.Errorf("gift %s", p.giftOf(o.OutTradeNo).Status)
			}
		}
		p.guards()
	})
}

// hasty books money for the learner's own order between two statements of the opening.
type hasty struct {
	*order.Service
	pay func()
}

func (h *hasty) GiveUp(tx *gorm.DB, learnerID, courseID int64, who model.Actor, why string) error {
	h.pay()
	return h.Service.GiveUp(tx, learnerID, courseID, who, why)
}

// A course paid for while a gift of it is opened is owned, and the gift is left for somebody else. SQLite lets nobody
// write meanwhile.
func TestPaidWhileAGiftIsOpened(t *testing.T) {
	h := open(t, modeltest.MySQL(t))
	p, gift := h.present(1, 1, "gift")
	own := h.place(2, 1, "own")
	h.gifts.Orders = &hasty{h.orders, func() {
		if _, err := h.orders.PayByHand(ctx(t), order.Operator{ID: 1, Name: "boss"}, own.OutTradeNo, "转账", "回单 7"); err != nil {
			t.Error(err)
		}
	}}
	if _, err := h.gifts.Open(ctx(t), learner(2), gift); code(err) != model.CodeOwned {
		t.Errorf("paid for meanwhile: %v", err)
	}
	if g := h.giftOf(p.OutTradeNo); g.LearnerID != 0 || g.OpenedAt != nil {
		t.Errorf("the gift is used up: %+v", g)
	}
	h.guards()
}
