package coupon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// unusable is one answer for a code that is not there and for one that may not be used: it names the field.
func unusable(why string) error {
	return model.Refuse(model.ErrInvalid, model.CodeInvalid, why).Field("coupon_code", why)
}

// Find tells what a typed code takes off a course's price for a learner, in the transaction that places the
// order, whose lock on the learner is held. ErrInvalid with field coupon_code says why it does not apply.
func (s *Service) Find(tx *gorm.DB, typed string, learnerID, courseID int64, price model.Fen) (couponID int64, off model.Fen, err error) {
	code := model.TypedCode(typed)
	if code == "" {
		return 0, 0, unusable("没有这张优惠券")
	}
	var c model.Coupon
	if err := tx.Where("appid = ? AND code = ?", s.appid, code).Take(&c).Error; err != nil {
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return 0, 0, unusable("没有这张优惠券")
		}
		return 0, 0, fmt.Errorf("coupon: %w", err)
	}
	off, why := c.For(courseID, price, s.now())
	if why == "" {
		if why, err = s.left(tx, c, learnerID); err != nil {
			return 0, 0, err
		}
	}
	if why != "" {
		return 0, 0, unusable(why)
	}
	return c.ID, off, nil
}

// left says why nobody, or this learner, has a use left; "" when there is one.
func (s *Service) left(db *gorm.DB, c model.Coupon, learnerID int64) (why string, err error) {
	if c.Used >= c.Stock {
		return "这张优惠券已经用完", nil
	}
	slot, err := freeSlot(db, c, learnerID)
	if err == nil && slot == 0 {
		why = usedUp(c)
	}
	return why, err
}

func usedUp(c model.Coupon) string {
	return fmt.Sprintf("这张优惠券每人限用 %d 次，您已经用过", c.PerPerson)
}

// freeSlot is the first of the learner's slots that no order holds; 0: none.
func freeSlot(db *gorm.DB, c model.Coupon, learnerID int64) (int, error) {
	var taken []int
	if err := db.Model(&model.CouponUse{}).Where("coupon_id = ? AND learner_id = ? AND slot IS NOT NULL", c.ID, learnerID).Pluck("slot", &taken).Error; err != nil {
		return 0, fmt.Errorf("uses of coupon %d: %w", c.ID, err)
	}
	for n := 1; n <= int(c.PerPerson); n++ {
		if !slices.Contains(taken, n) {
			return n, nil
		}
	}
	return 0, nil
}

// Hold takes one use for an order in its transaction. ErrInvalid when the last one went meanwhile.
func (s *Service) Hold(tx *gorm.DB, o model.Order) error {
	now := model.Milli(s.now())
	var c model.Coupon
	if err := tx.Where("appid = ?", s.appid).Take(&c, o.CouponID).Error; err != nil {
		return missing(err)
	}
	slot, err := freeSlot(tx, c, o.LearnerID)
	if err != nil {
		return err
	}
	if slot == 0 {
		return unusable(usedUp(c))
	}
	res := tx.Model(&model.Coupon{}).Where("id = ? AND used < stock AND disabled = 0", c.ID).UpdateColumn("used", gorm.Expr("used + 1"))
	if res.Error != nil {
		return fmt.Errorf("hold coupon %d: %w", c.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return unusable("这张优惠券已经用完")
	}
	use := model.CouponUse{AppID: s.appid, CouponID: c.ID, OrderID: o.ID, LearnerID: o.LearnerID, Off: o.Discount, Slot: &slot, Status: model.CouponHeld, CreatedAt: now, UpdatedAt: now}
	if err := tx.Create(&use).Error; err != nil {
		if key, dup := store.Duplicate(err); dup && strings.Contains(key, "slot") { // the learner's other phone was faster
			return unusable(usedUp(c))
		}
		return fmt.Errorf("hold coupon %d: %w", c.ID, err)
	}
	return nil
}

// Follow moves the use of an order with the order's status, in its transaction: paid spends it, closed and
// wholly refunded give it back. An order paid after it was closed takes it again, beyond the stock if need
// be: the sum that was paid is the sum with the coupon. Told again changes nothing.
func (s *Service) Follow(tx *gorm.DB, o model.Order) error {
	if o.CouponID == 0 {
		return nil
	}
	var to model.CouponUseStatus
	switch o.Status {
	case model.OrderPaid:
		to = model.CouponSpent
	case model.OrderClosed, model.OrderRefunded:
		to = model.CouponReleased
	default:
		return nil
	}
	var use model.CouponUse
	if err := store.Lock(tx).Where("order_id = ?", o.ID).Take(&use).Error; err != nil {
		return fmt.Errorf("coupon of order %d: %w", o.ID, err)
	}
	if use.Status == to {
		return nil
	}
	set := map[string]any{"status": to, "updated_at": model.Milli(s.now())}
	if to == model.CouponReleased {
		set["slot"] = nil
	}
	if err := tx.Model(&model.CouponUse{}).Where("id = ?", use.ID).Updates(set).Error; err != nil {
		return fmt.Errorf("coupon of order %d: %w", o.ID, err)
	}
	change := 0
	switch {
	case to == model.CouponReleased:
		change = -1
	case use.Status == model.CouponReleased:
		change = 1
	}
	if change == 0 {
		return nil
	}
	if err := tx.Model(&model.Coupon{}).Where("id = ?", use.CouponID).UpdateColumn("used", gorm.Expr("used + ?", change)).Error; err != nil {
		return fmt.Errorf("stock of coupon %d: %w", use.CouponID, err)
	}
	return nil
}

// Offer is a coupon as a learner sees it before buying a course.
type Offer struct {
	Code, Name string
	Off        model.Fen // from this course's price; 0 when Why says why not
	Due        model.Fen // what is left to pay
	Why        string
	Coupon     model.Coupon
}

// Offers lists the public coupons and the one typed (even if it is not public), the best first, with what each
// takes off the course for the learner and why not. Nothing is held by it.
func (s *Service) Offers(ctx context.Context, learnerID, courseID int64, price model.Fen, typed string) ([]Offer, error) {
	db := s.db.WithContext(ctx)
	var list []model.Coupon
	code := model.TypedCode(typed)
	if err := db.Where("appid = ? AND (public = 1 AND disabled = 0 AND ends_at > ? OR code = ?)", s.appid, model.Milli(s.now()), code).Order("id DESC").Limit(50).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("coupons of course %d: %w", courseID, err)
	}
	out := []Offer{}
	found := false
	for _, c := range list {
		o := Offer{Code: c.Code, Name: c.Name, Coupon: c}
		o.Off, o.Why = c.For(courseID, price, s.now())
		if o.Why == "" {
			var err error
			if o.Why, err = s.left(db, c, learnerID); err != nil {
				return nil, err
			}
		}
		mine := code != "" && c.Code == code
		found = found || mine
		if o.Why != "" {
			o.Off = 0
			if !mine && o.Why == model.CouponOfOthers {
				continue // a public coupon of other courses is no news here
			}
		}
		o.Due = price - o.Off
		out = append(out, o)
	}
	if typed != "" && !found {
		out = append(out, Offer{Code: typed, Due: price, Why: "没有这张优惠券"})
	}
	sortOffers(out)
	return out, nil
}

// sortOffers puts what helps most first, and what does not apply last.
func sortOffers(list []Offer) {
	slices.SortStableFunc(list, func(a, b Offer) int { return cmp.Compare(b.Off, a.Off) })
}
