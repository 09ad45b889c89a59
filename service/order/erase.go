package order

import (
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
)

// MoneyOpen tells whether an order waits for money, a refund is undecided or on its way, or money of the
// learner's lies in dispute: then they cannot be erased yet.
func (s *Service) MoneyOpen(tx *gorm.DB, learnerID int64) (bool, error) {
	var orders, refunds, disputed int64
	err := tx.Model(&model.Order{}).Where("learner_id = ? AND status IN ?", learnerID, []model.OrderStatus{model.OrderPending, model.OrderClosing}).Count(&orders).Error
	if err == nil {
		err = tx.Model(&model.Refund{}).Where("order_id IN (?) AND status IN ?", tx.Model(&model.Order{}).Select("id").Where("learner_id = ?", learnerID),
			[]model.RefundState{model.RefundAsked, model.RefundApproved, model.RefundSent, model.RefundProcessing, model.RefundAbnormal}).Count(&refunds).Error
	}
	if err == nil {
		err = tx.Model(&model.Payment{}).Where("order_id IN (?) AND status IN ?", tx.Model(&model.Order{}).Select("id").Where("learner_id = ?", learnerID),
			[]model.PaymentStatus{model.PaymentOrphan, model.PaymentMismatch}).Count(&disputed).Error
	}
	if err != nil {
		return false, fmt.Errorf("open money of learner %d: %w", learnerID, err)
	}
	return orders+refunds+disputed > 0, nil
}

// Erase joins the caller's transaction and takes out of the sales what leads to a human: openids, the words
// of notices, what operators noted, request keys. Sums, numbers and dates stay, so that reports and the ledger still add up;
// what a virtual payment's refund needs of the buyer stays sealed until no refund can come (Forget).
func (s *Service) Erase(tx *gorm.DB, personID int64) error {
	mine := func() *gorm.DB { return tx.Model(&model.Order{}).Select("id").Where("person_id = ?", personID) }
	var learners []int64
	if err := tx.Model(&model.Order{}).Distinct("learner_id").Where("person_id = ?", personID).Pluck("learner_id", &learners).Error; err != nil {
		return fmt.Errorf("erase orders: %w", err)
	}
	if err := s.keepForRefunds(tx, mine()); err != nil {
		return err
	}
	for _, q := range []*gorm.DB{
		tx.Model(&model.PayNotice{}).Where("order_id IN (?)", mine()).Updates(map[string]any{"raw": ""}),
		tx.Model(&model.AppleQuestion{}).Where("order_id IN (?)", mine()).Updates(map[string]any{"reason": ""}),
		tx.Model(&model.Payment{}).Where("order_id IN (?)", mine()).Updates(map[string]any{"openid": ""}),
		tx.Model(&model.Order{}).Where("person_id = ?", personID).Updates(map[string]any{"openid": "", "proof": ""}),
		tx.Where("order_id IN (?)", mine()).Delete(&model.AbandonedNote{}),
		tx.Where("learner_id IN ?", append(learners, 0)).Delete(&requestKey{}),
	} {
		if q.Error != nil {
			return fmt.Errorf("erase orders: %w", q.Error)
		}
	}
	return nil
}
