package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"loudou/model"
)

const (
	callTime   = 8 * time.Second  // a call to a channel
	callLease  = 15 * time.Second // one prepay call at a time
	callFlight = 60 * time.Second // after which a call that was never answered can no longer reach WeChat
	firstCheck = 20 * time.Second // after an attempt is made
)

// present shows o to its learner, with what the phone needs to pay while it can be paid. must says that
// failing to get that is an error; otherwise the order is shown without.
func (s *Service) present(ctx context.Context, o model.Order, must bool) (Placed, error) {
	var pay json.RawMessage
	if o.Status == model.OrderPending && s.time().Before(o.ExpiresAt) {
		raw, err := s.ticket(ctx, &o)
		if err != nil && must {
			return Placed{}, err
		}
		pay = raw
	}
	return s.view(ctx, o, pay)
}

func (s *Service) view(ctx context.Context, o model.Order, pay json.RawMessage) (Placed, error) {
	out := Placed{
		OutTradeNo: o.OutTradeNo, CourseID: o.CourseID, Title: o.Title, Kind: o.Kind, ListPrice: o.ListPrice, FlashOff: o.FlashOff, Discount: o.Discount, Amount: o.Amount, Refunded: o.Refunded, Status: o.Status, Via: o.Via,
		CreatedAt: o.CreatedAt, ExpiresAt: o.ExpiresAt, PaidAt: o.PaidAt, Actions: []Action{}, Pay: pay,
	}
	switch {
	case o.Status == model.OrderPending:
		if len(pay) > 0 {
			out.Actions = append(out.Actions, ActionPay)
		}
		out.Actions = append(out.Actions, ActionCancel)
	case o.Status.Holding() && o.Kind == model.OrderForGift:
		g, err := s.Gifts.Of(s.db.WithContext(ctx), o.ID)
		if err != nil {
			return out, err
		}
		if out.Gift = g.Status; g.Status == model.GiftWaiting {
			out.Actions = append(out.Actions, ActionGive)
		}
		return out, s.offerRefund(ctx, o, &out)
	case o.Status.Holding():
		owned, err := s.Grants.Covers(s.db.WithContext(ctx), o.LearnerID, o.CourseID)
		if err != nil {
			return out, err
		}
		if owned {
			out.Actions = append(out.Actions, ActionLearn)
		}
		return out, s.offerRefund(ctx, o, &out)
	case o.Status == model.OrderClosed, o.Status == model.OrderRefunded:
		out.Actions = append(out.Actions, ActionBuy)
	}
	return out, nil
}

// offerRefund adds what the learner may do about their money: ask for it, or take back a wish nobody has decided.
func (s *Service) offerRefund(ctx context.Context, o model.Order, out *Placed) error {
	var r model.Refund
	err := s.db.WithContext(ctx).Where("open_key = ?", fmt.Sprint(o.ID)).Take(&r).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		if s.mayAsk(o, model.Study{}) == nil { // what was studied is asked for when they do ask
			out.Actions = append(out.Actions, ActionRefund)
		}
	case err != nil:
		return err
	case r.Status == model.RefundAsked && r.AskedBy == model.LearnerActor(o.LearnerID):
		out.Actions = append(out.Actions, ActionWithdraw)
	}
	return nil
}

// ticket gives what the phone needs to pay o by its latest road, asking the channel where needed. An
// attempt that turns out to be dead is followed by one with a new number. o is read anew when the channel
// says that it is paid.
func (s *Service) ticket(ctx context.Context, o *model.Order) (json.RawMessage, error) {
	for range 2 {
		p, err := s.liveAttempt(ctx, o)
		if err != nil || p == nil {
			return nil, err
		}
		ch, err := s.channel(p.Via)
		if err != nil {
			return nil, err
		}
		sessionKey := ""
		if p.Via == model.ViaXPay {
			if sessionKey, err = s.Learners.SessionKey(ctx, o.LearnerID); err != nil {
				return nil, err
			}
		} else if !p.Ticket(s.time()) {
			again, err := s.prepay(ctx, ch, o, p)
			if err != nil {
				return nil, err
			}
			if again {
				continue
			}
		}
		if o.Status != model.OrderPending {
			return nil, nil
		}
		if err := s.handed(ctx, p); err != nil {
			return nil, err
		}
		pay, err := ch.Pay(ctx, *o, *p, sessionKey)
		if err != nil {
			return nil, fmt.Errorf("pay sheet of %s: %w", p.OutTradeNo, err)
		}
		return json.Marshal(pay)
	}
	return nil, unclear()
}

func unclear() error {
	return model.Refuse(model.ErrUnavailable, model.CodeUnavailable, "微信支付暂时没有回应，请稍后再试")
}

// liveAttempt finds the newest attempt on the order's road that may still be paid, or makes one.
func (s *Service) liveAttempt(ctx context.Context, o *model.Order) (*model.Payment, error) {
	var p *model.Payment
	held := false
	find := func(tx *gorm.DB) error {
		list, err := attempts(tx, o.ID)
		p = nil
		if held = slices.ContainsFunc(list, disputed); held {
			return err
		}
		for i := range list {
			if list[i].Via == o.Via && list[i].Status.Live() {
				p = &list[i]
			}
		}
		return err
	}
	if err := find(s.db.WithContext(ctx)); err != nil || p != nil || held {
		return p, err
	}
	item, err := s.Shop.Item(ctx, o.CourseID, o.Platform)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		locked, err := lockOrder(tx, o.ID)
		if err != nil {
			return err
		}
		*o = locked
		if o.Status != model.OrderPending {
			return nil
		}
		if err := s.attemptFor(tx, o, item, o.Via); err != nil {
			return err
		}
		return find(tx)
	})
	return p, err
}

// handed notes when the phone was given what to pay with: until XPayHold after it, virtual payment may
// bring money, since it cannot be closed.
func (s *Service) handed(ctx context.Context, p *model.Payment) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		o, err := lockOrder(tx, p.OrderID)
		if err != nil {
			return err
		}
		now, err := lockPayment(tx, p.ID)
		if err != nil {
			return err
		}
		if !now.Status.Live() {
			return model.Refuse(model.ErrConflict, model.CodeInProgress, "订单状态刚刚变化，请刷新")
		}
		at := s.time()
		now.HandedAt = &at
		*p = now
		if now.Via != model.ViaXPay || now.Status == model.PaymentPrepaid {
			return tx.Model(&model.Payment{}).Where("id = ?", now.ID).Updates(map[string]any{"handed_at": at}).Error
		}
		from := now.Status
		now.Status = model.PaymentPrepaid
		*p = now
		return s.savePayment(tx, p, from, model.LearnerActor(o.LearnerID), "已交给手机支付")
	})
}

// prepay tells the channel of p. One call at a time; one that got no answer leaves the attempt unknown,
// and only the same number may be used until a query tells. again: the number is dead, take another.
func (s *Service) prepay(ctx context.Context, ch Channel, o *model.Order, p *model.Payment) (again bool, err error) {
	got, err := s.claimCall(ctx, p)
	if err != nil {
		return false, err
	}
	if !got {
		return false, s.awaitCall(ctx, p)
	}
	// The call is finished and its result kept even if the phone hangs up meanwhile.
	ctx = context.WithoutCancel(ctx)
	call, cancel := context.WithTimeout(ctx, callTime)
	id, err := ch.Prepay(call, *o, *p)
	cancel()
	if refused(err) { // used up, closed, paid, or not to its taste: only a query tells
		return s.askUsed(ctx, ch, o, p, fault(err))
	}
	failed := err
	err = s.kept(ctx, p, func(p *model.Payment) (why string) {
		p.CallUntil, p.Fault = nil, fault(failed)
		now := s.time()
		switch {
		case failed == nil:
			p.Status, p.PrepayID, p.PrepaidAt = model.PaymentPrepaid, id, &now
			return "微信已接受预支付"
		case p.Status == model.PaymentCreated && unsure(failed):
			soon := now.Add(5 * time.Second)
			p.Status, p.CheckAt = model.PaymentUnknown, &soon
			return "预支付没有得到回应"
		}
		return ""
	})
	if err != nil {
		return false, err
	}
	if failed != nil {
		// The channel's kind says nothing about what the learner did, so it must not become a 4xx.
		return false, fmt.Errorf("prepay %s: %w (%v)", p.OutTradeNo, unclear(), failed)
	}
	if !p.Status.Live() { // the notify was faster
		return false, s.reread(ctx, o)
	}
	return false, nil
}

// unsure tells errors that leave it open whether the call arrived.
func unsure(err error) bool {
	var c *model.CallError
	if errors.As(err, &c) {
		return c.Unknown
	}
	return !refused(err)
}

// refused tells errors by which the channel said no.
func refused(err error) bool {
	for _, kind := range []error{model.ErrInvalid, model.ErrForbidden, model.ErrNotFound, model.ErrConflict} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func (s *Service) claimCall(ctx context.Context, p *model.Payment) (bool, error) {
	now := s.real()
	until := now.Add(callLease)
	res := s.db.WithContext(ctx).Model(&model.Payment{}).
		Where("id = ? AND status IN ? AND (call_until IS NULL OR call_until <= ?)", p.ID, live, now).
		Updates(map[string]any{"called_at": now, "call_until": until})
	if res.Error != nil {
		return false, fmt.Errorf("payment %s: %w", p.OutTradeNo, res.Error)
	}
	return res.RowsAffected == 1, nil
}

var live = []model.PaymentStatus{model.PaymentCreated, model.PaymentPrepaid, model.PaymentUnknown}

// awaitCall waits a little for the call another request has in flight.
func (s *Service) awaitCall(ctx context.Context, p *model.Payment) error {
	for range 40 {
		select {
		case <-ctx.Done():
			return inProgress()
		case <-time.After(50 * time.Millisecond):
		}
		if err := s.db.WithContext(ctx).Take(p, p.ID).Error; err != nil {
			return missing(err, "payment", p.ID)
		}
		if p.Ticket(s.time()) {
			return nil
		}
		if !p.Status.Live() || p.CallUntil == nil {
			return inProgress()
		}
	}
	return inProgress()
}

// kept writes what change does to p under its locks, with history where the status moved. A payment that
// is no longer live is left alone.
func (s *Service) kept(ctx context.Context, p *model.Payment, change func(*model.Payment) (why string)) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		if _, err := lockOrder(tx, p.OrderID); err != nil {
			return err
		}
		now, err := lockPayment(tx, p.ID)
		if err != nil {
			return err
		}
		if !now.Status.Live() {
			*p = now
			return nil
		}
		from := now.Status
		why := change(&now)
		*p = now
		if now.Status == from {
			return tx.Model(&model.Payment{}).Where("id = ?", now.ID).
				Select("prepay_id", "prepaid_at", "call_until", "fault", "check_at").Updates(&now).Error
		}
		return s.savePayment(tx, &now, from, model.ActorSystem, why)
	})
}

// fault is what is kept of a prepay call that failed: the channel's code, never its words.
func fault(err error) string {
	code := plain(model.CallCode(err), 64)
	if err != nil && code == "" {
		return model.FaultNoAnswer
	}
	return code
}

// askUsed looks into a number the channel refused to take with code: paid is settled, closed is dead.
func (s *Service) askUsed(ctx context.Context, ch Channel, o *model.Order, p *model.Payment, code string) (again bool, err error) {
	if err := s.kept(ctx, p, func(p *model.Payment) string { p.CallUntil, p.Fault = nil, code; return "" }); err != nil {
		return false, err
	}
	call, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	t, err := ch.Query(call, *p)
	if err != nil {
		return false, fmt.Errorf("prepay %s: %w (%v)", p.OutTradeNo, unclear(), err)
	}
	out, err := s.Settle(ctx, t, model.ActorQuery, "")
	if err != nil {
		return false, err
	}
	if err := s.reread(ctx, o); err != nil {
		return false, err
	}
	switch out {
	case model.SettleDead:
		return true, nil
	case model.SettlePaid, model.SettleKnown, model.SettleLate:
		return false, nil
	}
	return false, fmt.Errorf("prepay %s refused though %s: %w", p.OutTradeNo, t.TradeState, unclear())
}

func (s *Service) reread(ctx context.Context, o *model.Order) error {
	var now model.Order
	if err := s.db.WithContext(ctx).Take(&now, o.ID).Error; err != nil {
		return missing(err, "order", o.ID)
	}
	*o = now
	return nil
}

// mine finds an order of the learner's by any of its numbers; another's is not there.
func (s *Service) mine(ctx context.Context, buyer model.Caller, no string) (model.Order, error) {
	o, err := s.byNo(s.db.WithContext(ctx), no)
	if err != nil {
		return o, err
	}
	if o.LearnerID != buyer.LearnerID || o.AppID != buyer.AppID {
		return model.Order{}, unknownOrder()
	}
	return o, nil
}

// Get shows a learner their order. While it waits for money WeChat is asked first; where WeChat does not
// answer, the order is shown as it is known here.
func (s *Service) Get(ctx context.Context, buyer model.Caller, no string) (Placed, error) {
	o, err := s.mine(ctx, buyer, no)
	if err != nil {
		return Placed{}, err
	}
	if o.Status.Open() {
		_ = s.askAll(ctx, o) // each attempt's news is settled as it comes
		if err := s.reread(ctx, &o); err != nil {
			return Placed{}, err
		}
	}
	return s.present(ctx, o, false)
}

// List shows a learner their orders, newest first, with ids below before (0: the newest).
func (s *Service) List(ctx context.Context, buyer model.Caller, before int64, limit int) ([]Placed, int64, error) {
	q := s.db.WithContext(ctx).Where("learner_id = ? AND appid = ?", buyer.LearnerID, buyer.AppID).Order("id DESC").Limit(limit + 1)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var list []model.Order
	if err := q.Find(&list).Error; err != nil {
		return nil, 0, fmt.Errorf("orders of learner %d: %w", buyer.LearnerID, err)
	}
	next := int64(0)
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	out := make([]Placed, 0, len(list))
	for _, o := range list {
		v, err := s.view(ctx, o, nil)
		if err != nil {
			return nil, 0, err
		}
		out = append(out, v)
	}
	return out, next, nil
}
