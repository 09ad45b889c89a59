package order

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// asked is the outcome of a notice that is Apple's question.
const asked = "asked"

// AnswerApple answers Apple's question from the order's rule and what was studied. The same question again gets
// the same answer, from whichever instance is asked. known false: the question fits no order of ours; it is kept,
// put before a person, and must not be taken for a yes. An error: nothing is committed, ask again.
func (s *Service) AnswerApple(ctx context.Context, a model.AppleAsk) (q model.AppleQuestion, known bool, err error) {
	key := digest(a.PayOrderID, a.RefundTime, a.ChannelBill)
	if q, err = s.asked(ctx, key); err != nil || q.OrderID != 0 {
		return q, q.OrderID != 0, err
	}
	o, no, err := s.orderApple(ctx, plain(a.PayOrderID, 64))
	if err != nil || q.ID != 0 && o.ID == 0 {
		return q, false, err
	}
	if q.ID != 0 { // the number was learned since the question came first
		return s.answerLate(ctx, q, o)
	}
	now := s.time()
	q = model.AppleQuestion{AppID: o.AppID, UKey: key, PayOrderID: plain(a.PayOrderID, 64), Reason: short(plainText(a.Reason), 200), Times: 1, FirstAt: now, LastAt: now}
	if o.ID != 0 {
		done, err := s.studied(ctx, o)
		if err != nil {
			return q, false, err
		}
		q.Decide(o, s.age(o), done)
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		q.ID = 0
		if err := tx.Create(&q).Error; err != nil {
			return err
		}
		if o.ID == 0 {
			err := s.Inbox.Add(tx, model.MoneyEntry{
				Kind: model.MoneyRefundStray, UKey: "apple:" + key, Via: model.ViaXPay, OutTradeNo: q.PayOrderID, What: "Apple 来问一笔付款该不该退，单号不是本店的；没有回答，由 Apple 决定",
				Todo: "到小程序后台的虚拟支付里查这个单号；是本店的订单就看退款结果，再了结",
			})
			if err != nil {
				return err
			}
		}
		return s.keep(tx, model.PayNotice{Source: model.ActorPush, Via: model.ViaXPay, OrderID: o.ID, OutTradeNo: no, Outcome: asked, Raw: string(a.Raw)})
	})
	if _, dup := store.Duplicate(err); dup { // another instance heard the repeat at the same moment
		q, err = s.asked(ctx, key)
		return q, q.OrderID != 0, err
	}
	return q, q.OrderID != 0 && err == nil, err
}

// answerLate answers a question that fitted no order when it was first asked.
func (s *Service) answerLate(ctx context.Context, q model.AppleQuestion, o model.Order) (model.AppleQuestion, bool, error) {
	done, err := s.studied(ctx, o)
	if err != nil {
		return q, false, err
	}
	q.Decide(o, s.age(o), done)
	err = s.tx(ctx, func(tx *gorm.DB) error {
		res := tx.Model(&model.AppleQuestion{}).Where("id = ? AND order_id = 0", q.ID).Select("order_id", "verdict", "agree", "info", "evidence").Updates(&q)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected != 1 { // somebody else was asked at the same moment: their answer stands
			return tx.Take(&q, q.ID).Error
		}
		// What was kept of it while it fitted no order goes with the order from now on, when the buyer is erased too.
		err := tx.Model(&model.PayNotice{}).Where("out_trade_no = ? AND order_id = 0 AND outcome = ?", q.PayOrderID, asked).Updates(map[string]any{"order_id": o.ID}).Error
		if err != nil {
			return fmt.Errorf("notices of apple's question %d: %w", q.ID, err)
		}
		return s.Inbox.Done(tx, "apple:"+q.UKey, model.ActorPush, "单号已认出，已按规则回答 Apple")
	})
	return q, err == nil && q.OrderID != 0, err
}

// asked counts a repeat of a question and gives it with its answer; the zero question when it is new.
func (s *Service) asked(ctx context.Context, key string) (model.AppleQuestion, error) {
	var q model.AppleQuestion
	db := s.db.WithContext(ctx)
	err := db.Where("ukey = ?", key).Take(&q).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.AppleQuestion{}, nil
	}
	if err == nil {
		q.Times, q.LastAt = q.Times+1, s.time()
		err = db.Model(&model.AppleQuestion{}).Where("id = ?", q.ID).Updates(map[string]any{"times": gorm.Expr("times + 1"), "last_at": q.LastAt}).Error
	}
	if err != nil {
		return q, fmt.Errorf("apple's question: %w", err)
	}
	return q, nil
}

// orderApple finds the order behind Apple's pay_order_id: virtual payment's number, ours, or the transaction's,
// since it is not confirmed which it is. The zero order: none of ours.
func (s *Service) orderApple(ctx context.Context, id string) (o model.Order, no string, err error) {
	db := s.db.WithContext(ctx)
	var list []model.Payment
	if id != "" {
		err = db.Where("via = ? AND (wx_order_id = ? OR out_trade_no = ? OR transaction_id = ?)", model.ViaXPay, id, id, id).Limit(2).Find(&list).Error
	}
	if err != nil || len(list) != 1 { // two would be two orders: no guess about money
		return o, id, err
	}
	if err := db.Take(&o, list[0].OrderID).Error; err != nil {
		return o, id, missing(err, "order", list[0].OrderID)
	}
	return o, list[0].OutTradeNo, nil
}

// learnNumber asks virtual payment for its own number of an attempt paid on iOS: the push does not tell it, and
// Apple's question may name nothing else.
func (s *Service) learnNumber(ctx context.Context, o model.Order, p model.Payment) error {
	if p.Via != model.ViaXPay || o.Platform != model.PlatformIOS || p.WxOrderID != "" {
		return nil
	}
	ch, err := s.channel(p.Via)
	if err != nil {
		return err
	}
	call, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	t, err := ch.Query(call, p)
	if err != nil {
		return fmt.Errorf("number of payment %s: %w", p.OutTradeNo, err)
	}
	if t.WxOrderID == "" {
		return nil
	}
	return s.db.WithContext(ctx).Model(&model.Payment{}).Where("id = ?", p.ID).Updates(map[string]any{"wx_order_id": plain(t.WxOrderID, 64)}).Error
}
