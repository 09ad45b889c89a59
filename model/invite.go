package model

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// InviteState is whether a task runs. It runs on its campaign's days only.
type InviteState string

// The states.
const (
	InviteDraft InviteState = "draft"
	InviteOn    InviteState = "on"
	InviteOff   InviteState = "off"
)

// InviteReward is what a task gives.
type InviteReward string

// A coupon of one use made after another, or a redeem code out of a batch.
const (
	InviteCoupon InviteReward = "coupon"
	InviteCourse InviteReward = "course"
)

// Invite (裂变) is a campaign's task: bring Need people who never followed, get the reward.
type Invite struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	CampaignID int64  // one task a campaign
	Keyword    string // a fan types it and gets a poster with a code of their own
	LiveKey    *string
	PosterID   int64 // what the poster looks like; its code is the fan's
	Need       int
	Reward     InviteReward
	RewardRef  int64 // the coupon that each one is made after, or the batch of redeem codes
	PerPerson  int   // rewards a person
	Total      int   // rewards in all
	HoldHours  int   // a friend counts after having stayed so long
	// More than SpeedMost friends of one person within SpeedMinutes wait for an operator.
	SpeedMost    int
	SpeedMinutes int
	State        InviteState
	Fault        string // why rewards cannot be given now; may be shown
	Version      int64
	UpdatedBy    string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// TableName keeps the table's name apart from the type's.
func (Invite) TableName() string { return "invites" }

// Key is the keyword as it is compared.
func (i *Invite) Key() string { return InviteKey(i.Keyword) }

// InviteKey folds what a fan types as keywords are folded.
func InviteKey(typed string) string { return Fold(strings.TrimSpace(typed)) }

// Gives says whether i, saved in the place of was, gives rewards more easily or other ones.
func (i *Invite) Gives(was Invite) bool {
	return i.Need < was.Need || i.HoldHours < was.HoldHours || i.PerPerson > was.PerPerson || i.Total > was.Total || i.Reward != was.Reward || i.RewardRef != was.RewardRef ||
		i.SpeedMost > was.SpeedMost || i.SpeedMinutes < was.SpeedMinutes
}

// Check trims the keyword and refuses what is no task. ErrInvalid names the fields.
func (i *Invite) Check() error {
	i.Keyword = strings.TrimSpace(i.Keyword)
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查标出的项")
	if n := utf8.RuneCountInString(i.Keyword); n < 1 || n > 10 || strings.ContainsFunc(i.Keyword, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) || i.Key() == "" {
		bad.Field("keyword", "口令 1 到 10 个字")
	}
	if i.PosterID < 1 {
		bad.Field("poster_id", "选一张海报")
	}
	if i.Reward != InviteCoupon && i.Reward != InviteCourse {
		bad.Field("reward", "奖励选优惠券或课程兑换码")
	}
	if i.RewardRef < 1 {
		bad.Field("reward_ref", "选要发的奖励")
	}
	for _, b := range []struct {
		name      string
		n         int
		low, high int
		unit      string
	}{
		{"need", i.Need, 1, 100, "位"}, {"per_person", i.PerPerson, 1, 20, "份"}, {"total", i.Total, 1, 10000, "份"}, {"hold_hours", i.HoldHours, 1, 720, "小时"},
		{"speed_most", i.SpeedMost, 1, 1000, "位"}, {"speed_minutes", i.SpeedMinutes, 1, 1440, "分钟"},
	} {
		if b.n < b.low || b.n > b.high {
			bad.Field(b.name, fmt.Sprintf("%d 到 %d %s", b.low, b.high, b.unit))
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// InviteScene begins the scenes of inviters' own codes; operators make none that begins so.
const InviteScene = "invite-"

// Inviter is a fan who asked for a poster. Their code's scene is Scene.
type Inviter struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	InviteID   int64
	OpenID     string `gorm:"column:openid"`
	PersonID   int64
	Scene      string
	Blocked    bool // an operator took them out: nothing counts for them
	MediaID    string
	MediaUntil *time.Time
	CreatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (Inviter) TableName() string { return "inviters" }

// InvitedState is what has become of a friend.
type InvitedState string

// staying → counted; held until an operator looks; left and back again as long as no reward was given for them.
const (
	InvitedStaying InvitedState = "staying"
	InvitedHeld    InvitedState = "held"
	InvitedCounted InvitedState = "counted"
	InvitedLeft    InvitedState = "left"
	InvitedRefused InvitedState = "refused"
)

// Why a friend is held or refused.
const (
	InvitedOld     = "old"   // followed before
	InvitedSelf    = "self"  // the inviter
	InvitedSpeed   = "speed" // too many at once
	InvitedLeavers = "leavers"
	InvitedByHand  = "operator"
)

// Invited is a friend who followed by an inviter's code: one line a task, whatever they do.
type Invited struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	InviteID   int64
	InviterID  int64
	OpenID     string `gorm:"column:openid"`
	State      InvitedState
	Why        string
	Allowed    bool // an operator looked: not held again
	RewardID   int64
	FollowedAt time.Time
	LeftAt     *time.Time
	DecidedBy  string
	UpdatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (Invited) TableName() string { return "invited" }

// InviteRewarded is a reward given. Nth is the inviter's, Slot the task's: both are unique, so that none is given twice.
type InviteRewarded struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	InviteID  int64
	InviterID int64
	OpenID    string `gorm:"column:openid"`
	Nth       int
	Slot      int
	Reward    InviteReward
	Code      string
	CreatedAt time.Time
}

// TableName keeps the table's name apart from the type's.
func (InviteRewarded) TableName() string { return "invite_rewards" }

// InvitedFollow is what is known of a follow by an inviter's code.
type InvitedFollow struct {
	Same   bool  // the inviter's own
	First  bool  // they never followed before
	Lately int64 // friends of the inviter within the speed's minutes, without this one
	Came   int64 // friends of the inviter so far
	Left   int64 // those of them who left again
}

// leaversFrom is from how many friends on it says something that half of them leave again.
const leaversFrom = 6

// Judge says what becomes of a friend who has just followed.
func (i *Invite) Judge(f InvitedFollow) (InvitedState, string) {
	switch {
	case f.Same:
		return InvitedRefused, InvitedSelf
	case !f.First:
		return InvitedRefused, InvitedOld
	case f.Lately >= int64(i.SpeedMost):
		return InvitedHeld, InvitedSpeed
	case f.Came >= leaversFrom && f.Left*2 >= f.Came:
		return InvitedHeld, InvitedLeavers
	}
	return InvitedStaying, ""
}

// Hold is how long a friend has to stay.
func (i *Invite) Hold() time.Duration { return time.Duration(i.HoldHours) * time.Hour }

// InviteTally is how far an inviter is.
type InviteTally struct {
	Staying, Held, Counted, Left, Refused int64 // friends by state; Counted without those a reward was given for
	Used                                  int64 // those a reward was given for
	Rewards                               int64
}

// Due tells whether a reward is due now.
func (i *Invite) Due(t InviteTally, given int64) bool {
	return t.Counted >= int64(i.Need) && t.Rewards < int64(i.PerPerson) && given < int64(i.Total)
}

// Progress is what an inviter is told when they ask: how far they are, by which rules, and what they have won.
func (i *Invite) Progress(t InviteTally, given int64, running bool, codes []string) string {
	var b strings.Builder
	coming := ""
	if t.Staying > 0 {
		coming = fmt.Sprintf("，另有 %d 位刚关注，满 %d 小时没取消就算数", t.Staying, i.HoldHours)
	}
	switch left := int64(i.Need) - t.Counted; {
	case t.Rewards >= int64(i.PerPerson):
		fmt.Fprintf(&b, "每人最多 %d 份奖励，你已经领满了，谢谢你。", i.PerPerson)
	case given >= int64(i.Total):
		fmt.Fprintf(&b, "%d 份奖励已经发完了，谢谢你。", i.Total)
	case left <= 0:
		b.WriteString("你带来的新朋友够数了，奖励马上发给你。")
	case !running:
		fmt.Fprintf(&b, "活动已经结束。算数的新朋友 %d 位%s。", t.Counted, coming)
	default:
		fmt.Fprintf(&b, "算数的新朋友 %d 位%s。再有 %d 位就能领一份%s。", t.Counted, coming, left, i.Reward.Name())
	}
	for _, c := range codes {
		fmt.Fprintf(&b, "\n你的%s：%s", i.Reward.Name(), c)
	}
	if running && t.Rewards < int64(i.PerPerson) && given < int64(i.Total) {
		fmt.Fprintf(&b, "\n规则：从没关注过本号的人扫你的码关注，留满 %d 小时才算；自己不算，取消再关注只算一次；每人最多 %d 份，共 %d 份，先到先得。发「%s」随时看进度。", i.HoldHours, i.PerPerson, i.Total, i.Keyword)
	}
	return b.String()
}

// Name is the reward in Chinese.
func (r InviteReward) Name() string {
	if r == InviteCourse {
		return "课程兑换码"
	}
	return "优惠券"
}

// ShownCode is a reward's code as people read and type it.
func (r *InviteRewarded) ShownCode() string {
	if r.Reward == InviteCourse {
		return (&RedeemCode{Code: r.Code}).Shown()
	}
	return r.Code
}

// Masked is enough to know the code by, and too little to use it.
func (r *InviteRewarded) Masked() string { return (&RedeemCode{Code: r.Code}).Masked() }
