package order_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/order"
	"loudou/service/wxpay/wxpaytest"
)

// abandoned lists what f chooses, and checks that its sum is the list's.
func (h *house) abandoned(f order.AbandonedFilter) []model.Abandoned {
	h.t.Helper()
	f.Limit = 100
	list, err := h.orders.Abandoned(ctx(h.t), f)
	if err != nil {
		h.t.Fatal(err)
	}
	n, sum, err := h.orders.AbandonedSum(ctx(h.t), f)
	for _, a := range list {
		sum -= a.Amount
	}
	if err != nil || n != int64(len(list)) || sum != 0 {
		h.t.Errorf("%d listed, %d counted, the sum is off by %d: %v", len(list), n, sum, err)
	}
	return list
}

// Who let the time to pay go by is listed with the reason; who is still paying, bought meanwhile, or tried again is not
// listed for it.
func TestAbandoned(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		left := h.place(1, 1, "a")
		heal := h.pay.Fail("/v3/pay/transactions/jsapi", wxpaytest.ErrCode(403, "NO_AUTH", "商户无权限"))
		if _, err := h.orders.Place(ctx(t), learner(2), "b", order.Wish{CourseID: 2, Via: model.ViaJSAPI}); code(err) != model.CodeUnavailable {
			t.Fatalf("a refused prepay: %v", err)
		}
		heal()
		if got := h.abandoned(order.AbandonedFilter{}); len(got) != 0 {
			t.Fatalf("%d abandoned while they may still pay", len(got))
		}
		h.wait(31 * time.Minute)
		got := h.abandoned(order.AbandonedFilter{})
		if len(got) != 2 || got[1].OutTradeNo != left.OutTradeNo || got[1].Why != model.AbandonedLetGo || got[1].Fault != "" || got[0].Why != model.AbandonedFailed || got[0].Fault != "NO_AUTH" {
			t.Fatalf("abandoned: %+v", got)
		}
		for _, f := range []order.AbandonedFilter{{CourseID: 2}, {Why: model.AbandonedFailed}} {
			if got := h.abandoned(f); len(got) != 1 || got[0].LearnerID != 2 {
				t.Errorf("%+v: %d", f, len(got))
			}
		}
		if a, b := h.abandoned(order.AbandonedFilter{Platform: model.PlatformIOS}), h.abandoned(order.AbandonedFilter{Why: model.AbandonedNever}); len(a)+len(b) != 0 {
			t.Error("a filter that meets nobody")
		}

		// Tried again: the first is no longer of interest; paid: none is.
		if err := h.orders.Expire(ctx(t)); err != nil {
			t.Fatal(err)
		}
		again := h.place(1, 1, "c")
		if got := h.abandoned(order.AbandonedFilter{CourseID: 1}); len(got) != 0 {
			t.Errorf("paying just now: %d", len(got))
		}
		h.wait(31 * time.Minute)
		if got := h.abandoned(order.AbandonedFilter{CourseID: 1}); len(got) != 1 || got[0].OutTradeNo != again.OutTradeNo {
			t.Errorf("tried twice: %+v", got)
		}
		if _, err := h.orders.PayByHand(ctx(t), order.Operator{ID: 1, Name: "boss"}, again.OutTradeNo, "转账", "单号 1"); err != nil {
			t.Fatal(err)
		}
		if got := h.abandoned(order.AbandonedFilter{CourseID: 1}); len(got) != 0 {
			t.Errorf("bought meanwhile: %+v", got)
		}

		// Whose access ran out and who lets a second payment go by is listed again; whose money came, too late or in a wrong sum, is
		// the money inbox's.
		if err := db.Exec("UPDATE grants SET status = 'expired'").Error; err != nil {
			t.Fatal(err)
		}
		h.wait(time.Hour)
		renewal := h.place(1, 1, "d")
		h.wait(31 * time.Minute)
		if got := h.abandoned(order.AbandonedFilter{CourseID: 1}); len(got) != 1 || got[0].OutTradeNo != renewal.OutTradeNo {
			t.Errorf("a renewal let go by: %+v", got)
		}
		for _, came := range []model.PaymentStatus{model.PaymentOrphan, model.PaymentReturned, model.PaymentMismatch, model.PaymentPrepaid} { // as it was, at last
			if err := db.Model(&model.Payment{}).Where("order_id IN (?)", db.Model(&model.Order{}).Select("id").Where("out_trade_no = ?", renewal.OutTradeNo)).UpdateColumn("status", came).Error; err != nil {
				t.Fatal(err)
			}
			if got := h.abandoned(order.AbandonedFilter{CourseID: 1}); len(got) != 0 && came != model.PaymentPrepaid {
				t.Errorf("%s: asked to pay again: %+v", came, got)
			}
		}
		if err := db.Exec("UPDATE grants SET status = 'active'").Error; err != nil {
			t.Fatal(err)
		}

		// Long ago is out of the days asked for.
		h.wait(8 * 24 * time.Hour)
		if a, b := h.abandoned(order.AbandonedFilter{Days: 7}), h.abandoned(order.AbandonedFilter{Days: 30}); len(a) != 0 || len(b) != 1 {
			t.Errorf("%d in 7 days, %d in 30", len(a), len(b))
		}
	})
}

// What was done is kept once per order, with who did it; done takes the order from what is to do; nothing can be noted
// of an order that is none of these; the note goes with the person.
func TestNoteAbandoned(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		boss, other := order.Operator{ID: 1, Name: "boss"}, order.Operator{ID: 2, Name: "other"}
		p := h.place(1, 1, "a")
		if err := h.orders.NoteAbandoned(ctx(t), boss, p.OutTradeNo, "打过电话", false); code(err) != model.CodeConflict {
			t.Errorf("while it may be paid: %v", err)
		}
		if err := h.orders.NoteAbandoned(ctx(t), boss, "nobody", "x", false); code(err) != model.CodeNotFound {
			t.Errorf("no such order: %v", err)
		}
		h.wait(31 * time.Minute)
		if err := h.orders.NoteAbandoned(ctx(t), boss, p.OutTradeNo, "", false); code(err) != model.CodeInvalid {
			t.Errorf("nothing noted: %v", err)
		}
		for _, n := range []struct {
			by   order.Operator
			note string
			done bool
		}{{boss, "打过电话", false}, {other, "说下周买", true}} {
			if err := h.orders.NoteAbandoned(ctx(t), n.by, p.OutTradeNo, n.note, n.done); err != nil {
				t.Fatal(err)
			}
		}
		yes, no := true, false
		done := h.abandoned(order.AbandonedFilter{Done: &yes})
		if len(done) != 1 || done[0].Note == nil || done[0].Note.Note != "说下周买" || done[0].Note.OperatorName != "other" || len(h.abandoned(order.AbandonedFilter{Done: &no})) != 0 {
			t.Errorf("done: %+v", done)
		}
		if n := h.count(&model.AbandonedNote{}, "1 = 1"); n != 1 {
			t.Errorf("%d notes", n)
		}
		if n := h.count(&model.AuditEntry{}, "action = ? AND `after` LIKE ?", "order.follow_up", "%下周%"); n != 0 {
			t.Error("the trail repeats what was said")
		}
		if err := db.Transaction(func(tx *gorm.DB) error { return h.orders.Erase(tx, 1001) }); err != nil {
			t.Fatal(err)
		}
		if n := h.count(&model.AbandonedNote{}, "1 = 1"); n != 0 || len(h.abandoned(order.AbandonedFilter{})) != 0 {
			t.Error("a forgotten person is still on the list")
		}
	})
}
