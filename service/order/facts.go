package order

import (
	"context"
	"fmt"

	"loudou/model"
)

// RefundFacts gives what a refund of an order is decided by: time, the order's rule and what it says, what was
// studied, the learner's other orders and refunds.
func (s *Service) RefundFacts(ctx context.Context, no string) (model.Order, model.RefundFacts, error) {
	var f model.RefundFacts
	db := s.db.WithContext(ctx)
	o, err := s.byNo(db, no)
	if err != nil {
		return o, f, err
	}
	f.Apple = o.Via == model.ViaXPay && o.Platform == model.PlatformIOS
	f.Rule, f.Age = o.RefundRule, s.age(o)
	f.Days = int(f.Age.Hours() / 24)
	if o.Kind == model.OrderForGift {
		g, err := s.Gifts.Of(db, o.ID)
		if err != nil {
			return o, f, err
		}
		f.Gift = g.Status
	}
	if f.Study, err = s.studied(ctx, o); err != nil {
		return o, f, err
	}
	f.Judge()
	others := db.Model(&model.Order{}).Where("learner_id = ? AND appid = ? AND id <> ?", o.LearnerID, o.AppID, o.ID)
	if err := others.Where("paid_at IS NOT NULL").Count(&f.OtherOrders).Error; err != nil {
		return o, f, fmt.Errorf("orders of learner %d: %w", o.LearnerID, err)
	}
	var sum struct {
		N      int64
		Amount model.Fen
	}
	of := db.Model(&model.Order{}).Select("id").Where("learner_id = ? AND appid = ?", o.LearnerID, o.AppID)
	err = db.Model(&model.Refund{}).Select("COUNT(*) AS n, COALESCE(SUM(amount), 0) AS amount").
		Where("order_id IN (?) AND order_id <> ? AND kind = ? AND status = ?", of, o.ID, model.RefundOfOrder, model.RefundSuccess).Scan(&sum).Error
	if err == nil {
		err = db.Model(&model.Refund{}).Where("order_id IN (?) AND status = ?", of, model.RefundRefused).Count(&f.Refused).Error
	}
	if err != nil {
		return o, f, fmt.Errorf("refunds of learner %d: %w", o.LearnerID, err)
	}
	f.EarlierRefunds, f.EarlierRefunded = sum.N, sum.Amount
	return o, f, nil
}

// Waiting counts who holds an order for a course that may still be paid, by the price it was placed at: they pay
// that price, whatever the course costs by then.
func (s *Service) Waiting(ctx context.Context, courseID int64) ([]WaitingAt, error) {
	list := []WaitingAt{}
	err := s.db.WithContext(ctx).Model(&model.Order{}).Select("list_price - flash_off AS price, COUNT(DISTINCT learner_id) AS people").
		Where("course_id = ? AND status = ? AND expires_at > ?", courseID, model.OrderPending, s.time()).Group("list_price - flash_off").Order("price").Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("orders waiting for course %d: %w", courseID, err)
	}
	return list, nil
}

// WaitingAt is how many people hold an unpaid order at a price.
type WaitingAt struct {
	Price  model.Fen
	People int64
}

// OfLearner lists a learner's orders, newest first.
func (s *Service) OfLearner(ctx context.Context, learnerID int64) ([]model.Order, error) {
	list := []model.Order{}
	if err := s.db.WithContext(ctx).Where("learner_id = ?", learnerID).Order("id DESC").Limit(1000).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("orders of learner %d: %w", learnerID, err)
	}
	return list, nil
}

// Of lists a learner's orders for a course, newest first: why they may, or may not, see it.
func (s *Service) Of(ctx context.Context, learnerID, courseID int64) ([]model.Order, error) {
	list := []model.Order{}
	if err := s.db.WithContext(ctx).Where("learner_id = ? AND course_id = ?", learnerID, courseID).Order("id DESC").Limit(100).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("orders of learner %d: %w", learnerID, err)
	}
	return list, nil
}
