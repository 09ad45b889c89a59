package order_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/order"
	"loudou/service/wechat"
	"loudou/service/wechat/wechattest"
	"loudou/service/xpay"
	"loudou/service/xpay/xpaytest"
)

// phone is a learner who pays virtually, behind the fake WeChat.
type phone struct {
	*house
	fake   *xpaytest.Fake
	wechat *wechattest.Fake
	person wechattest.Person
	caller model.Caller
}

// learnersOf gives the session_key WeChat has for the person.
type learnersOf struct{ p *phone }

func (l learnersOf) SessionKey(context.Context, int64) (string, error) {
	p, _ := l.p.wechat.Person(l.p.person.ID)
	return p.SessionKey, nil
}

func (learnersOf) Lock(_ *gorm.DB, id int64) (model.Learner, error) {
	return model.Learner{ID: id}, nil
}

func openPhone(t *testing.T, db *gorm.DB, platform model.Platform) *phone {
	t.Helper()
	p := &phone{house: open(t, db)}
	p.wechat = wechattest.New(wechattest.Options{Mini: wechattest.App{JSON: true}, Wait: 2 * time.Second}).Start(t)
	p.fake = xpaytest.New(xpaytest.Options{WeChat: p.wechat, Now: p.now, RefundIn: 10 * time.Millisecond, RetryEvery: 50 * time.Millisecond, Retries: 3}).Start(t)
	p.fake.Sell("course_1_19900", "写作课", 19900)
	p.person = p.wechat.AddPerson(wechattest.Person{Platform: string(platform)})
	p.wechat.NewSessionKey(p.person.ID)
	a, o := p.wechat.Mini(), p.fake.Options()
	caller, err := wechat.New(wechat.Options{AppID: a.AppID, Secret: a.Secret, API: p.wechat.URL()})
	if err != nil {
		t.Fatal(err)
	}
	client, err := xpay.New(xpay.Options{AppID: a.AppID, OfferID: o.OfferID, AppKey: o.AppKey, SandboxAppKey: o.SandboxAppKey, Caller: caller})
	if err != nil {
		t.Fatal(err)
	}
	receiver, err := wechat.NewReceiver(wechat.ReceiverOptions{AppID: a.AppID, Token: a.Token, AESKey: a.AESKey})
	if err != nil {
		t.Fatal(err)
	}
	p.orders.AppID = a.AppID
	p.orders.Channels[model.ViaXPay] = xpay.Channel{Client: client}
	p.orders.Learners = learnersOf{p}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		env, err := receiver.Open(r.Context(), r.URL.RawQuery, body)
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		x, err := client.ParsePush(env.Push)
		done := false
		switch {
		case err != nil:
			t.Errorf("push: %v", err)
		case x.Transaction != nil:
			done = p.orders.SettleXPay(r.Context(), *x.Transaction)
		case x.Refund != nil:
			done = p.orders.BookXPay(r.Context(), *x.Refund)
		}
		if !done {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(receiver.SealAlways(env, xpay.Answer(env.Push.JSON)))
	}))
	t.Cleanup(hook.Close)
	p.wechat.SetHooks("", hook.URL)
	p.caller = model.Caller{LearnerID: 1, PersonID: 1001, AppID: a.AppID, OpenID: model.OpenID(p.person.MiniOpenID), Platform: platform}
	return p
}

func (p *phone) order(key string) order.Placed {
	p.t.Helper()
	o, err := p.orders.Place(ctx(p.t), p.caller, key, order.Wish{CourseID: 1, Via: model.ViaXPay})
	if err != nil {
		p.t.Fatalf("place: %v", err)
	}
	return o
}

// sheet opens the payment sheet as the phone does.
func (p *phone) sheet(o order.Placed) string {
	p.t.Helper()
	var c xpaytest.Call
	if err := json.Unmarshal(o.Pay, &c); err != nil {
		p.t.Fatal(err)
	}
	x, err := p.fake.Open(p.person.ID, c)
	if err != nil {
		p.t.Fatal(err)
	}
	return x.OutTradeNo
}

func (p *phone) buy(o order.Placed) {
	p.t.Helper()
	if _, err := p.fake.Pay(p.sheet(o), time.Time{}); err != nil {
		p.t.Fatal(err)
	}
	p.fake.Wait()
}

// Selling check 31.
func TestVirtualPayment(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		p := openPhone(t, db, model.PlatformAndroid)
		o := p.order("k")
		p.fake.SetBadDays(xpaytest.BadDays{Times: 3})
		p.buy(o)
		if p.status(o.OutTradeNo) != model.OrderPaid || !p.owns(1, 1) || !p.fake.TellAgain(o.OutTradeNo) || p.events(model.EventPaid) != 1 {
			t.Fatalf("order %s, owned %v", p.status(o.OutTradeNo), p.owns(1, 1))
		}
		r, err := p.refund(o.OutTradeNo, 10000, "r1")
		if err != nil || !r.Status.Moving() && r.Status != model.RefundSuccess {
			t.Fatalf("%+v %v", r, err)
		}
		p.until("a part is back", func() bool { return p.house.order(o.OutTradeNo).Refunded == 10000 })
		if _, err := p.refund(o.OutTradeNo, 9900, "r2"); err != nil {
			t.Fatal(err)
		}
		p.until("all is back", func() bool { return p.status(o.OutTradeNo) == model.OrderRefunded })
		if p.owns(1, 1) || len(p.fake.Refunds()) != 2 || len(p.inbox()) != 0 {
			t.Errorf("owned %v, %d refunds, inbox %v", p.owns(1, 1), len(p.fake.Refunds()), p.inbox())
		}
	})
}

// Virtual payment sends money back to an openid only: an erased buyer's is kept, sealed, until no refund can come.
func TestErasedBuyerGetsTheirMoneyBack(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		p := openPhone(t, db, model.PlatformAndroid)
		o := p.order("k")
		p.buy(o)
		if err := db.Transaction(func(tx *gorm.DB) error { return p.orders.Erase(tx, 1001) }); err != nil {
			t.Fatal(err)
		}
		kept := func() (x model.Payment) {
			t.Helper()
			if err := db.Where("out_trade_no = ?", o.OutTradeNo).Take(&x).Error; err != nil {
				t.Fatal(err)
			}
			return x
		}
		if x := kept(); x.OpenID != "" || len(x.OpenIDSealed) == 0 || strings.Contains(string(x.OpenIDSealed), p.person.MiniOpenID) {
			t.Errorf("after erasing: openid %q, sealed %q", x.OpenID, x.OpenIDSealed)
		}
		if _, err := p.refund(o.OutTradeNo, 19900, "r"); err != nil {
			t.Fatal(err)
		}
		p.until("the money is back", func() bool { return p.status(o.OutTradeNo) == model.OrderRefunded })
		if n := len(p.fake.Refunds()); n != 1 || len(p.inbox()) != 0 {
			t.Errorf("%d refunds, inbox %v", n, p.inbox())
		}
		for _, c := range []struct {
			days int
			kept bool
		}{{363, true}, {3, false}, {0, false}} {
			p.wait(time.Duration(c.days) * 24 * time.Hour)
			if err := p.orders.Forget(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := len(kept().OpenIDSealed) > 0; got != c.kept {
				t.Errorf("%d days on: kept %v", c.days, got)
			}
		}
	})
}

func TestVirtualPaymentWithoutPush(t *testing.T) {
	p := openPhone(t, modeltest.Open(t), model.PlatformAndroid)
	p.fake.SetBadDays(xpaytest.BadDays{Never: true})
	o := p.order("k")
	p.buy(o)
	p.work()
	if got, err := p.orders.Get(ctx(t), p.caller, o.OutTradeNo); err != nil || got.Status != model.OrderPaid {
		t.Fatalf("%s %v", got.Status, err)
	}
	p.until("WeChat is told of the delivery", func() bool { return p.fake.Count("/xpay/notify_provide_goods") == 1 })
	r, err := p.refund(o.OutTradeNo, 19900, "r")
	if err != nil {
		t.Fatal(err)
	}
	p.until("the refund is found by asking", func() bool {
		_ = p.orders.Ask(ctx(t), o.OutTradeNo)
		return p.status(o.OutTradeNo) == model.OrderRefunded
	})
	if len(p.fake.Refunds()) != 1 {
		t.Errorf("%d refunds of %s", len(p.fake.Refunds()), r.OutRefundNo)
	}
}

func TestVirtualPaymentIsOutwaited(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		p := openPhone(t, db, model.PlatformAndroid)
		o := p.order("k")
		no := p.sheet(o)
		if got, err := p.orders.Cancel(ctx(t), p.caller, o.OutTradeNo); err != nil || got.Status != model.OrderClosing {
			t.Fatalf("closed while the phone can still pay: %s %v", got.Status, err)
		}
		p.wait(10 * time.Minute)
		if err := p.orders.CloseDue(ctx(t)); err != nil || p.status(o.OutTradeNo) != model.OrderClosing {
			t.Errorf("after ten minutes: %s %v", p.status(o.OutTradeNo), err)
		}
		p.wait(25 * time.Minute)
		if err := p.orders.CloseDue(ctx(t)); err != nil || p.status(o.OutTradeNo) != model.OrderClosed {
			t.Errorf("after 35 minutes: %s %v", p.status(o.OutTradeNo), err)
		}
		p.work()
		if _, err := p.fake.Pay(no, time.Time{}); err != nil { // later still
			t.Fatal(err)
		}
		p.until("late money is back", func() bool {
			_ = p.orders.Ask(ctx(t), o.OutTradeNo)
			return p.count(&model.Payment{}, "status = ?", model.PaymentReturned) == 1
		})
		if p.owns(1, 1) {
			t.Error("late money opened the course")
		}
	})
}

func TestLateOnAppleIsOpened(t *testing.T) {
	p := openPhone(t, modeltest.Open(t), model.PlatformIOS)
	o := p.order("k")
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
	if p.status(o.OutTradeNo) != model.OrderPaid || !p.owns(1, 1) || len(p.inbox()) != 1 {
		t.Errorf("order %s, owned %v, inbox %v", p.status(o.OutTradeNo), p.owns(1, 1), p.inbox())
	}
	if _, err := p.refund(o.OutTradeNo, 19900, "r"); code(err) != model.CodeConflict {
		t.Errorf("a refund of ours on iOS: %v", err)
	}
	// Apple gives it back without us.
	news := model.RefundNews{Via: model.ViaXPay, OutTradeNo: no, OutRefundNo: "APPLE1", Status: model.RefundStatusSuccess, Amount: 19900}
	for range 2 {
		if !p.orders.BookXPay(ctx(t), news) || p.status(o.OutTradeNo) != model.OrderRefunded || p.owns(1, 1) {
			t.Errorf("order %s, owned %v", p.status(o.OutTradeNo), p.owns(1, 1))
		}
	}
}

// One order paid by both roads: one grant, the second money goes back.
func TestBothRoadsPaid(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		p := openPhone(t, db, model.PlatformAndroid)
		p.work()
		p.caller.AppID = miniApp
		a := p.order("k")
		b, err := p.orders.Place(ctx(t), p.caller, "k2", order.Wish{CourseID: 1, Via: model.ViaJSAPI})
		if err != nil || b.OutTradeNo != a.OutTradeNo || b.New {
			t.Fatalf("%+v %v", b, err)
		}
		p.house.buy(b)
		if p.status(a.OutTradeNo) != model.OrderPaid {
			t.Fatal("not paid")
		}
		news := model.Transaction{Via: model.ViaXPay, OutTradeNo: a.OutTradeNo, TransactionID: "4200X", TradeState: model.TradeSuccess, Total: 19900, PayerTotal: 19900, Currency: "CNY", Payer: p.caller.OpenID}
		for range 2 {
			if !p.orders.SettleXPay(ctx(t), news) {
				t.Error("not taken")
			}
		}
		if n := p.count(&model.Grant{}, "1=1"); n != 1 {
			t.Errorf("%d grants", n)
		}
		if n := p.count(&model.Refund{}, "kind = ?", model.RefundOfOrphan); n != 1 {
			t.Errorf("%d refunds of the second payment", n)
		}
	})
}

func TestVirtualPaymentOfTheWrongSum(t *testing.T) {
	p := openPhone(t, modeltest.Open(t), model.PlatformAndroid)
	p.fake.SetBadDays(xpaytest.BadDays{WrongAmount: true})
	o := p.order("k")
	p.buy(o)
	if p.status(o.OutTradeNo) != model.OrderPending || p.owns(1, 1) || len(p.inbox()) != 1 {
		t.Errorf("order %s, inbox %v", p.status(o.OutTradeNo), p.inbox())
	}
	if got, err := p.orders.Get(ctx(t), p.caller, o.OutTradeNo); err != nil || got.Status != model.OrderPaid || len(p.inbox()) != 0 {
		t.Errorf("after asking: %s %v, inbox %v", got.Status, err, p.inbox())
	}
}
