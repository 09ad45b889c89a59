package ordertest

import "loudou/model"

// coupons compares the uses with the orders that carry them, and the counted stock with the uses.
func (c *checker) coupons() error {
	if !c.tx.Migrator().HasTable("coupons") {
		return nil
	}
	var coupons []model.Coupon
	var uses []model.CouponUse
	for _, list := range []any{&coupons, &uses} {
		if err := c.tx.Find(list).Error; err != nil {
			return err
		}
	}
	want := map[model.OrderStatus]model.CouponUseStatus{
		model.OrderPending: model.CouponHeld, model.OrderClosing: model.CouponHeld, model.OrderPaid: model.CouponSpent,
		model.OrderPartlyRefunded: model.CouponSpent, model.OrderClosed: model.CouponReleased, model.OrderRefunded: model.CouponReleased,
	}
	byOrder, used := map[int64]model.CouponUse{}, map[int64]int64{}
	for _, u := range uses {
		byOrder[u.OrderID] = u
		if u.Status != model.CouponReleased {
			used[u.CouponID]++
		}
	}
	carried := 0
	for _, o := range c.orders {
		if o.Amount != o.ListPrice-o.FlashOff-o.Discount || o.Amount < 0 || o.Discount < 0 || o.FlashOff < 0 || (o.CouponID == 0) != (o.Discount == 0) {
			c.say("order %d: %d − %d − %d ≠ %d, coupon %d", o.ID, o.ListPrice, o.FlashOff, o.Discount, o.Amount, o.CouponID)
		}
		if o.CouponID == 0 {
			continue
		}
		carried++
		if u := byOrder[o.ID]; u.CouponID != o.CouponID || u.Off != o.Discount || u.Status != want[o.Status] {
			c.say("order %d is %s with coupon %d, its use is %+v", o.ID, o.Status, o.CouponID, u)
		}
	}
	if carried != len(uses) {
		c.say("%d uses of coupons for %d orders that carry one", len(uses), carried)
	}
	for _, p := range coupons {
		if p.Used != used[p.ID] {
			c.say("coupon %d counts %d uses, there are %d", p.ID, p.Used, used[p.ID])
		}
	}
	return nil
}
