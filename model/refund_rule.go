package model

import (
	"fmt"
	"strings"
	"time"
)

// RefundOver is what happens to a learner's wish who has studied more than the rule allows.
type RefundOver string

// What may happen.
const (
	RefundOverPerson RefundOver = "person" // they may ask, a person weighs it
	RefundOverRefuse RefundOver = "refuse"
)

// RefundRule says when a learner may have their money back. A course has one; an order keeps the one it was
// bought under, so that a later change does not reach what is sold.
type RefundRule struct {
	Days    int  // since payment; 0: never
	Minutes *int // watched at most; nil: however many
	Lessons *int // finished at most; nil: however many
	Over    RefundOver
}

// DefaultRefundRule is what a course has until somebody writes another.
func DefaultRefundRule() RefundRule { return RefundRule{Days: 7, Over: RefundOverPerson} }

// RefundVerdict is what a rule says about one order.
type RefundVerdict string

// allowed: the rule promises the money back. person: a person weighs it. refused: the learner cannot even ask.
const (
	RefundAllowed  RefundVerdict = "allowed"
	RefundByPerson RefundVerdict = "person"
	RefundNot      RefundVerdict = "refused"
)

// Words say the rule to who is about to buy.
func (r RefundRule) Words() string {
	if r.Days == 0 {
		return "不支持退款"
	}
	limits := []string{}
	if r.Minutes != nil {
		limits = append(limits, fmt.Sprintf("看过不超过 %d 分钟", *r.Minutes))
	}
	if r.Lessons != nil {
		limits = append(limits, fmt.Sprintf("学完不超过 %d 课", *r.Lessons))
	}
	s := fmt.Sprintf("付款 %d 天内", r.Days)
	if len(limits) == 0 {
		return s + "可以退款"
	}
	s += "、" + strings.Join(limits, "、") + "，可以退款；学得更多的"
	if r.Over == RefundOverRefuse {
		return s + "不能退"
	}
	return s + "由客服判断"
}

// Judge says what the rule makes of an order paid so long ago and studied so far, and in words for the learner.
func (r RefundRule) Judge(age time.Duration, watchedSeconds, finished int) (RefundVerdict, string) {
	switch {
	case r.Days == 0:
		return RefundNot, "这门课不支持退款，有疑问请联系客服"
	case age > time.Duration(r.Days)*24*time.Hour:
		return RefundNot, fmt.Sprintf("付款已超过 %d 天，不能再申请退款，请联系客服", r.Days)
	}
	over := ""
	switch {
	case r.Minutes != nil && watchedSeconds > *r.Minutes*60:
		over = fmt.Sprintf("已经看了 %d 分钟，超过退款规则的 %d 分钟", (watchedSeconds+59)/60, *r.Minutes)
	case r.Lessons != nil && finished > *r.Lessons:
		over = fmt.Sprintf("已经学完 %d 课，超过退款规则的 %d 课", finished, *r.Lessons)
	}
	switch {
	case over == "":
		return RefundAllowed, "符合退款规则，提交后由客服核对，钱原路退回"
	case r.Over == RefundOverRefuse:
		return RefundNot, over + "，不能再申请退款，请联系客服"
	}
	return RefundByPerson, over + "：可以申请，由客服判断能不能退"
}

// Weigh is Judge over what was studied. A gift somebody else has opened is never promised back: a course would
// be taken from a third person, so a person decides.
func (r RefundRule) Weigh(age time.Duration, done Study) (RefundVerdict, string) {
	v, words := r.Judge(age, done.WatchedSeconds, done.Finished)
	if v == RefundAllowed && done.ByAnother {
		return RefundByPerson, "礼物已经被领走：可以申请，由客服判断能不能退，退款会收回对方的课"
	}
	return v, words
}

// Check adds to bad what is wrong with a rule an operator wrote.
func (r RefundRule) Check(bad *Refusal) {
	if r.Days < 0 || r.Days > 365 {
		bad.Field("refund_rule.days", "0 到 365 天；0 是不支持退款")
	}
	if r.Minutes != nil && (*r.Minutes < 0 || *r.Minutes > 100_000) {
		bad.Field("refund_rule.minutes", "0 到 100000 分钟；不限就留空")
	}
	if r.Lessons != nil && (*r.Lessons < 0 || *r.Lessons > 10_000) {
		bad.Field("refund_rule.lessons", "0 到 10000 课；不限就留空")
	}
	if r.Over != RefundOverPerson && r.Over != RefundOverRefuse {
		bad.Field("refund_rule.over", "由人判断，或者不能退")
	}
}
