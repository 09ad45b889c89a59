package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// pushNow sends an approved refund at once, so that the operator sees it on its way. Failing is no error
// here: the job and the timetable send it again under the same number.
func (s *Service) pushNow(ctx context.Context, r model.Refund) model.Refund {
	if r.Status != model.RefundApproved {
		return r
	}
	if err := s.push(ctx, r.ID); err != nil {
		slog.Warn("refund not sent yet", "out_refund_no", r.OutRefundNo, "error", err)
	}
	var now model.Refund
	if err := s.db.WithContext(ctx).Take(&now, r.ID).Error; err != nil {
		return r
	}
	return now
}

func (s *Service) jobPush(ctx context.Context, payload json.RawMessage) error {
	var j refundJob
	if err := json.Unmarshal(payload, &j); err != nil {
		return fmt.Errorf("job: %w", model.ErrInvalid)
	}
	// The timetable keeps trying for as long as it takes; a job that died would only add noise.
	if err := s.push(ctx, j.RefundID); err != nil {
		slog.Warn("refund not sent yet", "refund", j.RefundID, "error", err)
	}
	return nil
}

// RefundDue works on every refund that is on its way and due: it is sent, sent again, or asked about.
func (s *Service) RefundDue(ctx context.Context) error {
	ids, err := s.due(ctx, &model.Refund{}, "status IN ? AND next_at <= ?", "next_at", moving, s.real())
	if err != nil {
		return err
	}
	return s.each(ctx, ids, s.push)
}

var moving = []model.RefundState{model.RefundApproved, model.RefundSent, model.RefundProcessing}

const pushLease = 30 * time.Second

// push moves one refund on: it commits that it is sent, calls the channel, and books what the channel
// says. Repeats carry the same number. Two at once: one of them works.
func (s *Service) push(ctx context.Context, id int64) error {
	ctx = context.WithoutCancel(ctx) // what was sent must be booked
	now := s.real()
	res := s.db.WithContext(ctx).Model(&model.Refund{}).Where("id = ? AND status IN ? AND next_at <= ?", id, moving, now).
		Updates(map[string]any{"next_at": now.Add(pushLease), "tries": gorm.Expr("tries + 1")})
	if res.Error != nil {
		return fmt.Errorf("refund %d: %w", id, res.Error)
	}
	if res.RowsAffected != 1 {
		return nil
	}
	var r model.Refund
	var p model.Payment
	first := false
	err := s.tx(ctx, func(tx *gorm.DB) error {
		var seen model.Refund
		if err := tx.Take(&seen, id).Error; err != nil {
			return missing(err, "refund", id)
		}
		if _, err := lockOrder(tx, seen.OrderID); err != nil {
			return err
		}
		var err error
		if p, err = lockPayment(tx, seen.PaymentID); err != nil {
			return err
		}
		r = model.Refund{}
		if err := store.Lock(tx).Take(&r, id).Error; err != nil {
			return missing(err, "refund", id)
		}
		if first = r.Status == model.RefundApproved; !first {
			return nil
		}
		at := s.time()
		r.Status, r.SentAt = model.RefundSent, &at
		return s.saveRefund(tx, &r, model.RefundApproved, model.ActorSystem, "交给微信")
	})
	if err != nil || !r.Status.Moving() {
		return err
	}
	ch, err := s.channel(r.Via)
	if err != nil {
		return s.later(ctx, r, err)
	}
	news, err := s.send(ctx, ch, p, r, first)
	if err != nil {
		return s.later(ctx, r, err)
	}
	if _, err := s.Book(ctx, news, model.ActorQuery, ""); err != nil {
		return err
	}
	// Still on its way: ask once a minute at first, then every ten.
	pause := time.Minute
	if r.Tries > 10 {
		pause = 10 * time.Minute
	}
	return s.db.WithContext(ctx).Model(&model.Refund{}).Where("id = ? AND status IN ?", id, moving).
		Updates(map[string]any{"next_at": s.real().Add(pause), "error": ""}).Error
}

// send calls the channel: the refund itself while nobody knows whether it arrived, else how it stands.
func (s *Service) send(ctx context.Context, ch Channel, p model.Payment, r model.Refund, first bool) (model.RefundNews, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*callTime)
	defer cancel()
	if !first {
		news, err := ch.QueryRefund(ctx, p, r)
		if !errors.Is(err, model.ErrNotFound) {
			return news, err
		}
	}
	return ch.Refund(ctx, p, r)
}

// later keeps why a refund could not be moved on, and when to try again: soon where the channel did not
// answer, hourly and with an entry for a person where it refused.
func (s *Service) later(ctx context.Context, r model.Refund, failed error) error {
	no := refused(failed)
	pause := min(10*time.Second<<min(r.Tries, 6), 10*time.Minute)
	if no {
		pause = time.Hour
	}
	words := "微信没有回应"
	var refusal *model.Refusal
	if errors.As(failed, &refusal) {
		words = short(plainText(refusal.Text), 150)
	} else if no {
		words = "微信拒绝了这笔退款"
	}
	err := s.tx(ctx, func(tx *gorm.DB) error {
		err := tx.Model(&model.Refund{}).Where("id = ? AND status IN ?", r.ID, moving).
			Updates(map[string]any{"next_at": s.real().Add(pause), "error": words}).Error
		if err != nil || !no && r.Tries < 10 {
			return err
		}
		return s.Inbox.Add(tx, refundEntry(r, model.MoneyRefundFailed, "退款没有成功："+words, "按微信给的原因处理（余额不足就充值）；系统每小时以同一单号重试"))
	})
	if err != nil {
		return err
	}
	return fmt.Errorf("refund %s: %w", r.OutRefundNo, failed)
}

func refundEntry(r model.Refund, kind model.MoneyKind, what, todo string) model.MoneyEntry {
	return model.MoneyEntry{
		Kind: kind, UKey: refundKey(r.OutRefundNo), OrderID: r.OrderID, Via: r.Via, OutTradeNo: r.OutTradeNo, OutRefundNo: r.OutRefundNo,
		Amount: r.Amount, What: what, Todo: todo,
	}
}

func refundKey(no string) string { return "refund:" + no }

// Book takes in what a channel says about one out_refund_no, whoever brings it: the answer to our call, a
// notify, a push or a query. Told again, in any order and at the same moment, it has one effect. The error
// means that nothing was committed and telling again may help.
func (s *Service) Book(ctx context.Context, n model.RefundNews, who model.Actor, noticeID string) (model.RefundOutcome, error) {
	n.OutRefundNo = plain(n.OutRefundNo, 64)
	var found model.Refund
	res := s.db.WithContext(ctx).Where("out_refund_no = ?", n.OutRefundNo).Limit(1).Find(&found)
	if res.Error != nil {
		return "", fmt.Errorf("refund %s: %w", n.OutRefundNo, res.Error)
	}
	if res.RowsAffected == 0 {
		return s.bookForeign(ctx, n, who, noticeID)
	}
	out := model.RefundOutcome("")
	err := s.tx(ctx, func(tx *gorm.DB) error {
		o, err := lockOrder(tx, found.OrderID)
		if err != nil {
			return err
		}
		p, err := lockPayment(tx, found.PaymentID)
		if err != nil {
			return err
		}
		var r model.Refund
		if err := store.Lock(tx).Take(&r, found.ID).Error; err != nil {
			return missing(err, "refund", found.ID)
		}
		from := r.Status
		fault := ""
		out, fault = r.Book(n, s.time())
		if r.Status != from {
			if err := s.saveRefund(tx, &r, from, who, "微信："+string(n.Status)); err != nil {
				return err
			}
		}
		if err := s.booked(tx, out, fault, &o, &p, r, who); err != nil {
			return err
		}
		if out == model.BookKnown && who == model.ActorQuery {
			return nil
		}
		return s.keep(tx, model.PayNotice{Source: who, Via: r.Via, NoticeID: noticeID, OrderID: o.ID, OutTradeNo: r.OutTradeNo, OutRefundNo: r.OutRefundNo, Outcome: string(out), Raw: string(n.Raw)})
	})
	if err != nil {
		return "", fmt.Errorf("book refund %s: %w", n.OutRefundNo, err)
	}
	return out, nil
}

// booked does what belongs to a refund's step: order, grant, fact and inbox move with it.
func (s *Service) booked(tx *gorm.DB, out model.RefundOutcome, fault string, o *model.Order, p *model.Payment, r model.Refund, who model.Actor) error {
	ours := r.Kind == model.RefundOfOrder
	switch out {
	case model.BookSuccess:
		if err := s.Inbox.Done(tx, refundKey(r.OutRefundNo), who, "退款已成功"); err != nil {
			return err
		}
		if ours {
			return s.givenBack(tx, o, r, who)
		}
		if err := s.Inbox.Done(tx, orphanKey(p.OutTradeNo), who, "已原路退回"); err != nil {
			return err
		}
		from := p.Status
		if p.Status = model.PaymentReturned; !from.CanBecome(p.Status) {
			return nil
		}
		return s.savePayment(tx, p, from, who, "已原路退回 "+r.OutRefundNo)
	case model.BookFailed:
		if ours {
			if err := s.bought(*o).Thaw(tx, o.ID, who, "退款失败 "+r.OutRefundNo); err != nil {
				return err
			}
		}
		return s.Inbox.Add(tx, refundEntry(r, model.MoneyRefundFailed, "微信关闭了这笔退款，钱没有退出去", "查明原因后重新发起一笔退款；课程已恢复"))
	case model.BookAbnormal:
		return s.Inbox.Add(tx, refundEntry(r, model.MoneyRefundAbnormal, "退款异常：用户的卡已失效，钱退不回去", "到商户平台「退款异常处理」改退到用户其他银行卡或商户账户；处理后系统自动更新"))
	case model.BookMismatch:
		e := refundEntry(r, model.MoneyRefundMismatch, "退款消息与本店不符："+short(plainText(fault), 300), "到商户平台核对这笔退款，再了结")
		e.UKey = "refund-mismatch:" + r.OutRefundNo
		return s.Inbox.Add(tx, e)
	}
	return nil
}

// givenBack books a success on the order: access ends with the last of the money.
func (s *Service) givenBack(tx *gorm.DB, o *model.Order, r model.Refund, who model.Actor) error {
	from := o.Status
	if !o.Refund(r.Amount) {
		return fmt.Errorf("refund %s: more than was paid for order %d", r.OutRefundNo, o.ID)
	}
	if err := s.saveOrder(tx, o, from, who, "退款 ¥"+r.Amount.Yuan()); err != nil {
		return err
	}
	var err error
	if o.Status == model.OrderRefunded {
		err = s.bought(*o).Revoke(tx, o.ID, who, "已全额退款 "+r.OutRefundNo)
	} else {
		err = s.bought(*o).Thaw(tx, o.ID, who, "部分退款完成 "+r.OutRefundNo)
	}
	if err != nil {
		return err
	}
	if err := s.Facts.Add(tx, fact(*o, model.EventRefunded, "refund:"+r.OutRefundNo, r.Amount, *r.SucceededAt)); err != nil {
		return err
	}
	return s.tell(tx, *o, MessageRefunded)
}

// bookForeign takes in a refund we did not start. On iOS that is Apple's, and the order follows it;
// elsewhere a person must look.
func (s *Service) bookForeign(ctx context.Context, n model.RefundNews, who model.Actor, noticeID string) (model.RefundOutcome, error) {
	no := plain(n.OutTradeNo, 64)
	p, err := paymentByNo(s.db.WithContext(ctx), no)
	if err != nil {
		return "", err
	}
	out := model.BookMismatch
	err = s.tx(ctx, func(tx *gorm.DB) error {
		notice := model.PayNotice{Source: who, Via: n.Via, NoticeID: noticeID, OutTradeNo: no, OutRefundNo: n.OutRefundNo, Raw: string(n.Raw)}
		entry := model.MoneyEntry{
			Kind: model.MoneyRefundStray, UKey: "refund-stray:" + no + ":" + n.OutRefundNo, Via: n.Via, OutTradeNo: no, OutRefundNo: n.OutRefundNo, TransactionID: plain(n.TransactionID, 64),
			Amount: n.Amount, What: "有一笔退款不是本店发起的", Todo: "到商户平台核对是谁退的款；属实就收回课程，再了结",
		}
		out = model.BookMismatch
		if p != nil {
			notice.OrderID, entry.OrderID = p.OrderID, p.OrderID
			o, err := lockOrder(tx, p.OrderID)
			if err != nil {
				return err
			}
			done, err := s.bookApple(tx, &o, *p, n, who)
			if err != nil {
				return err
			}
			if done {
				out = model.BookSuccess
			}
		}
		notice.Outcome = string(out)
		if out == model.BookMismatch {
			if err := s.Inbox.Add(tx, entry); err != nil {
				return err
			}
		}
		return s.keep(tx, notice)
	})
	if err != nil {
		return "", fmt.Errorf("book foreign refund %s: %w", n.OutRefundNo, err)
	}
	return out, nil
}

// bookApple books a refund Apple gave for the payment behind o; false when it is something else.
func (s *Service) bookApple(tx *gorm.DB, o *model.Order, p model.Payment, n model.RefundNews, who model.Actor) (bool, error) {
	apple := p.Via == model.ViaXPay && o.Platform == model.PlatformIOS && n.Via == model.ViaXPay && n.Status == model.RefundStatusSuccess
	if !apple || !o.Status.Holding() || o.PaidBy != p.OutTradeNo || n.OutRefundNo == "" {
		return false, nil
	}
	others, err := refundsOf(tx, o.ID)
	if err != nil {
		return false, err
	}
	if o.Reserve(n.Amount, others) != nil {
		return false, nil
	}
	now := s.time()
	r := model.Refund{
		OutRefundNo: n.OutRefundNo, OrderID: o.ID, PaymentID: p.ID, OutTradeNo: p.OutTradeNo, Via: p.Via, Kind: model.RefundOfOrder, Amount: n.Amount, Total: p.Total, Left: o.Left(),
		Reason: "Apple 已退款", Status: model.RefundSuccess, AskedBy: who, ApprovedBy: who, RefundID: plain(n.RefundID, 64), SucceededAt: n.SucceededAt, CreatedAt: now, UpdatedAt: now,
	}
	if r.SucceededAt == nil {
		r.SucceededAt = &now
	}
	if err := tx.Create(&r).Error; err != nil {
		return false, fmt.Errorf("refund %s: %w", r.OutRefundNo, err)
	}
	if err := s.change(tx, model.ThingRefund, r.ID, o.ID, "", string(r.Status), who, r.Reason); err != nil {
		return false, err
	}
	return true, s.givenBack(tx, o, r, who)
}

// BookXPay takes in a refund push of virtual payment. done as in SettleXPay.
func (s *Service) BookXPay(ctx context.Context, n model.RefundNews) (done bool) {
	if _, err := s.Book(ctx, n, model.ActorPush, ""); err != nil {
		slog.Error("virtual payment refund push not booked", "out_refund_no", n.OutRefundNo, "error", err)
		return false
	}
	return true
}
