package model

import "time"

// GrantStatus is whether a grant opens its course.
type GrantStatus string

// active ⇄ frozen → revoked | expired. frozen: a refund is undecided or on its way.
const (
	GrantActive  GrantStatus = "active"
	GrantFrozen  GrantStatus = "frozen"
	GrantRevoked GrantStatus = "revoked"
	GrantExpired GrantStatus = "expired"
)

var grantSteps = steps[GrantStatus]{
	"":           {GrantActive},
	GrantActive:  {GrantFrozen, GrantRevoked, GrantExpired},
	GrantFrozen:  {GrantActive, GrantRevoked, GrantExpired},
	GrantExpired: {GrantRevoked}, // a refund after the term
}

// CanBecome says whether the step from s to next is one a grant may ever take.
func (s GrantStatus) CanBecome(next GrantStatus) bool { return grantSteps.has(s, next) }

// GrantReason says why a learner may open a course.
type GrantReason string

// Reasons for a grant. Each grant has exactly one; a learner may hold several for one course, and losing
// one leaves the others.
const (
	GrantByOrder  GrantReason = "order"
	GrantByGift   GrantReason = "gift"   // an operator gave it
	GrantByImport GrantReason = "import" // brought along from an older shop
	GrantByRedeem GrantReason = "redeem" // a redeem code
	GrantByFriend GrantReason = "friend" // another learner paid; the order is theirs
)

// Grant is one reason why one learner may open one course. Access is the sum of a learner's active grants.
type Grant struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	LearnerID int64
	CourseID  int64
	Reason    GrantReason
	ReasonKey string // "order:<id>" …; unique, so one reason gives one grant
	OrderID   int64  // 0 when no order is the reason
	Status    GrantStatus
	Why       string // in Chinese, for the operator
	StartsAt  time.Time
	EndsAt    *time.Time // nil: for ever
	CreatedAt time.Time
	UpdatedAt time.Time

	OrderedAt *time.Time `gorm:"->"` // when its order was placed, where it was asked for; nil: no order
	Through   int64      `gorm:"-"`  // the bundle the grant is on, where CourseID is one of its members; 0: on the course itself
}

// TableName keeps the table's name apart from the type's.
func (Grant) TableName() string { return "grants" }

// Covers says whether g opens its course at now.
func (g *Grant) Covers(now time.Time) bool {
	return g.Status == GrantActive && !now.Before(g.StartsAt) && (g.EndsAt == nil || now.Before(*g.EndsAt))
}

// Overdue says whether g has outlived its term and should be marked expired.
func (g *Grant) Overdue(now time.Time) bool {
	return (g.Status == GrantActive || g.Status == GrantFrozen) && g.EndsAt != nil && !now.Before(*g.EndsAt)
}

// Not says in Chinese why g does not open its course at now; empty when it does.
func (g *Grant) Not(now time.Time) string {
	switch {
	case g.Covers(now):
		return ""
	case g.Status == GrantFrozen:
		return "退款还没有结果，先冻结"
	case g.Status == GrantRevoked:
		return "已收回"
	case g.Status == GrantExpired || g.Overdue(now):
		return "期限已到"
	}
	return "还没有到开始时间"
}

// WhyAccess says in one Chinese sentence why a learner with these grants and orders (newest first) may open
// the course at now, or why not.
func WhyAccess(grants []Grant, orders []Order, now time.Time) (open bool, why string) {
	for _, g := range grants {
		if g.Covers(now) {
			s := "可以学：" + g.Why
			if g.EndsAt != nil {
				s += "，到 " + Day(*g.EndsAt)
			}
			return true, s
		}
	}
	if len(grants) > 0 {
		return false, "不能学：" + grants[0].Not(now) + "（" + grants[0].Why + "）"
	}
	if len(orders) == 0 {
		return false, "不能学：没有买过，也没有人送过"
	}
	switch o := orders[0]; {
	case o.Kind == OrderForGift:
		return false, "不能学：订单 " + o.OutTradeNo + " 是买来送人的"
	case o.Status.Holding():
		return false, "不能学：已付款却没有开课，请技术人员查看订单 " + o.OutTradeNo
	case o.Status.Open():
		return false, "不能学：订单 " + o.OutTradeNo + " 还没有付款"
	case o.Status == OrderRefunded:
		return false, "不能学：订单 " + o.OutTradeNo + " 已退款"
	}
	return false, "不能学：订单 " + orders[0].OutTradeNo + " 没有付款，已关闭"
}
