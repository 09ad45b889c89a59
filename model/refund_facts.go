package model

import (
	"fmt"
	"time"
)

// RefundFacts are what a refund is decided by. They state and do not judge; Hints puts into words what an
// operator should not overlook.
type RefundFacts struct {
	Days         int           // whole days since payment; 0 on the first
	Age          time.Duration // since payment
	Rule         RefundRule    // the order's
	Verdict      RefundVerdict // what the rule makes of it
	VerdictWords string        // the same, for the learner
	Gift         GiftStatus    // what became of it, where the order is a gift
	Apple        bool          // paid on iOS by virtual payment: only Apple gives back
	Study
	OtherOrders     int64 // paid orders of the learner besides this one
	EarlierRefunds  int64 // that succeeded, on other orders
	EarlierRefunded Fen
	Refused         int64 // wishes of theirs that were turned down, this order's too
}

// Study is what a learner did in a course, of the lessons it has now.
type Study struct {
	Lessons        int
	Begun          int
	Finished       int
	WatchedSeconds int // the furthest position of each lesson, added up
	TotalSeconds   int // of the lessons whose length is known
	LastStudied    *time.Time
	ByAnother      bool // not the buyer but whoever opened the gift
}

// Judge lets the rule speak.
func (f *RefundFacts) Judge() {
	f.Verdict, f.VerdictWords = f.Rule.Weigh(f.Age, f.Study)
}

// Watch adds what a learner did in one lesson the course still has.
func (f *Study) Watch(p Progress, l Lesson) {
	f.Begun++
	f.WatchedSeconds += l.Cap(p.Position)
	if p.FinishedAt != nil {
		f.Finished++
	}
	if f.LastStudied == nil || p.UpdatedAt.After(*f.LastStudied) {
		at := p.UpdatedAt
		f.LastStudied = &at
	}
}

// Hints are what speaks for asking twice, in Chinese; none when the rule is kept and little was used.
func (f RefundFacts) Hints() []string {
	out := []string{}
	if f.Apple {
		out = append(out, "iOS 上的付款只有 Apple 能退，这里退不了")
	}
	switch f.Gift {
	case GiftOpened:
		out = append(out, "礼物已经领走：退款会收回领的人的课")
	case GiftWaiting, GiftFrozen:
		out = append(out, "礼物还没有人领：退款后作废")
	}
	if f.Verdict != RefundAllowed {
		out = append(out, "不在退款规则内："+f.VerdictWords)
	}
	if f.Lessons > 0 && f.Finished*2 > f.Lessons {
		out = append(out, fmt.Sprintf("课程已学完大半：%d / %d 课时", f.Finished, f.Lessons))
	} else if f.TotalSeconds > 0 && f.WatchedSeconds*2 > f.TotalSeconds {
		out = append(out, fmt.Sprintf("已看过大半：%d / %d 分钟", f.WatchedSeconds/60, f.TotalSeconds/60))
	}
	if f.EarlierRefunds >= 2 {
		out = append(out, fmt.Sprintf("这位学员已在别的订单退过 %d 次", f.EarlierRefunds))
	}
	return out
}
