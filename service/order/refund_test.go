package order_test

import (
	"encoding/json"
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

var (
	ann = order.Operator{ID: 1, Name: "ann"}
	bob = order.Operator{ID: 2, Name: "bob"}
)

func (h *house) refund(no string, amount model.Fen, key string) (model.Refund, error) {
	return h.orders.StartRefund(ctx(h.t), ann, no, key, amount, "不想学了")
}

// Selling check 23.
func TestRefundWhole(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.pay.NextRefunds("PROCESSING")
		p := h.paid(1, 1, "k")
		r, err := h.refund(p.OutTradeNo, 19900, "r")
		if err != nil || r.Status != model.RefundProcessing || h.owns(1, 1) {
			t.Fatalf("%+v %v, owned %v", r, err, h.owns(1, 1))
		}
		if again, err := h.refund(p.OutTradeNo, 19900, "r"); err != nil || again.OutRefundNo != r.OutRefundNo {
			t.Errorf("repeat: %+v %v", again, err)
		}
		if _, err := h.refund(p.OutTradeNo, 100, "r"); code(err) != model.CodeKeyReused {
			t.Errorf("other body: %v", err)
		}
		if err := h.pay.EndRefund(r.OutRefundNo, "SUCCESS"); err != nil {
			t.Fatal(err)
		}
		h.pay.Wait()
		for range 3 {
			if s := h.pay.TellAgain(r.OutRefundNo); s != 204 {
				t.Errorf("answered %d", s)
			}
		}
		if o := h.order(p.OutTradeNo); o.Status != model.OrderRefunded || o.Refunded != 19900 || h.owns(1, 1) || h.events(model.EventRefunded) != 1 || len(h.pay.Refunds()) != 1 {
			t.Errorf("%+v, %d events, %d refunds at WeChat", o, h.events(model.EventRefunded), len(h.pay.Refunds()))
		}
		if _, err := h.refund(p.OutTradeNo, 1, "r2"); !errors.Is(err, model.ErrConflict) {
			t.Errorf("a refund of a refunded order: %v", err)
		}
	})
}

// Selling check 21.
func TestThirtyRefundsAtOnce(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		p := h.paid(1, 2, "k")
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		for i := range 30 {
			wg.Go(func() {
				_, err := h.refund(p.OutTradeNo, 60, fmt.Sprintf("r%d", i))
				if err != nil && !errors.Is(err, model.ErrConflict) {
					t.Errorf("the loser's answer: %v", err)
				}
				mu.Lock()
				got[code(err)]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if got[""] != 1 {
			t.Errorf("answers %v", got)
		}
		h.until("the refund ended", func() bool {
			_ = h.orders.Ask(ctx(t), p.OutTradeNo)
			return h.order(p.OutTradeNo).Refunded == 60
		})
		if _, err := h.refund(p.OutTradeNo, 60, "second"); !errors.Is(err, model.ErrConflict) {
			t.Errorf("60 and 60 of 100: %v", err)
		}
		if !h.owns(1, 2) || h.status(p.OutTradeNo) != model.OrderPartlyRefunded {
			t.Error("a partial refund took the course away")
		}
		if _, err := h.refund(p.OutTradeNo, 40, "rest"); err != nil {
			t.Fatal(err)
		}
		h.until("all is back", func() bool {
			_ = h.orders.Ask(ctx(t), p.OutTradeNo)
			return h.status(p.OutTradeNo) == model.OrderRefunded
		})
		if h.owns(1, 2) || len(h.pay.Refunds()) != 2 {
			t.Errorf("owned %v, %d refunds", h.owns(1, 2), len(h.pay.Refunds()))
		}
	})
}

func TestBadRefunds(t *testing.T) {
	h := open(t, modeltest.Open(t))
	open, paid := h.place(1, 1, "a"), h.paid(2, 1, "b")
	for _, c := range []struct {
		no     string
		amount model.Fen
		key    string
		want   error
	}{
		{paid.OutTradeNo, 0, "1", model.ErrInvalid}, {paid.OutTradeNo, -5, "2", model.ErrInvalid}, {paid.OutTradeNo, 19901, "3", model.ErrConflict},
		{paid.OutTradeNo, 1, "", model.ErrInvalid}, {open.OutTradeNo, 1, "5", model.ErrConflict}, {"nothing", 1, "6", model.ErrNotFound},
	} {
		if _, err := h.refund(c.no, c.amount, c.key); !errors.Is(err, c.want) {
			t.Errorf("%s %d: %v", c.no, c.amount, err)
		}
	}
	if n := h.count(&model.Refund{}, "1=1"); n != 0 || !h.owns(2, 1) {
		t.Errorf("%d refunds", n)
	}
}

func TestSecondOperator(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.orders.RefundLimit = 10000
		p := h.paid(1, 1, "k")
		r, err := h.refund(p.OutTradeNo, 19900, "r")
		if err != nil || r.Status != model.RefundAsked || h.owns(1, 1) || len(h.pay.Refunds()) != 0 {
			t.Fatalf("%+v %v", r, err)
		}
		if _, err := h.orders.Approve(ctx(t), ann, r.OutRefundNo, "好"); !errors.Is(err, model.ErrForbidden) {
			t.Errorf("the same person twice: %v", err)
		}
		if _, err := h.orders.RefuseRefund(ctx(t), bob, r.OutRefundNo, "不同意"); err != nil || !h.owns(1, 1) {
			t.Errorf("refused: %v, owned %v", err, h.owns(1, 1))
		}
		if _, err := h.orders.Approve(ctx(t), bob, r.OutRefundNo, "好"); !errors.Is(err, model.ErrConflict) {
			t.Errorf("approved after it was refused: %v", err)
		}
		// A learner's wish above the limit needs two as well.
		w, err := h.orders.RequestRefund(ctx(t), learner(1), p.OutTradeNo, "买错了")
		if err != nil || w.Status != model.RefundAsked || h.owns(1, 1) {
			t.Fatalf("%+v %v", w, err)
		}
		if _, err := h.orders.RequestRefund(ctx(t), learner(1), p.OutTradeNo, "买错了"); code(err) != model.CodeMoneyOpen {
			t.Errorf("a second wish: %v", err)
		}
		if got, err := h.orders.Approve(ctx(t), ann, w.OutRefundNo, "好"); err != nil || got.Status != model.RefundAsked {
			t.Errorf("first: %+v %v", got, err)
		}
		if _, err := h.orders.Approve(ctx(t), ann, w.OutRefundNo, "好"); !errors.Is(err, model.ErrForbidden) {
			t.Errorf("the same person twice: %v", err)
		}
		var wg sync.WaitGroup
		won := make(chan error, 30)
		for range 30 {
			wg.Go(func() { _, err := h.orders.Approve(ctx(t), bob, w.OutRefundNo, "好"); won <- err })
		}
		wg.Wait()
		close(won)
		ok := 0
		for err := range won {
			if err == nil {
				ok++
			} else if !errors.Is(err, model.ErrConflict) {
				t.Errorf("approve: %v", err)
			}
		}
		if ok != 1 || len(h.pay.Refunds()) != 1 {
			t.Errorf("%d approvals, %d refunds at WeChat", ok, len(h.pay.Refunds()))
		}
		var audit int64
		if err := db.Model(&model.AuditEntry{}).Count(&audit).Error; err != nil || audit < 4 {
			t.Errorf("%d audit entries, %v", audit, err)
		}
	})
}

func TestWithdrawnAndTooLate(t *testing.T) {
	h := open(t, modeltest.Open(t))
	p := h.paid(1, 1, "k")
	if _, err := h.orders.RequestRefund(ctx(t), learner(1), p.OutTradeNo, "买错了"); err != nil {
		t.Fatal(err)
	}
	may := func(want ...order.Action) {
		t.Helper()
		if seen, err := h.orders.Get(ctx(t), learner(1), p.OutTradeNo); err != nil || !slices.Equal(seen.Actions, want) {
			t.Errorf("actions %v, want %v; %v", seen.Actions, want, err)
		}
	}
	may(order.ActionWithdraw)
	if r, err := h.orders.Withdraw(ctx(t), learner(1), p.OutTradeNo); err != nil || r.Status != model.RefundWithdrawn || !h.owns(1, 1) {
		t.Errorf("%+v %v", r, err)
	}
	may(order.ActionLearn, order.ActionRefund)
	h.wait(8 * 24 * time.Hour)
	if _, err := h.orders.RequestRefund(ctx(t), learner(1), p.OutTradeNo, "买错了"); code(err) != model.CodeConflict {
		t.Errorf("after the window: %v", err)
	}
}

// Selling check 22.
func TestRefundWithoutAnswer(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		for i, bad := range []wxpaytest.Fault{{After: true, Drop: true}, {Drop: true}, wxpaytest.ErrCode(403, "NOT_ENOUGH", "余额不足"), wxpaytest.ErrCode(429, "FREQUENCY_LIMITED", "频率过高")} {
			n := int64(i + 1)
			p := h.paid(n, 1, "k")
			clear := h.pay.Fail("/v3/refund/domestic/refunds", bad)
			r, err := h.refund(p.OutTradeNo, 19900, fmt.Sprintf("r%d", i))
			if err != nil || r.Status != model.RefundSent {
				t.Errorf("%d: %s %v", i, r.Status, err)
			}
			clear()
			if err := db.Exec("UPDATE refunds SET next_at = ? WHERE id = ?", time.Now().UTC().Add(-time.Second), r.ID).Error; err != nil {
				t.Fatal(err)
			}
			if err := h.orders.RefundDue(ctx(t)); err != nil {
				t.Errorf("%d: %v", i, err)
			}
			h.until("the refund is booked", func() bool {
				_ = h.orders.Ask(ctx(t), p.OutTradeNo)
				return h.status(p.OutTradeNo) == model.OrderRefunded
			})
		}
		if n := len(h.pay.Refunds()); n != 4 || len(h.inbox()) != 0 {
			t.Errorf("%d refunds at WeChat, inbox %v", n, h.inbox())
		}
	})
}

// Selling check 24.
func TestRefundEndsBadly(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		h.pay.NextRefunds("PROCESSING")
		a, b := h.paid(1, 1, "a"), h.paid(2, 1, "b")
		ra, _ := h.refund(a.OutTradeNo, 19900, "a")
		rb, _ := h.refund(b.OutTradeNo, 19900, "b")
		if err := errors.Join(h.pay.EndRefund(ra.OutRefundNo, "ABNORMAL"), h.pay.EndRefund(rb.OutRefundNo, "CLOSED")); err != nil {
			t.Fatal(err)
		}
		h.pay.Wait()
		kinds := h.inbox()
		slices.Sort(kinds)
		if !slices.Equal(kinds, []model.MoneyKind{model.MoneyRefundAbnormal, model.MoneyRefundFailed}) {
			t.Errorf("inbox %v", kinds)
		}
		if h.owns(1, 1) || !h.owns(2, 1) || h.status(a.OutTradeNo) != model.OrderPaid || h.status(b.OutTradeNo) != model.OrderPaid {
			t.Errorf("owned %v %v", h.owns(1, 1), h.owns(2, 1))
		}
		if _, err := h.refund(b.OutTradeNo, 19900, "b2"); err != nil { // a person tries again, with a new number
			t.Errorf("again: %v", err)
		}
	})
}

func TestRefundNewsThatDoesNotFit(t *testing.T) {
	h := open(t, modeltest.Open(t))
	h.pay.NextRefunds("PROCESSING")
	p := h.paid(1, 1, "k")
	r, err := h.refund(p.OutTradeNo, 19900, "r")
	if err != nil {
		t.Fatal(err)
	}
	tell := func(no string, amount int) int {
		raw, err := json.Marshal(map[string]any{"mchid": h.pay.Keys().MchID, "out_trade_no": p.OutTradeNo, "transaction_id": "42", "out_refund_no": no, "refund_id": "50", "refund_status": "SUCCESS",
			"success_time": time.Now().In(model.Shanghai).Format(time.RFC3339), "user_received_account": "x", "amount": map[string]any{"total": 19900, "refund": amount, "payer_total": 19900, "payer_refund": amount}})
		if err != nil {
			t.Fatal(err)
		}
		return h.pay.Send("http://127.0.0.1/hook/refund", h.pay.Seal("REFUND.SUCCESS", raw))
	}
	if tell(r.OutRefundNo, 19899) != 204 || tell("RNOBODYKNOWSTHISNUMBER", 100) != 204 {
		t.Error("not answered")
	}
	if h.status(p.OutTradeNo) != model.OrderPaid || len(h.inbox()) != 2 {
		t.Errorf("order %s, inbox %v", h.status(p.OutTradeNo), h.inbox())
	}
	// The notice outruns the answer, and comes twice.
	for range 2 {
		if got := tell(r.OutRefundNo, 19900); got != 204 || h.status(p.OutTradeNo) != model.OrderRefunded {
			t.Errorf("answered %d, order %s", got, h.status(p.OutTradeNo))
		}
	}
}

func TestEraseKeepsSums(t *testing.T) {
	h := open(t, modeltest.Open(t))
	p, q := h.paid(1, 1, "k"), h.place(2, 1, "k")
	for _, c := range []struct {
		n    int64
		want bool
	}{{1, false}, {2, true}} {
		if got, err := h.orders.MoneyOpen(h.db, c.n); err != nil || got != c.want {
			t.Errorf("learner %d: %v %v", c.n, got, err)
		}
	}
	if err := h.db.Transaction(func(tx *gorm.DB) error { return h.orders.Erase(tx, 1001) }); err != nil {
		t.Fatal(err)
	}
	if o := h.order(p.OutTradeNo); o.OpenID != "" || o.Amount != 19900 {
		t.Errorf("%+v", o)
	}
	if o := h.order(q.OutTradeNo); o.OpenID == "" {
		t.Error("another's order was erased")
	}
	if n := h.count(&model.PayNotice{}, "raw LIKE ?", "%"+string(learner(1).OpenID)+"%"); n != 0 {
		t.Error("a notice still holds the openid")
	}
	if h.pay.TellAgain(p.OutTradeNo) != 204 || len(h.inbox()) != 0 {
		t.Errorf("told again after erasing: inbox %v", h.inbox())
	}
}
