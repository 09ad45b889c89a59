package order_test

import (
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

// An order keeps the rule it was bought under; what the rule says is what the learner reads before asking, and
// what asking does.
func TestRefundRule(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		t.Cleanup(func() { ruleOf1, studied = model.DefaultRefundRule(), model.Study{} })
		ten, one := 10, 1
		ruleOf1 = model.RefundRule{Days: 3, Minutes: &ten, Lessons: &one, Over: model.RefundOverPerson}
		p := h.paid(1, 1, "k1")
		ruleOf1 = model.RefundRule{} // the course gives nothing back any more
		offer := func(n int64, no string) (model.RefundVerdict, string) {
			t.Helper()
			o, err := h.orders.OfferRefund(ctx(t), learner(n), no)
			if err != nil {
				t.Fatal(err)
			}
			return o.Verdict, o.Words
		}
		if v, _ := offer(1, p.OutTradeNo); v != model.RefundAllowed {
			t.Errorf("at once: %s", v)
		}
		if _, err := h.orders.OfferRefund(ctx(t), learner(2), p.OutTradeNo); code(err) != model.CodeNotFound {
			t.Errorf("another's order: %v", err)
		}
		// More than the rule allows, and a person weighs it: asking works.
		studied = model.Study{WatchedSeconds: 601}
		if v, words := offer(1, p.OutTradeNo); v != model.RefundByPerson || !strings.Contains(words, "客服判断") {
			t.Errorf("studied too much: %s %s", v, words)
		}
		r, err := h.orders.RequestRefund(ctx(t), learner(1), p.OutTradeNo, "不想学了")
		if err != nil || r.Status != model.RefundAsked {
			t.Fatalf("%+v %v", r, err)
		}
		if _, err := h.orders.Withdraw(ctx(t), learner(1), p.OutTradeNo); err != nil {
			t.Fatal(err)
		}
		// Past the window the learner is refused in the very words they read, and the course stays open.
		h.wait(3*24*time.Hour + time.Minute)
		v, words := offer(1, p.OutTradeNo)
		if _, err := h.orders.RequestRefund(ctx(t), learner(1), p.OutTradeNo, "不想学了"); v != model.RefundNot || code(err) != model.CodeConflict || model.WordsOf(err, "") != words || !strings.Contains(words, "超过 3 天") {
			t.Errorf("past the window: %s %q %v", v, words, err)
		}
		if !h.owns(1, 1) {
			t.Error("a refused wish took the course away")
		}
		// An operator may go beyond; the audit trail says that they did, and why.
		h.pay.NextRefunds("SUCCESS")
		if _, err := h.refund(p.OutTradeNo, 19900, "beyond"); err != nil {
			t.Fatal(err)
		}
		h.pay.Wait()
		var a model.AuditEntry
		if err := db.Where("action = ?", "refund.start").Take(&a).Error; err != nil || !strings.Contains(a.After, `"verdict":"refused"`) || a.Reason == "" {
			t.Errorf("%+v %v", a, err)
		}
		// Bought under the new rule: nothing to ask for, and nothing offered.
		studied = model.Study{}
		q := h.paid(2, 1, "k2")
		if v, words := offer(2, q.OutTradeNo); v != model.RefundNot || !strings.Contains(words, "不支持") {
			t.Errorf("a course without refunds: %s %s", v, words)
		}
		got, err := h.orders.Get(ctx(t), learner(2), q.OutTradeNo)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range got.Actions {
			if a == "refund" {
				t.Error("a refund is offered that would be refused")
			}
		}
	})
}
