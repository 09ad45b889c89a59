package coupon

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Issue makes a coupon of one use after another, for somebody who won it, and gives its code. It joins the caller's
// transaction. ErrNotFound; ErrConflict when the one it is made after is stopped or over.
func (s *Service) Issue(tx *gorm.DB, id int64) (code string, err error) {
	var c model.Coupon
	if err := store.Lock(tx).Where("appid = ? AND parent_id = 0", s.appid).Take(&c, id).Error; err != nil {
		return "", missing(err)
	}
	now := model.Milli(s.now())
	switch c.State(now) {
	case model.CouponDisabled:
		return "", model.Refuse(model.ErrConflict, model.CodeConflict, "优惠券「"+c.Name+"」停用了，发不出去")
	case model.CouponOver:
		return "", model.Refuse(model.ErrConflict, model.CodeConflict, "优惠券「"+c.Name+"」过期了，发不出去")
	}
	one := model.Coupon{
		AppID: s.appid, Code: model.NewCode(codeLength), Name: c.Name, Off: c.Off, Percent: c.Percent, CourseIDs: c.CourseIDs, StartsAt: c.StartsAt, EndsAt: c.EndsAt,
		Stock: 1, PerPerson: 1, ParentID: c.ID, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if err := tx.Create(&one).Error; err != nil {
		return "", fmt.Errorf("coupon after %d: %w", id, err)
	}
	return one.Code, nil
}

// Ready says in words why none could be made after a coupon now; "" when one could. ErrNotFound.
func (s *Service) Ready(ctx context.Context, id int64) (string, error) {
	var c model.Coupon
	if err := s.db.WithContext(ctx).Where("appid = ? AND parent_id = 0", s.appid).Take(&c, id).Error; err != nil {
		return "", missing(err)
	}
	switch c.State(s.now()) {
	case model.CouponDisabled:
		return "这张优惠券停用了", nil
	case model.CouponOver:
		return "这张优惠券过期了", nil
	}
	return "", nil
}
