package order

import (
	"gorm.io/gorm"

	"loudou/model"
)

// discount puts a coupon on an order that is being made; the sum it leaves may be zero, never less.
func (s *Service) discount(tx *gorm.DB, o *model.Order, code string) error {
	if code == "" {
		return nil
	}
	if s.Coupons == nil {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "没有这张优惠券").Field("coupon_code", "没有这张优惠券")
	}
	id, off, err := s.Coupons.Find(tx, code, o.LearnerID, o.CourseID, o.Amount)
	if err != nil {
		return err
	}
	o.CouponID, o.Discount, o.Amount = id, off, o.Amount-off
	return nil
}

// sameCoupon refuses another coupon for an order that is open already: its sum stands. No code means the
// order as it is.
func (s *Service) sameCoupon(tx *gorm.DB, o model.Order, code string) error {
	if code == "" {
		return nil
	}
	if s.Coupons != nil && o.CouponID != 0 {
		if used, err := s.Coupons.CodeOf(tx, o.CouponID); err != nil || used == model.TypedCode(code) {
			return err
		}
	}
	return model.Refuse(model.ErrConflict, model.CodeOrderOpen, "这门课程有一个待付款的订单，要换优惠券请先取消它")
}

// chooseFor is choose for the sum that is really due: virtual payment does not take every discount.
func chooseFor(wish model.Via, item model.Item, o model.Order) (model.Via, error) {
	sold := len(item.Vias) > 0
	item.Vias = item.ViasFor(o.ListPrice, o.Amount, o.Platform)
	tooDeep := o.Discount > 0 && !model.XPayTakes(o.ListPrice, o.Amount, o.Platform)
	if item.OnSale && tooDeep && (wish == model.ViaXPay || sold && len(item.Vias) == 0) {
		return "", model.Refuse(model.ErrConflict, model.CodeDiscountNotPayable, "优惠太多，虚拟支付收不了这个金额，请换一张优惠券")
	}
	return choose(wish, item)
}
