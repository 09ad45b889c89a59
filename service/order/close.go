package order

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Cancel ends a learner's order: marked closing here, asked and closed at WeChat at once, then closed
// here. Where WeChat says it is paid it is paid; where WeChat does not answer it stays closing and the
// timetable goes on. Cancelling again changes nothing.
func (s *Service) Cancel(ctx context.Context, buyer model.Caller, no string) (Placed, error) {
	o, err := s.mine(ctx, buyer, no)
	if err != nil {
		return Placed{}, err
	}
	if o.Status.Open() {
		if _, err := s.beginClosing(ctx, o.ID, model.LearnerActor(buyer.LearnerID), "取消"); err != nil {
			return Placed{}, err
		}
		if err := s.Close(ctx, o.ID); err != nil {
			return Placed{}, err
		}
		if err := s.reread(ctx, &o); err != nil {
			return Placed{}, err
		}
	}
	return s.view(ctx, o, nil)
}

// beginClosing marks a pending order closing; false when it was not pending any more.
func (s *Service) beginClosing(ctx context.Context, orderID int64, who model.Actor, why string) (bool, error) {
	began := false
	err := s.tx(ctx, func(tx *gorm.DB) error {
		o, err := lockOrder(tx, orderID)
		if err != nil {
			return err
		}
		from := o.Status
		if began = o.BeginClosing(s.time()); !began {
			return nil
		}
		// Whoever began works the first round himself; the timetable takes over from a kill.
		next := s.time().Add(5 * time.Second)
		o.CloseAt = &next
		return s.saveOrder(tx, &o, from, who, why)
	})
	return began, err
}

// GiveUp marks the order a learner has open for a course closing, in the caller's transaction: he has the course
// by another way, and nothing is asked of him for it any more. The timetable ends it at WeChat; money already on
// its way is still an order paid. No open order, or one closing already, is no error.
func (s *Service) GiveUp(tx *gorm.DB, learnerID, courseID int64, who model.Actor, why string) error {
	var ids []int64 // read first: a lock on a key that is not there would hold up everybody's next order
	if err := tx.Model(&model.Order{}).Where("open_key = ?", model.OpenKeyOf(model.OrderForSelf, learnerID, courseID)).Pluck("id", &ids).Error; err != nil {
		return fmt.Errorf("open order of learner %d: %w", learnerID, err)
	}
	for _, id := range ids {
		o, err := lockOrder(tx, id)
		if err != nil {
			return err
		}
		from := o.Status
		if !o.BeginClosing(s.time()) {
			continue
		}
		if err := s.saveOrder(tx, &o, from, who, why); err != nil {
			return err
		}
	}
	return nil
}

// Close works one round on a closing order: each attempt is asked about and ended at WeChat; when none can
// bring money any more the order is closed. Otherwise the next round is set, with back-off. An order that
// is not closing is left alone; two rounds at once do no harm.
func (s *Service) Close(ctx context.Context, orderID int64) error {
	var o model.Order
	if err := s.db.WithContext(ctx).Take(&o, orderID).Error; err != nil {
		return missing(err, "order", orderID)
	}
	if o.Status != model.OrderClosing {
		return nil
	}
	list, err := attempts(s.db.WithContext(ctx), o.ID)
	if err != nil {
		return err
	}
	next := s.time().Add(s.pause(o))
	for _, p := range list {
		if !p.Status.Live() {
			continue
		}
		again, err := s.end(ctx, o, p)
		if err != nil { // not known yet: the next round asks again
			slog.Info("attempt not closed yet", "out_trade_no", p.OutTradeNo, "error", err)
			continue
		}
		if again.After(next) && len(list) == 1 {
			next = again
		}
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		o, err := lockOrder(tx, orderID)
		if err != nil {
			return err
		}
		if o.Status != model.OrderClosing {
			return nil
		}
		list, err := attempts(store.Lock(tx), orderID)
		if err != nil {
			return err
		}
		if o.Close(list, s.time()) {
			if err := s.saveOrder(tx, &o, model.OrderClosing, model.ActorSystem, "所有付款途径都已关闭"); err != nil {
				return err
			}
			return s.Inbox.Done(tx, closingKey(o), model.ActorSystem, "已关闭")
		}
		return tx.Model(&model.Order{}).Where("id = ? AND status = ?", o.ID, model.OrderClosing).Updates(map[string]any{"close_at": next}).Error
	})
}

// pause grows with the time an order has been closing: 5 s at first, half its age later, at most 5 minutes.
func (s *Service) pause(o model.Order) time.Duration {
	age := time.Duration(0)
	if o.ClosingAt != nil {
		age = s.time().Sub(*o.ClosingAt)
	}
	return min(max(age/2, 5*time.Second), 5*time.Minute)
}

// end asks about a live attempt and ends it where the channel allows. again says when asking anew makes
// sense, where the attempt is still alive: virtual payment cannot be closed, only outwaited.
func (s *Service) end(ctx context.Context, o model.Order, p model.Payment) (again time.Time, err error) {
	if p.Via == model.ViaXPay && p.HandedAt == nil || p.Via != model.ViaXPay && p.CalledAt == nil {
		if done, err := s.buryUnborn(ctx, p); done || err != nil {
			return time.Time{}, err
		}
	}
	ch, err := s.channel(p.Via)
	if err != nil {
		return time.Time{}, err
	}
	call, cancel := context.WithTimeout(ctx, callTime)
	t, err := ch.Query(call, p)
	cancel()
	switch {
	case errors.Is(err, model.ErrNotFound):
		if p.Via == model.ViaXPay {
			return s.outwait(ctx, p)
		}
		if p.CalledAt != nil && s.real().Sub(*p.CalledAt) < callFlight {
			return time.Time{}, fmt.Errorf("%s: a call is in flight: %w", p.OutTradeNo, model.ErrUnavailable)
		}
		return time.Time{}, s.bury(ctx, p, "微信没有这个单号")
	case err != nil:
		return time.Time{}, fmt.Errorf("query %s: %w", p.OutTradeNo, err)
	}
	out, err := s.Settle(ctx, t, model.ActorQuery, "")
	if err != nil || out != model.SettleNothing {
		return time.Time{}, err
	}
	if p.Via == model.ViaXPay {
		return s.outwait(ctx, p)
	}
	call, cancel = context.WithTimeout(ctx, callTime)
	defer cancel()
	closed, err := ch.Close(call, p)
	if errors.Is(err, model.ErrConflict) { // paid between our question and our call
		out, err := s.ask(ctx, p)
		if err == nil && out == model.SettleNothing {
			err = fmt.Errorf("close %s: refused though unpaid: %w", p.OutTradeNo, model.ErrUnavailable)
		}
		return time.Time{}, err
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("close %s: %w", p.OutTradeNo, err)
	}
	if !closed {
		return time.Time{}, fmt.Errorf("close %s: the buyer is paying: %w", p.OutTradeNo, model.ErrUnavailable)
	}
	return time.Time{}, s.bury(ctx, p, "微信已关单")
}

// outwait ends a virtual payment once the sheet the phone was last given is surely stale.
func (s *Service) outwait(ctx context.Context, p model.Payment) (time.Time, error) {
	var fresh model.Payment
	if err := s.db.WithContext(ctx).Take(&fresh, p.ID).Error; err != nil {
		return time.Time{}, missing(err, "payment", p.ID)
	}
	if fresh.HandedAt != nil {
		if until := fresh.HandedAt.Add(s.XPayHold); s.time().Before(until) {
			return until, nil
		}
	}
	return time.Time{}, s.bury(ctx, fresh, "虚拟支付已过等待时间")
}

// bury marks an attempt dead, unless news came meanwhile.
func (s *Service) bury(ctx context.Context, p model.Payment, why string) error {
	return s.kept(ctx, &p, func(p *model.Payment) string {
		p.Status = model.PaymentClosed
		return why
	})
}

// buryUnborn ends an attempt no channel and no phone has heard of; false when one has by now.
func (s *Service) buryUnborn(ctx context.Context, p model.Payment) (bool, error) {
	done := false
	err := s.kept(ctx, &p, func(p *model.Payment) string {
		if done = p.CalledAt == nil && p.HandedAt == nil; done {
			p.Status = model.PaymentClosed
		}
		return "从未交给微信"
	})
	return done, err
}

// askAll asks the channels about every attempt of o that may bring news, and settles what they say.
func (s *Service) askAll(ctx context.Context, o model.Order) error {
	list, err := attempts(s.db.WithContext(ctx), o.ID)
	if err != nil {
		return err
	}
	var failed error
	for _, p := range list {
		if p.Status.Live() || disputed(p) {
			if _, err := s.ask(ctx, p); err != nil {
				failed = errors.Join(failed, err)
			}
		}
	}
	return failed
}

// ask asks about one attempt and settles the answer. A number the channel has never heard of is no error.
func (s *Service) ask(ctx context.Context, p model.Payment) (model.Settlement, error) {
	if p.CalledAt == nil && p.HandedAt == nil {
		return model.SettleNothing, nil
	}
	ch, err := s.channel(p.Via)
	if err != nil {
		return "", err
	}
	call, cancel := context.WithTimeout(ctx, callTime)
	t, err := ch.Query(call, p)
	cancel()
	if errors.Is(err, model.ErrNotFound) {
		return model.SettleNothing, s.neverArrived(ctx, p)
	}
	if err != nil {
		return "", fmt.Errorf("query %s: %w", p.OutTradeNo, err)
	}
	return s.Settle(ctx, t, model.ActorQuery, "")
}

// neverArrived takes an unknown attempt back to created once no call of ours can still be on its way:
// the same number may then be tried again.
func (s *Service) neverArrived(ctx context.Context, p model.Payment) error {
	if p.Status != model.PaymentUnknown {
		return nil
	}
	return s.kept(ctx, &p, func(p *model.Payment) string {
		if p.Status == model.PaymentUnknown && p.CallUntil == nil && (p.CalledAt == nil || s.real().Sub(*p.CalledAt) >= callLease) {
			p.Status = model.PaymentCreated
		}
		return "微信没有收到过"
	})
}

// Expire begins to close orders whose time to pay is over.
func (s *Service) Expire(ctx context.Context) error {
	ids, err := s.due(ctx, &model.Order{}, "status = ? AND expires_at <= ?", "expires_at", model.OrderPending, s.time())
	if err != nil {
		return err
	}
	return s.each(ctx, ids, func(ctx context.Context, id int64) error {
		if _, err := s.beginClosing(ctx, id, model.ActorTimer, "已过付款期限"); err != nil {
			return err
		}
		return s.Close(ctx, id)
	})
}

// CloseDue works a round on every closing order whose next round has come.
func (s *Service) CloseDue(ctx context.Context) error {
	ids, err := s.due(ctx, &model.Order{}, "status = ? AND close_at <= ?", "close_at", model.OrderClosing, s.time())
	if err != nil {
		return err
	}
	return s.each(ctx, ids, s.Close)
}

// CheckDue asks about attempts without news: within two minutes of a payment it is known without any
// notice. An attempt whose order is decided already is ended.
func (s *Service) CheckDue(ctx context.Context) error {
	ids, err := s.due(ctx, &model.Payment{}, "status IN ? AND check_at <= ?", "check_at", live, s.time())
	if err != nil {
		return err
	}
	return s.each(ctx, ids, s.check)
}

func (s *Service) check(ctx context.Context, id int64) error {
	var p model.Payment
	db := s.db.WithContext(ctx)
	if err := db.Take(&p, id).Error; err != nil {
		return missing(err, "payment", id)
	}
	// The next time is set first: an attempt that makes us fail must not be asked without pause.
	now := s.time()
	pause := min(firstCheck+time.Duration(p.Checks)*10*time.Second, 90*time.Second)
	res := db.Model(&model.Payment{}).Where("id = ? AND checks = ? AND status IN ?", p.ID, p.Checks, live).
		Updates(map[string]any{"check_at": now.Add(pause), "checks": p.Checks + 1})
	if res.Error != nil {
		return fmt.Errorf("payment %s: %w", p.OutTradeNo, res.Error)
	}
	if res.RowsAffected != 1 {
		return nil // another instance has it
	}
	if p.Status == model.PaymentCreated && p.CalledAt != nil && (p.CallUntil == nil || p.CallUntil.Before(s.real())) {
		if err := s.lostCall(ctx, &p); err != nil {
			return err
		}
	}
	var o model.Order
	if err := db.Take(&o, p.OrderID).Error; err != nil {
		return missing(err, "order", p.OrderID)
	}
	if !o.Status.Open() {
		_, err := s.end(ctx, o, p)
		return err
	}
	_, err := s.ask(ctx, p)
	return err
}

// lostCall marks an attempt unknown whose prepay call was cut off, by a kill for instance.
func (s *Service) lostCall(ctx context.Context, p *model.Payment) error {
	return s.kept(ctx, p, func(p *model.Payment) string {
		if p.Status == model.PaymentCreated && p.CallUntil != nil {
			p.Status, p.CallUntil = model.PaymentUnknown, nil
		}
		return "预支付没有得到回应"
	})
}

// batch is how many rows one round of the timetable takes.
const batch = 200

func (s *Service) due(ctx context.Context, table any, where, by string, args ...any) ([]int64, error) {
	var ids []int64
	if err := s.db.WithContext(ctx).Model(table).Where(where, args...).Order(by).Limit(batch).Pluck("id", &ids).Error; err != nil {
		return nil, fmt.Errorf("due %T: %w", table, err)
	}
	return ids, nil
}

// each runs fn for all ids, a few at a time. Many failures in a row mean that WeChat or the database is
// away: the rest waits for the next round. The error is the first one's.
func (s *Service) each(ctx context.Context, ids []int64, fn func(context.Context, int64) error) error {
	const workers, enough = 4, 8
	var inRow atomic.Int32
	var mu sync.Mutex
	var first error
	work := make(chan int64)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for id := range work {
				if err := fn(ctx, id); err != nil {
					inRow.Add(1)
					mu.Lock()
					if first == nil {
						first = err
					}
					mu.Unlock()
				} else {
					inRow.Store(0)
				}
			}
		})
	}
	for _, id := range ids {
		if ctx.Err() != nil || inRow.Load() >= enough {
			break
		}
		work <- id
	}
	close(work)
	wg.Wait()
	return first
}

func closingKey(o model.Order) string { return "closing:" + o.OutTradeNo }

// ReportSlow puts attempts unknown, and orders that cannot be closed, for an hour into the money inbox.
func (s *Service) ReportSlow(ctx context.Context) error {
	since := s.time().Add(-time.Hour)
	var slow []model.Order
	db := s.db.WithContext(ctx)
	if err := db.Where("status = ? AND closing_at <= ? AND via <> ?", model.OrderClosing, since, model.ViaXPay).Limit(batch).Find(&slow).Error; err != nil {
		return fmt.Errorf("orders closing: %w", err)
	}
	var unknown []model.Payment
	if err := db.Where("status = ? AND created_at <= ?", model.PaymentUnknown, since).Limit(batch).Find(&unknown).Error; err != nil {
		return fmt.Errorf("payments unknown: %w", err)
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		for _, o := range slow {
			err := s.Inbox.Add(tx, model.MoneyEntry{
				Kind: model.MoneyClosing, UKey: closingKey(o), OrderID: o.ID, Via: o.Via, OutTradeNo: o.OutTradeNo, Amount: o.Amount,
				What: "订单一小时还没能在微信关闭", Todo: "查看微信支付连接；系统会一直重试，关闭后自动了结",
			})
			if err != nil {
				return err
			}
		}
		for _, p := range unknown {
			err := s.Inbox.Add(tx, model.MoneyEntry{
				Kind: model.MoneyUnknown, UKey: "unknown:" + p.OutTradeNo, OrderID: p.OrderID, Via: p.Via, OutTradeNo: p.OutTradeNo, Amount: p.Total,
				What: "这次支付一小时没有结果", Todo: "查看微信支付连接，在订单上按「问微信」",
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
