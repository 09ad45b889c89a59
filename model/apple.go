package model

import (
	"fmt"
	"time"
)

// AppleAsk is Apple's question, handed on by WeChat, whether a payment on iOS should go back. It is asked three
// times; PayOrderID, RefundTime and ChannelBill are the same each time. Which of the payment's numbers PayOrderID
// is stands nowhere confirmed. Source: xpay_subscribe_ios_refund_query_notify.
type AppleAsk struct {
	PayOrderID  string
	RefundTime  string // unix seconds: when the buyer asked Apple
	ChannelBill string
	Reason      string // the buyer's, as Apple passes it on
	Raw         []byte
}

// AppleQuestion is a question with the answer it got. Repeats get the same answer, whatever was studied since.
type AppleQuestion struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	UKey       string `gorm:"column:ukey"` // of what makes a repeat a repeat; unique per account
	OrderID    int64  // 0: no order of ours, and no answer
	PayOrderID string
	Reason     string
	Verdict    RefundVerdict // of the order's rule; empty where there was nothing to judge
	Agree      bool
	Info       string // the answer in a sentence
	Evidence   string // what it rests on; nothing that names a person
	Times      int
	FirstAt    time.Time
	LastAt     time.Time
}

// TableName keeps the table's name apart from the type's.
func (AppleQuestion) TableName() string { return "apple_questions" }

// Decide answers from the order's own rule. Where the rule leaves it to a person there is none within three
// seconds: the answer is no, and Apple has the last word in any case.
func (q *AppleQuestion) Decide(o Order, age time.Duration, done Study) {
	q.OrderID = o.ID
	if !o.Status.Holding() {
		q.Agree, q.Info, q.Evidence = true, "建议退款：这笔订单没有开课", "订单状态 "+string(o.Status)
		return
	}
	q.Verdict, _ = o.RefundRule.Weigh(age, done)
	q.Agree = q.Verdict == RefundAllowed
	q.Info = "建议退款：符合下单时的退款规则"
	if !q.Agree {
		q.Info = "不建议退款：超出下单时的退款规则"
	}
	q.Evidence = fmt.Sprintf("课程已开通 %d 天，看了 %d 分钟，学完 %d / %d 课；下单时的退款规则：%s", int(age.Hours()/24), (done.WatchedSeconds+59)/60, done.Finished, done.Lessons, o.RefundRule.Words())
}
