package model

import (
	"strings"
	"time"
	"unicode/utf8"
)

// RedeemBatch is a number of redeem codes (兑换码) made at once, each opening one course to one learner.
type RedeemBatch struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	CourseID   int64
	Size       int // how many codes were made
	AccessDays int // how long a redeemed code opens the course; 0: for ever
	StartsAt   time.Time
	EndsAt     time.Time // a code may be redeemed before this; access may last longer
	Note       string    // for the operators: who gets the codes
	CreatedBy  string
	CreatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (RedeemBatch) TableName() string { return "redeem_batches" }

// RedeemStatus is what became of a code.
type RedeemStatus string

// unused → redeemed | withdrawn, and no step back.
const (
	RedeemUnused    RedeemStatus = "unused"
	RedeemRedeemed  RedeemStatus = "redeemed"
	RedeemWithdrawn RedeemStatus = "withdrawn"
)

// RedeemCode is one code. It stands in the table as it is given out (docs/decisions.md), and in no log.
type RedeemCode struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	BatchID      int64
	Code         string // TypedCode's form; unique per account
	Status       RedeemStatus
	LearnerID    int64 // who redeemed it; 0: nobody
	RedeemedAt   *time.Time
	HandedAt     *time.Time // given to a winner by the house
	WithdrawnAt  *time.Time
	WithdrawnBy  string // the operator's name
	WithdrawnWhy string
}

// TableName keeps the table's name apart from the type's.
func (RedeemCode) TableName() string { return "redeem_codes" }

// RedeemCodeLength gives 59 bits. A learner may try 20 an hour: with a million codes out, a hundred thousand
// accounts would need decades to find one.
const RedeemCodeLength = 12

// MaxRedeemBatch bounds a batch.
const MaxRedeemBatch = 10000

// Shown is the code as people read and type it: ABCD-EFGH-JKLM.
func (c *RedeemCode) Shown() string {
	var parts []string
	rest := c.Code
	for len(rest) > 4 {
		parts, rest = append(parts, rest[:4]), rest[4:]
	}
	return strings.Join(append(parts, rest), "-")
}

// Masked is enough to know a code by that one holds, and too little to redeem it.
func (c *RedeemCode) Masked() string {
	if len(c.Code) <= 4 {
		return "••••"
	}
	return c.Code[:4] + "-••••-••••"
}

// UnknownRedeemCode is the one answer for a code that was never made and for one that was withdrawn, so that
// guessing tells nothing.
func UnknownRedeemCode() error {
	return Refuse(ErrNotFound, CodeNotFound, "兑换码不对，或者已经失效").Field("code", "请核对后再输")
}

// RedeemBy says whether the learner may take c, a code of b, at a time. again: they took it before, and get the
// same answer. Whether they own the course is the grants' to say.
func (b *RedeemBatch) RedeemBy(c RedeemCode, learnerID int64, at time.Time) (again bool, err error) {
	switch {
	case c.ID == 0 || c.Status == RedeemWithdrawn:
		return false, UnknownRedeemCode()
	case c.Status == RedeemRedeemed && c.LearnerID == learnerID:
		return true, nil
	case c.Status == RedeemRedeemed:
		return false, RedeemTaken()
	case at.Before(b.StartsAt):
		return false, Refuse(ErrConflict, CodeConflict, "这个兑换码 "+b.StartsAt.In(Shanghai).Format("1 月 2 日 15:04")+" 起可以兑换")
	case !at.Before(b.EndsAt):
		return false, Refuse(ErrConflict, CodeConflict, "这个兑换码已过期，有效期到 "+b.EndsAt.In(Shanghai).Format("2006 年 1 月 2 日 15:04"))
	}
	return false, nil
}

// RedeemTaken refuses a code that somebody else has redeemed.
func RedeemTaken() error { return Refuse(ErrConflict, CodeConflict, "这个兑换码已经用过了") }

// Check lists what is wrong with a batch an operator asked for; nil when nothing is.
func (b *RedeemBatch) Check(now time.Time) error {
	bad := Refuse(ErrInvalid, CodeInvalid, "兑换码有误，请检查标出的项")
	if b.CourseID < 1 {
		bad.Field("course_id", "请选课程")
	}
	if b.Size < 1 || b.Size > MaxRedeemBatch {
		bad.Field("size", "1 到 10000 个")
	}
	if b.AccessDays < 0 || b.AccessDays > 3650 {
		bad.Field("access_days", "1 到 3650 天；一直有效填 0")
	}
	switch {
	case !b.StartsAt.Before(b.EndsAt):
		bad.Field("ends_at", "要晚于开始时间")
	case !now.Before(b.EndsAt):
		bad.Field("ends_at", "已经过去了")
	}
	if n := utf8.RuneCountInString(b.Note); n < 1 || n > 100 {
		bad.Field("note", "1 到 100 个字：给谁的，为什么")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}
