package model

import "time"

// OrderKind is whom an order's course is for.
type OrderKind string

// A gift is paid by one and opened by another.
const (
	OrderForSelf OrderKind = "self"
	OrderForGift OrderKind = "gift"
)

// GiftStatus is what became of a paid gift.
type GiftStatus string

// waiting ⇄ frozen → void; waiting → opened. frozen: a refund is undecided or on its way. An opened gift stays
// opened: what a later refund takes away is the grant.
const (
	GiftWaiting GiftStatus = "waiting"
	GiftFrozen  GiftStatus = "frozen"
	GiftOpened  GiftStatus = "opened"
	GiftVoid    GiftStatus = "void"
)

var giftSteps = steps[GiftStatus]{
	"":          {GiftWaiting},
	GiftWaiting: {GiftFrozen, GiftOpened, GiftVoid},
	GiftFrozen:  {GiftWaiting, GiftVoid},
}

// CanBecome says whether the step from s to next is one a gift may ever take.
func (s GiftStatus) CanBecome(next GiftStatus) bool { return giftSteps.has(s, next) }

// Gift is a paid course nobody has yet: whoever opens it first has it. It has no end of its own.
type Gift struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	OrderID    int64  // unique: an order pays for one gift
	OutTradeNo string // the order's
	CourseID   int64
	GiverID    int64  // the learner who paid
	Code       string // TypedCode's form; unique per account, in no log
	AccessDays int    // from the opening on; 0: for ever
	Status     GiftStatus
	LearnerID  int64 // who opened it; 0: nobody
	OpenedAt   *time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (Gift) TableName() string { return "gifts" }

// GiftCodeLength gives 78 bits: a gift waits for ever, and nobody types its code.
const GiftCodeLength = 16

// UnknownGift is the one answer for a code that was never made and for a gift that was given back, so that
// guessing tells nothing.
func UnknownGift() error {
	return Refuse(ErrNotFound, CodeNotFound, "没有这份礼物，或者它已经失效").Field("code", "请让送礼的人再发一次")
}

// GiftTaken refuses a gift that somebody else has opened.
func GiftTaken() error { return Refuse(ErrConflict, CodeConflict, "这份礼物已经被领走了") }

// OpenBy says whether the learner may open g. again: they opened it before, and get the same answer. Whether
// they own the course is the grants' to say.
func (g *Gift) OpenBy(learnerID int64) (again bool, err error) {
	switch {
	case g.ID == 0 || g.Status == GiftVoid:
		return false, UnknownGift()
	case g.Status == GiftOpened && g.LearnerID == learnerID:
		return true, nil
	case g.Status == GiftOpened:
		return false, GiftTaken()
	case g.Status == GiftFrozen:
		return false, Refuse(ErrConflict, CodeConflict, "送礼的人正在申请退款，这份礼物暂时不能领取")
	}
	return false, nil
}

// EndsAt is when what was opened at a time ends; nil: never.
func (g *Gift) EndsAt(at time.Time) *time.Time {
	if g.AccessDays <= 0 {
		return nil
	}
	end := at.AddDate(0, 0, g.AccessDays)
	return &end
}
