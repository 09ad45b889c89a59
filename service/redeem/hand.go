package redeem

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
)

// HandOut takes an unused code out of a batch for somebody who won it. It joins the caller's transaction. ErrNotFound;
// ErrConflict when none is left or the batch is over.
func (s *Service) HandOut(tx *gorm.DB, batchID int64) (code string, err error) {
	var b model.RedeemBatch
	if err := tx.Where("appid = ?", s.AppID).Take(&b, batchID).Error; err != nil {
		return "", missing(err)
	}
	now := model.Milli(s.Now())
	if !now.Before(b.EndsAt) {
		return "", model.Refuse(model.ErrConflict, model.CodeConflict, "兑换码「"+b.Note+"」过期了，发不出去")
	}
	for range 5 { // another winner may be faster
		var c model.RedeemCode
		res := tx.Where("batch_id = ? AND status = ? AND handed_at IS NULL", batchID, model.RedeemUnused).Order("id").Limit(1).Find(&c)
		if res.Error != nil {
			return "", fmt.Errorf("codes of redeem batch %d: %w", batchID, res.Error)
		}
		if res.RowsAffected == 0 {
			return "", model.Refuse(model.ErrConflict, model.CodeConflict, "兑换码「"+b.Note+"」发完了，请再做一批")
		}
		res = tx.Model(&model.RedeemCode{}).Where("id = ? AND status = ? AND handed_at IS NULL", c.ID, model.RedeemUnused).UpdateColumn("handed_at", now)
		if res.Error != nil {
			return "", fmt.Errorf("redeem code %d: %w", c.ID, res.Error)
		}
		if res.RowsAffected == 1 {
			return c.Code, nil
		}
	}
	return "", fmt.Errorf("redeem batch %d: %w: others were faster", batchID, model.ErrUnavailable)
}

// Ready says in words why no code of a batch could be handed out now; "" when one could. ErrNotFound.
func (s *Service) Ready(ctx context.Context, batchID int64) (string, error) {
	b, err := s.Batch(ctx, batchID)
	if err != nil {
		return "", err
	}
	if !s.Now().Before(b.EndsAt) {
		return "这批兑换码过期了", nil
	}
	var n int64
	if err := s.DB.WithContext(ctx).Model(&model.RedeemCode{}).Where("batch_id = ? AND status = ? AND handed_at IS NULL", batchID, model.RedeemUnused).Count(&n).Error; err != nil {
		return "", fmt.Errorf("codes of redeem batch %d: %w", batchID, err)
	}
	if n == 0 {
		return "这批兑换码没有剩的了", nil
	}
	return "", nil
}
