package model

import (
	"strings"
	"time"
	"unicode/utf8"
)

// RemarkState is where a learner's comment under a course stands.
type RemarkState string

// Only a shown one is seen by others.
const (
	RemarkChecking RemarkState = "checking" // WeChat has not been heard yet
	RemarkWaiting  RemarkState = "waiting"  // for an operator to look at it
	RemarkShown    RemarkState = "shown"
	RemarkRefused  RemarkState = "refused" // by WeChat's check, or by an operator
)

// RemarkHow is when comments are looked at.
type RemarkHow string

// What WeChat is not sure of is always looked at first.
const (
	RemarkFirst RemarkHow = "first" // shown once an operator let them
	RemarkAfter RemarkHow = "after" // shown as soon as WeChat's check passed
	RemarkOff   RemarkHow = "off"   // nobody may write; what is shown stays
)

// Known tells whether there is such a way.
func (h RemarkHow) Known() bool { return h == RemarkFirst || h == RemarkAfter || h == RemarkOff }

// TextVerdict is what WeChat's content check says of a text.
type TextVerdict string

// Verdicts are WeChat's own words; TextUnknown: WeChat will not judge it, now or ever.
const (
	TextPass    TextVerdict = "pass"
	TextReview  TextVerdict = "review"
	TextRisky   TextVerdict = "risky"
	TextUnknown TextVerdict = "unknown"
)

// Bounds of comments under a course.
const (
	RemarkMost      = 500 // characters of one, and of an answer
	RemarkPinsMost  = 5   // pinned ones of a course
	remarkWhyMost   = 200
	RemarkByWeChat  = "没有通过微信的内容检查"
	RemarkDoubt     = "微信拿不准，要人看"
	RemarkUnchecked = "微信没能检查，要人看"
)

// Remark (评论) is a learner's comment under a course, or under one of its lessons. A deleted one keeps no text.
type Remark struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	CourseID   int64
	LessonID   int64 // 0: under the course
	LearnerID  int64
	PersonID   int64
	IdemKey    string // the phone's Idempotency-Key
	Content    string
	State      RemarkState
	Why        string // why it is refused, or looked at
	Pinned     bool
	Answer     string // ours
	AnsweredBy string
	AnsweredAt *time.Time
	ReviewedBy string
	ReviewedAt *time.Time
	CreatedAt  time.Time
	DeletedAt  *time.Time
}

// TableName keeps the table's name apart from the type's.
func (Remark) TableName() string { return "remarks" }

// RemarkText is what a learner or operator wrote, trimmed. ErrInvalid for what is none.
func RemarkText(field, typed string) (string, error) {
	text := strings.TrimSpace(typed)
	if n := utf8.RuneCountInString(text); n < 1 || n > RemarkMost || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' }) {
		return "", Refuse(ErrInvalid, CodeInvalid, "请检查填写的内容").Field(field, "1 到 500 个字")
	}
	return text, nil
}

// RemarkWhy is an operator's reason to refuse one.
func RemarkWhy(typed string) (string, error) {
	why := strings.TrimSpace(typed)
	if n := utf8.RuneCountInString(why); n < 1 || n > remarkWhyMost {
		return "", Refuse(ErrInvalid, CodeInvalid, "请写不显示的原因").Field("reason", "1 到 200 个字，写的人看得到")
	}
	return why, nil
}

// Judge applies what WeChat said to a comment that waits for it; one that does not is left alone.
func (r *Remark) Judge(v TextVerdict, how RemarkHow) {
	if r.State != RemarkChecking {
		return
	}
	switch {
	case v == TextRisky:
		r.State, r.Why = RemarkRefused, RemarkByWeChat
	case v == TextReview:
		r.State, r.Why = RemarkWaiting, RemarkDoubt
	case v != TextPass:
		r.State, r.Why = RemarkWaiting, RemarkUnchecked
	case how == RemarkAfter:
		r.State = RemarkShown
	default:
		r.State = RemarkWaiting
	}
}
