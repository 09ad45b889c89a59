package order

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"loudou/model"
)

// Settle takes in what a channel says about one out_trade_no, whoever brings it: notify, push, query or
// bill. It is the only way into "paid" besides a price of zero and an operator's word. Told again, in any
// order and at the same moment, it has one effect. The error means that nothing was committed and telling
// again may help; every outcome, mismatch and orphan too, is committed and no error.
func (s *Service) Settle(ctx context.Context, t model.Transaction, who model.Actor, noticeID string) (model.Settlement, error) {
	p, err := paymentByNo(s.db.WithContext(ctx), plain(t.OutTradeNo, 64))
	if err != nil {
		return "", err
	}
	out := model.SettleStray
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if p == nil {
			return s.keepStray(tx, t, who, noticeID)
		}
		var err error
		out, err = s.settle(tx, p.OrderID, p.ID, t, who)
		if err != nil || out == model.SettleNothing && who == model.ActorQuery {
			return err // "not paid yet" is asked for by the minute and proves nothing
		}
		return s.keep(tx, model.PayNotice{Source: who, Via: t.Via, NoticeID: noticeID, OrderID: p.OrderID, OutTradeNo: t.OutTradeNo, Outcome: string(out), Raw: string(t.Raw)})
	})
	if err != nil {
		return "", fmt.Errorf("settle %s: %w", plain(t.OutTradeNo, 64), err)
	}
	if out == model.SettleMismatch || out == model.SettleStray {
		slog.Warn("payment does not fit", "outcome", out, "out_trade_no", plain(t.OutTradeNo, 64), "source", who)
	}
	return out, nil
}

func (s *Service) settle(tx *gorm.DB, orderID, paymentID int64, t model.Transaction, who model.Actor) (model.Settlement, error) {
	o, err := lockOrder(tx, orderID)
	if err != nil {
		return "", err
	}
	p, err := lockPayment(tx, paymentID)
	if err != nil {
		return "", err
	}
	fromOrder, fromPayment := o.Status, p.Status
	var out model.Settlement
	fault := ""
	if t.Paid() {
		fault, err = s.usedElsewhere(tx, p, t)
		if err != nil {
			return "", err
		}
	}
	if fault != "" {
		out = model.SettleMismatch
		if p.Status.Live() {
			p.Status, p.TradeState = model.PaymentMismatch, t.TradeState
		}
	} else {
		out, fault = o.Settle(&p, t, s.time())
	}
	why := "微信：" + string(t.TradeState)
	if fault != "" {
		why = fault
	}
	switch out {
	case model.SettleNothing:
		return out, s.heard(tx, &p, t)
	case model.SettleKnown:
		return out, nil
	case model.SettleDead:
		return out, s.savePayment(tx, &p, fromPayment, who, why)
	}
	if p.Status != fromPayment {
		if err := s.savePayment(tx, &p, fromPayment, who, why); err != nil {
			return "", err
		}
	}
	switch out {
	case model.SettlePaid, model.SettleLate:
		if err := s.saveOrder(tx, &o, fromOrder, who, why); err != nil {
			return "", err
		}
		if err := s.opened(tx, o, "pay:"+*p.TransactionID, who); err != nil {
			return "", err
		}
	case model.SettleOrphan:
		if err := s.giveBack(tx, o, p, who); err != nil {
			return "", err
		}
	}
	return out, s.report(tx, out, fromOrder, o, p, t, fault)
}

// usedElsewhere looks for another attempt that has this transaction_id: one payment buys one thing.
func (s *Service) usedElsewhere(tx *gorm.DB, p model.Payment, t model.Transaction) (string, error) {
	var other model.Payment
	res := tx.Where("via = ? AND transaction_id = ? AND id <> ?", t.Via, plain(t.TransactionID, 64), p.ID).Limit(1).Find(&other)
	if res.Error != nil {
		return "", fmt.Errorf("transaction %s: %w", plain(t.TransactionID, 64), res.Error)
	}
	if res.RowsAffected == 0 {
		return "", nil
	}
	return "支付单号已用于 " + other.OutTradeNo, nil
}

// heard notes that the channel knows the number and has no money for it.
func (s *Service) heard(tx *gorm.DB, p *model.Payment, t model.Transaction) error {
	if p.Status != model.PaymentUnknown && (p.Status != model.PaymentCreated || p.CalledAt == nil) || t.TradeState == model.TradeClosed {
		return nil
	}
	from := p.Status
	p.Status = model.PaymentPrepaid
	return s.savePayment(tx, p, from, model.ActorQuery, "微信："+string(t.TradeState))
}

// giveBack plans the return of money nobody wants. Its number follows from the attempt's, so it is one
// refund however often it is planned.
func (s *Service) giveBack(tx *gorm.DB, o model.Order, p model.Payment, who model.Actor) error {
	now := s.time()
	soon := s.real()
	r := model.Refund{
		OutRefundNo: "R" + p.OutTradeNo, OrderID: o.ID, PaymentID: p.ID, OutTradeNo: p.OutTradeNo, Via: p.Via, Kind: model.RefundOfOrphan,
		Amount: p.Total, Total: p.Total, Left: p.Total, Reason: "重复或逾期的付款", Status: model.RefundApproved, AskedBy: who, ApprovedBy: model.ActorSystem,
		NextAt: &soon, CreatedAt: now, UpdatedAt: now,
	}
	if err := tx.Create(&r).Error; err != nil {
		return fmt.Errorf("refund %s: %w", r.OutRefundNo, err)
	}
	if err := s.change(tx, model.ThingRefund, r.ID, o.ID, "", string(r.Status), model.ActorSystem, r.Reason); err != nil {
		return err
	}
	if err := s.Queue.Add(tx, jobRefund, fmt.Sprint(r.ID), refundJob{RefundID: r.ID}, time.Time{}); err != nil {
		return err
	}
	return s.tell(tx, o, MessageReturned)
}

// report puts what does not add up into the money inbox.
func (s *Service) report(tx *gorm.DB, out model.Settlement, was model.OrderStatus, o model.Order, p model.Payment, t model.Transaction, fault string) error {
	e := model.MoneyEntry{OrderID: o.ID, Via: t.Via, OutTradeNo: p.OutTradeNo, TransactionID: plain(t.TransactionID, 64), Amount: t.Total}
	switch out {
	case model.SettlePaid:
		if t.TradeState == model.TradeRefund {
			e.Kind, e.UKey = model.MoneyRefundStray, "refunded:"+p.OutTradeNo
			e.What, e.Todo = "微信说这笔付款已有退款，本店没有发起过", "到商户平台查看退款；属实就在订单上按已退处理"
			return s.Inbox.Add(tx, e)
		}
		return s.Inbox.Done(tx, mismatchKey(p.OutTradeNo), model.ActorSystem, "后来的消息与订单相符，已入账")
	case model.SettleLate:
		e.Kind, e.UKey = model.MoneyLateApple, "late:"+p.OutTradeNo
		e.What, e.Todo = "iOS 用户在订单关闭后付款，课程已开通", "只有 Apple 能退款；用户不想要时请他到 App Store 申请"
	case model.SettleKept:
		e.Kind, e.UKey = model.MoneyTwiceApple, "twice:"+p.OutTradeNo
		e.What, e.Todo = "iOS 用户为同一订单付了第二笔", "只有 Apple 能退款：请用户到 reportaproblem.apple.com 申请退款"
	case model.SettleOrphan:
		e.Kind, e.UKey = model.MoneyTwice, orphanKey(p.OutTradeNo)
		e.What, e.Todo = "订单已付款，又收到一笔", "系统正在原路退回，退回后自动了结"
		if was == model.OrderClosed {
			e.Kind, e.What = model.MoneyAfterClose, "订单关闭后收到付款"
		}
	case model.SettleMismatch:
		e.Kind, e.UKey = model.MoneyMismatch, mismatchKey(p.OutTradeNo)
		e.What, e.Todo = "付款与订单不符："+short(plainText(fault), 300), "课程没有开通。核对商户平台的这笔交易，属实则退款给用户，再了结"
		if was.Holding() {
			e.Todo = "订单早已入账，课程开着。核对商户平台的这笔交易，多收的在商户平台退给用户，再了结"
		}
	default:
		return nil
	}
	return s.Inbox.Add(tx, e)
}

func mismatchKey(no string) string { return "mismatch:" + no }
func orphanKey(no string) string   { return "orphan:" + no }

// plainText keeps a fault readable although parts of it came from outside.
func plainText(s string) string {
	out := []rune(s)
	for i, r := range out {
		if r < 0x20 || r == 0x7f {
			out[i] = ' '
		}
	}
	return string(out)
}

// keepStray keeps money under a number we never gave.
func (s *Service) keepStray(tx *gorm.DB, t model.Transaction, who model.Actor, noticeID string) error {
	no := plain(t.OutTradeNo, 64)
	if t.Paid() {
		id := plain(t.TransactionID, 64)
		if id == "" {
			id = no
		}
		err := s.Inbox.Add(tx, model.MoneyEntry{
			Kind: model.MoneyStray, UKey: "stray:" + id, Via: t.Via, OutTradeNo: no, TransactionID: plain(t.TransactionID, 64), Amount: t.Total,
			What: "收到一笔付款，商户订单号不是本店的", Todo: "到商户平台核对这笔交易；不是别的系统的订单就退款，再了结",
		})
		if err != nil {
			return err
		}
	}
	return s.keep(tx, model.PayNotice{Source: who, Via: t.Via, NoticeID: noticeID, OutTradeNo: t.OutTradeNo, Outcome: string(model.SettleStray), Raw: string(t.Raw)})
}

// KeepMalformed keeps the words of a truly signed notice nobody can read, and puts it before an operator:
// money may stand behind it.
func (s *Service) KeepMalformed(ctx context.Context, via model.Via, who model.Actor, noticeID string, raw []byte) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		err := s.Inbox.Add(tx, model.MoneyEntry{
			Kind: model.MoneyUnreadable, UKey: "unreadable:" + digest(string(raw)), Via: via, What: "微信发来的支付消息无法读取，编号 " + plain(noticeID, 64),
			Todo: "到商户平台核对这个时间前后的交易，并把原文交给技术人员",
		})
		if err != nil {
			return err
		}
		return s.keep(tx, model.PayNotice{Source: who, Via: via, NoticeID: noticeID, Outcome: "malformed", Raw: string(raw)})
	})
}

// KeepOther keeps a notice of a kind that means nothing to us.
func (s *Service) KeepOther(ctx context.Context, via model.Via, who model.Actor, noticeID string, raw []byte) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		return s.keep(tx, model.PayNotice{Source: who, Via: via, NoticeID: noticeID, Outcome: "other", Raw: string(raw)})
	})
}

// SettleXPay takes in a push of virtual payment. done says that the push may be answered with ErrCode 0:
// its outcome, whatever it is, is committed. Otherwise WeChat shall push again.
func (s *Service) SettleXPay(ctx context.Context, t model.Transaction) (done bool) {
	if _, err := s.Settle(ctx, t, model.ActorPush, ""); err != nil {
		slog.Error("virtual payment push not settled", "out_trade_no", plain(t.OutTradeNo, 64), "error", err)
		return false
	}
	return true
}

type orderJob struct {
	OrderID int64 `json:"order_id"`
	ByQuery bool  `json:"by_query,omitempty"`
}

type tellJob struct {
	OrderID int64   `json:"order_id"`
	Message Message `json:"message"`
}

// tell joins the caller's transaction and queues a message to the buyer, where there is a way to send one.
func (s *Service) tell(tx *gorm.DB, o model.Order, m Message) error {
	if s.Messenger == nil {
		return nil
	}
	return s.Queue.Add(tx, jobTell, fmt.Sprintf("%d:%s:%d", o.ID, m, o.Refunded), tellJob{OrderID: o.ID, Message: m}, time.Time{})
}

func (s *Service) jobTell(ctx context.Context, payload json.RawMessage) error {
	var j tellJob
	if err := json.Unmarshal(payload, &j); err != nil {
		return fmt.Errorf("job: %w", model.ErrInvalid)
	}
	var o model.Order
	if err := s.db.WithContext(ctx).Take(&o, j.OrderID).Error; err != nil {
		return missing(err, "order", j.OrderID)
	}
	if s.Messenger == nil {
		return nil
	}
	return s.Messenger.Tell(ctx, o, j.Message)
}

// afterPaid ends the order's other attempts at WeChat, so that no second payment can come, and tells
// WeChat that the goods were handed over, where that is a duty. Safe to run twice.
func (s *Service) afterPaid(ctx context.Context, payload json.RawMessage) error {
	var j orderJob
	if err := json.Unmarshal(payload, &j); err != nil {
		return fmt.Errorf("job: %w", model.ErrInvalid)
	}
	var o model.Order
	if err := s.db.WithContext(ctx).Take(&o, j.OrderID).Error; err != nil {
		return missing(err, "order", j.OrderID)
	}
	list, err := attempts(s.db.WithContext(ctx), o.ID)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.Status.Live() {
			if _, err := s.end(ctx, o, p); err != nil {
				return err
			}
		}
		if p.OutTradeNo == o.PaidBy {
			if err := s.learnNumber(ctx, o, p); err != nil {
				return err
			}
		}
		if p.OutTradeNo != o.PaidBy || p.Via == model.ViaXPay && !j.ByQuery {
			continue // a push that was answered has told WeChat already
		}
		ch, err := s.channel(p.Via)
		if err != nil {
			return err
		}
		call, cancel := context.WithTimeout(ctx, callTime)
		err = ch.Deliver(call, o, p)
		cancel()
		if err != nil {
			return fmt.Errorf("deliver order %s: %w", o.OutTradeNo, err)
		}
	}
	return nil
}
