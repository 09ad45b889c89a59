package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Operator is who acts at the console, as the history and the audit trail name them.
type Operator struct {
	ID   int64
	Name string
}

type refundJob struct {
	RefundID int64 `json:"refund_id"`
}

const appleOnly = "iOS 上的付款只有 Apple 能退：请到 reportaproblem.apple.com 申请退款"

// refundable says why o's money cannot go back by our hand, nil when it can.
func refundable(o model.Order) error {
	switch {
	case !o.Status.Holding() || o.Amount == 0:
		return model.Refuse(model.ErrConflict, model.CodeConflict, "这个订单没有可退的款项")
	case o.Via == model.ViaXPay && o.Platform == model.PlatformIOS:
		return model.Refuse(model.ErrConflict, model.CodeConflict, appleOnly)
	case o.PaidBy == "":
		return model.Refuse(model.ErrConflict, model.CodeConflict, "这笔款不是微信收的，请线下退还")
	}
	return nil
}

// mayAsk says why the learner may not ask for a refund of o, having studied so far; nil when they may.
func (s *Service) mayAsk(o model.Order, done model.Study) error {
	if err := refundable(o); err != nil {
		return err
	}
	if v, words := s.judge(o, done); v == model.RefundNot {
		return model.Refuse(model.ErrConflict, model.CodeConflict, words)
	}
	return nil
}

// judge lets the order's own rule speak.
func (s *Service) judge(o model.Order, done model.Study) (model.RefundVerdict, string) {
	return o.RefundRule.Weigh(s.age(o), done)
}

// age is how long ago o was paid.
func (s *Service) age(o model.Order) time.Duration {
	if o.PaidAt == nil {
		return 0
	}
	return max(s.time().Sub(*o.PaidAt), 0)
}

// RefundOffer is what a learner reads before asking for a refund.
type RefundOffer struct {
	Amount  model.Fen // what would come back
	Rule    string    // as it was when they bought
	Verdict model.RefundVerdict
	Words   string
}

// OfferRefund says what the rule of the learner's order makes of a refund now. It changes nothing.
func (s *Service) OfferRefund(ctx context.Context, buyer model.Caller, no string) (RefundOffer, error) {
	o, err := s.mine(ctx, buyer, no)
	if err != nil {
		return RefundOffer{}, err
	}
	out := RefundOffer{Amount: o.Left(), Rule: o.RefundRule.Words(), Verdict: model.RefundNot}
	if err := refundable(o); err != nil {
		out.Words = model.WordsOf(err, "")
		return out, nil
	}
	done, err := s.studied(ctx, o)
	if err != nil {
		return out, err
	}
	out.Verdict, out.Words = s.judge(o, done)
	return out, nil
}

// RequestRefund is a learner's wish to have back what is left of an order. The course is frozen until an
// operator decides. ErrConflict when there is nothing to give back, the order's rule refuses, or a refund is open.
func (s *Service) RequestRefund(ctx context.Context, buyer model.Caller, no, reason string) (model.Refund, error) {
	o, err := s.mine(ctx, buyer, no)
	if err != nil {
		return model.Refund{}, err
	}
	if err := goodReason(reason); err != nil {
		return model.Refund{}, err
	}
	done, err := s.studied(ctx, o)
	if err != nil {
		return model.Refund{}, err
	}
	var r model.Refund
	err = s.tx(ctx, func(tx *gorm.DB) error {
		o, err := lockOrder(tx, o.ID)
		if err != nil {
			return err
		}
		if err := s.mayAsk(o, done); err != nil {
			return err
		}
		who := model.LearnerActor(buyer.LearnerID)
		r = model.Refund{Amount: o.Left(), Reason: reason, Status: model.RefundAsked, AskedBy: who}
		return s.openRefund(tx, o, &r, who)
	})
	return r, err
}

// Withdraw takes back a learner's wish nobody has decided yet.
func (s *Service) Withdraw(ctx context.Context, buyer model.Caller, no string) (model.Refund, error) {
	o, err := s.mine(ctx, buyer, no)
	if err != nil {
		return model.Refund{}, err
	}
	var r model.Refund
	err = s.tx(ctx, func(tx *gorm.DB) error {
		o, err := lockOrder(tx, o.ID)
		if err != nil {
			return err
		}
		who := model.LearnerActor(buyer.LearnerID)
		err = store.Lock(tx).Where("order_id = ? AND status = ? AND asked_by = ?", o.ID, model.RefundAsked, who).Take(&r).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "没有可以撤回的退款申请")
		}
		if err != nil {
			return err
		}
		return s.endAsked(tx, o, &r, model.RefundWithdrawn, who, "学员撤回")
	})
	return r, err
}

func goodReason(reason string) error {
	if n := len([]rune(reason)); n < 1 || n > 80 {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请写明原因，最多 80 个字").Field("reason", "1 到 80 个字")
	}
	return nil
}

// StartRefund gives back amount of an order. The operator's key makes it happen once: the same key and
// body give the same refund, another body is ErrConflict key_reused. Where the order's refunds together
// pass the limit the refund is only asked, and another operator approves. The number and the intent are
// committed before WeChat is called. An operator may go beyond the order's rule: the audit trail then says so
// beside their reason.
func (s *Service) StartRefund(ctx context.Context, op Operator, no, key string, amount model.Fen, reason string) (model.Refund, error) {
	if err := goodKey(key); err != nil {
		return model.Refund{}, err
	}
	if err := goodReason(reason); err != nil {
		return model.Refund{}, err
	}
	o, err := s.byNo(s.db.WithContext(ctx), no)
	if err != nil {
		return model.Refund{}, err
	}
	done, err := s.studied(ctx, o)
	if err != nil {
		return model.Refund{}, err
	}
	who := model.OperatorActor(op.ID)
	request, hash := string(who)+":"+key, digest(o.OutTradeNo, fmt.Sprint(amount), reason)
	var r model.Refund
	err = s.tx(ctx, func(tx *gorm.DB) error {
		o, err := lockOrder(tx, o.ID)
		if err != nil {
			return err
		}
		if had, err := requested(tx, request, hash); had != nil || err != nil {
			if had != nil {
				r = *had
			}
			return err
		}
		if amount < 1 {
			return o.Reserve(amount, nil)
		}
		if err := refundable(o); err != nil {
			return err
		}
		r = model.Refund{Amount: amount, Reason: reason, Status: model.RefundApproved, AskedBy: who, ProposedBy: who, RequestKey: &request, RequestHash: hash}
		others, err := refundsOf(tx, o.ID)
		if err != nil {
			return err
		}
		r.Kind = model.RefundOfOrder
		if r.NeedsSecond(others, s.RefundLimit) {
			r.Status = model.RefundAsked
		} else {
			r.ApprovedBy = who
		}
		if err := s.openRefund(tx, o, &r, who); err != nil {
			return err
		}
		verdict, _ := s.judge(o, done)
		return s.audit(tx, op, "refund.start", r, "", reason, "verdict", verdict)
	})
	if _, dup := store.Duplicate(err); dup { // the key was used at the same moment for another order
		return s.StartRefund(ctx, op, no, key, amount, reason)
	}
	if err != nil {
		return model.Refund{}, err
	}
	return s.pushNow(ctx, r), nil
}

func requested(tx *gorm.DB, request, hash string) (*model.Refund, error) {
	var had model.Refund
	res := tx.Where("request_key = ?", request).Limit(1).Find(&had)
	if res.Error != nil {
		return nil, fmt.Errorf("refund request: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return nil, nil
	}
	if had.RequestHash != hash {
		return nil, model.Refuse(model.ErrConflict, model.CodeKeyReused, "这个 Idempotency-Key 已用于另一笔退款")
	}
	return &had, nil
}

// openRefund inserts r as the order's one open refund and freezes the grant. The order's lock is held.
func (s *Service) openRefund(tx *gorm.DB, o model.Order, r *model.Refund, who model.Actor) error {
	others, err := refundsOf(tx, o.ID)
	if err != nil {
		return err
	}
	for _, x := range others {
		if x.Kind == model.RefundOfOrder && x.Status.Open() {
			return model.Refuse(model.ErrConflict, model.CodeMoneyOpen, "这个订单有一笔退款还没有结束（"+x.OutRefundNo+"），请等它结束")
		}
	}
	if err := o.Reserve(r.Amount, others); err != nil {
		return err
	}
	p, err := paymentByNo(tx, o.PaidBy)
	if err != nil {
		return err
	}
	if p == nil {
		return fmt.Errorf("payment %s of order %d: %w", o.PaidBy, o.ID, model.ErrNotFound)
	}
	now, real, openKey := s.time(), s.real(), fmt.Sprint(o.ID)
	r.OutRefundNo, r.OrderID, r.PaymentID, r.OutTradeNo, r.Via, r.Kind = "R"+number(now), o.ID, p.ID, p.OutTradeNo, p.Via, model.RefundOfOrder
	r.Total, r.Left, r.OpenKey, r.CreatedAt, r.UpdatedAt = p.Total, p.Total-o.Refunded, &openKey, now, now
	if r.Status == model.RefundApproved {
		r.NextAt = &real
	}
	if err := tx.Create(r).Error; err != nil {
		return err
	}
	if err := s.change(tx, model.ThingRefund, r.ID, o.ID, "", string(r.Status), who, r.Reason); err != nil {
		return err
	}
	if err := s.bought(o).Freeze(tx, o.ID, who, "退款处理中 "+r.OutRefundNo); err != nil {
		return err
	}
	if r.Status != model.RefundApproved {
		return nil
	}
	return s.Queue.Add(tx, jobRefund, fmt.Sprint(r.ID), refundJob{RefundID: r.ID}, time.Time{})
}

// Approve lets an asked refund go. Above the limit two different operators must agree: the one who started
// it, or the first to approve a learner's wish, and another. ErrForbidden for the same person twice.
func (s *Service) Approve(ctx context.Context, op Operator, outRefundNo, why string) (model.Refund, error) {
	r, err := s.decide(ctx, op, outRefundNo, func(tx *gorm.DB, o model.Order, r *model.Refund) error {
		who := model.OperatorActor(op.ID)
		others, err := refundsOf(tx, o.ID)
		if err != nil {
			return err
		}
		if r.NeedsSecond(others, s.RefundLimit) {
			switch r.ProposedBy {
			case who:
				return model.Refuse(model.ErrForbidden, model.CodeForbidden, "这笔退款超过限额，需要另一位同事同意")
			case "":
				r.ProposedBy = who
				if err := tx.Model(&model.Refund{}).Where("id = ? AND status = ?", r.ID, model.RefundAsked).Updates(map[string]any{"proposed_by": who}).Error; err != nil {
					return err
				}
				return s.audit(tx, op, "refund.propose", *r, string(r.Status), why)
			}
		}
		rest := others[:0:0]
		for _, x := range others {
			if x.ID != r.ID {
				rest = append(rest, x)
			}
		}
		if err := o.Reserve(r.Amount, rest); err != nil {
			return err
		}
		from, now := r.Status, s.real()
		r.Status, r.ApprovedBy, r.DecidedWhy, r.NextAt = model.RefundApproved, who, why, &now
		if err := s.saveRefund(tx, r, from, who, why); err != nil {
			return err
		}
		if err := s.audit(tx, op, "refund.approve", *r, string(from), why); err != nil {
			return err
		}
		return s.Queue.Add(tx, jobRefund, fmt.Sprint(r.ID), refundJob{RefundID: r.ID}, time.Time{})
	})
	if err != nil {
		return model.Refund{}, err
	}
	return s.pushNow(ctx, r), nil
}

// RefuseRefund turns an asked refund down; the course opens again.
func (s *Service) RefuseRefund(ctx context.Context, op Operator, outRefundNo, why string) (model.Refund, error) {
	if err := goodReason(why); err != nil {
		return model.Refund{}, err
	}
	return s.decide(ctx, op, outRefundNo, func(tx *gorm.DB, o model.Order, r *model.Refund) error {
		r.DecidedWhy = why
		if err := s.endAsked(tx, o, r, model.RefundRefused, model.OperatorActor(op.ID), why); err != nil {
			return err
		}
		if err := s.audit(tx, op, "refund.refuse", *r, string(model.RefundAsked), why); err != nil {
			return err
		}
		return s.tell(tx, o, MessageRefused)
	})
}

func (s *Service) endAsked(tx *gorm.DB, o model.Order, r *model.Refund, to model.RefundState, who model.Actor, why string) error {
	from := r.Status
	r.Status, r.OpenKey = to, nil
	if err := s.saveRefund(tx, r, from, who, why); err != nil {
		return err
	}
	return s.bought(o).Thaw(tx, o.ID, who, why)
}

func (s *Service) decide(ctx context.Context, op Operator, outRefundNo string, fn func(tx *gorm.DB, o model.Order, r *model.Refund) error) (model.Refund, error) {
	r, err := s.refundByNo(ctx, outRefundNo)
	if err != nil {
		return r, err
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		o, err := lockOrder(tx, r.OrderID)
		if err != nil {
			return err
		}
		if err := store.Lock(tx).Take(&r, r.ID).Error; err != nil {
			return missing(err, "refund", r.ID)
		}
		if r.Status != model.RefundAsked {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "这笔退款已经决定过了")
		}
		return fn(tx, o, &r)
	})
	return r, err
}

func (s *Service) refundByNo(ctx context.Context, no string) (model.Refund, error) {
	var r model.Refund
	err := s.db.WithContext(ctx).Where("out_refund_no = ?", plain(no, 64)).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return r, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这笔退款")
	}
	if err != nil {
		return r, fmt.Errorf("refund %s: %w", plain(no, 64), err)
	}
	return r, nil
}

// audit writes who decided what about a refund into the audit trail; more are names and values beside.
func (s *Service) audit(tx *gorm.DB, op Operator, action string, r model.Refund, before, why string, more ...any) error {
	state := map[string]any{"status": r.Status, "amount": r.Amount, "out_refund_no": r.OutRefundNo}
	for i := 0; i+1 < len(more); i += 2 {
		state[fmt.Sprint(more[i])] = more[i+1]
	}
	after, err := json.Marshal(state)
	if err != nil {
		return err
	}
	e := model.AuditEntry{OperatorID: op.ID, OperatorName: op.Name, Action: action, Object: "order", ObjectID: fmt.Sprint(r.OrderID), After: string(after), Reason: why}
	if before != "" {
		e.Before = fmt.Sprintf(`{"status":%q}`, before)
	}
	return s.Auditor.Audit(tx, e)
}
