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
