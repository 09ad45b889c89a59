package model

import (
	"slices"
	"time"
)

// Coupon is money off: Off fen, or Percent of the price, for all courses or some, for a while, so many times
// in all and per person. Used counts what is held by open orders and spent by paid ones.
type Coupon struct {
	ID        int64   `gorm:"primaryKey"`
	AppID     string  `gorm:"column:appid"`
	Code      string  // TypedCode's form; unique per account
	Name      string  // what learners read
	Off       Fen     // 0 when Percent counts
	Percent   int     // 1–100 of the price; 0 when Off counts
	CourseIDs []int64 `gorm:"serializer:json"` // empty: every course
	StartsAt  time.Time
	EndsAt    time.Time
	Stock     int64
	PerPerson int64
	Used      int64
	Public    bool // offered on the course's page; else only by its code
	Disabled  bool
	ParentID  int64 // made for one winner after this one; 0: by an operator
	Version   int64
	CreatedBy string
	UpdatedBy string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TableName keeps the table's name apart from the type's.
func (Coupon) TableName() string { return "coupons" }

// CouponUseStatus is what became of one use.
type CouponUseStatus string

// held by an open order → spent by a paid one; released when the order is closed or wholly refunded.
const (
	CouponHeld     CouponUseStatus = "held"
	CouponSpent    CouponUseStatus = "spent"
	CouponReleased CouponUseStatus = "released"
)

// CouponUse is a coupon on an order, one at most.
type CouponUse struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	CouponID  int64
	OrderID   int64
	LearnerID int64
	Off       Fen
	Slot      *int // 1 to PerPerson, unique among the learner's uses; nil once given back
	Status    CouponUseStatus
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TableName keeps the table's name apart from the type's.
func (CouponUse) TableName() string { return "coupon_uses" }

// CouponOfOthers is why a coupon does not apply to a course that is not among its own.
const CouponOfOthers = "这张优惠券不能用于这门课程"

// For tells what the coupon takes off the price of a course at a time, and why not in words for the learner.
// It never takes off more than the price. Stock and the person's own uses are the database's to judge.
func (c *Coupon) For(courseID int64, price Fen, at time.Time) (off Fen, why string) {
	switch {
	case c.Disabled:
		return 0, "这张优惠券已停用"
	case at.Before(c.StartsAt):
		return 0, "这张优惠券 " + c.StartsAt.In(Shanghai).Format("1 月 2 日 15:04") + " 开始可用"
	case !at.Before(c.EndsAt):
		return 0, "这张优惠券已过期"
	case len(c.CourseIDs) > 0 && !slices.Contains(c.CourseIDs, courseID):
		return 0, CouponOfOthers
	case price <= 0:
		return 0, "免费的课程用不上优惠券"
	}
	off = c.Off
	if c.Percent > 0 {
		off = price * Fen(c.Percent) / 100
	}
	off = min(off, price)
	if off <= 0 {
		return 0, "这张优惠券对这门课程没有优惠"
	}
	return off, ""
}

// CouponState is where a coupon stands at a time.
type CouponState string

// The states, the first that holds counts.
const (
	CouponDisabled CouponState = "disabled"
	CouponOver     CouponState = "over"
	CouponUsedUp   CouponState = "used_up"
	CouponComing   CouponState = "coming"
	CouponRunning  CouponState = "running"
)

// State says where the coupon stands.
func (c *Coupon) State(at time.Time) CouponState {
	switch {
	case c.Disabled:
		return CouponDisabled
	case !at.Before(c.EndsAt):
		return CouponOver
	case c.Used >= c.Stock:
		return CouponUsedUp
	case at.Before(c.StartsAt):
		return CouponComing
	}
	return CouponRunning
}

// Check lists what is wrong with a coupon an operator wrote; nil when nothing is.
func (c *Coupon) Check() error {
	bad := Refuse(ErrInvalid, CodeInvalid, "优惠券有误")
	if c.Code == "" {
		bad.Field("code", "2 到 32 个字母或数字")
	}
	if n := len([]rune(c.Name)); n < 1 || n > 40 {
		bad.Field("name", "1 到 40 个字")
	}
	switch {
	case (c.Off != 0) == (c.Percent != 0):
		bad.Field("off", "减多少钱和减百分之几填一个")
	case c.Off < 0 || c.Off > 1_000_000_00:
		bad.Field("off", "0.01 到 1000000 元")
	case c.Percent < 0 || c.Percent > 100:
		bad.Field("percent", "1 到 100")
	}
	if !c.StartsAt.Before(c.EndsAt) {
		bad.Field("ends_at", "要晚于开始时间")
	}
	if c.Stock < 1 || c.Stock > 1_000_000 {
		bad.Field("stock", "1 到 1000000 张")
	}
	if c.PerPerson < 1 || c.PerPerson > 100 {
		bad.Field("per_person", "1 到 100 张")
	}
	if len(c.CourseIDs) > 200 {
		bad.Field("course_ids", "最多 200 门课程；全部课程请留空")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// XPayTakes says whether virtual payment can be asked for amount where price is what its goods cost: WeChat
// takes 40 % of it and more, and Apple no less than its least. Source: activitySellingPrice.
func XPayTakes(price, amount Fen, p Platform) bool {
	return amount*100 >= price*40 && (!p.mayBeIOS() || amount >= XPayMinIOS)
}
