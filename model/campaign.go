package model

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// CampaignState is where a campaign stands on its days.
type CampaignState string

// The states follow from the days and from being stopped: nothing has to run for one to begin or end.
const (
	CampaignPlanned CampaignState = "planned"
	CampaignRunning CampaignState = "running"
	CampaignOver    CampaignState = "over"
	CampaignStopped CampaignState = "stopped" // before its last day
)

// CampaignGoals are the figures a campaign can aim at; money in fen, the rest people or orders.
var CampaignGoals = []string{"new_followers", "joined", "buyers", "orders", "net"}

// Campaign (活动) puts codes, links, articles, rules, coupons and courses under one name, with days and a cost.
type Campaign struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	Name      string // unique per account
	Goal      string // one of CampaignGoals; "" none
	Target    int64
	FirstDay  int // 20260131, Asia/Shanghai, both ends in
	LastDay   int
	Cost      *Fen // nil: not entered, which is not 0
	Note      string
	StoppedAt *time.Time
	StoppedBy string
	Version   int64
	CreatedBy string
	UpdatedBy string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TableName keeps the table's name apart from the type's.
func (Campaign) TableName() string { return "campaigns" }

// CampaignTail is how many days after its last one a campaign's touches may still lead to something.
const CampaignTail = 7

// State is where the campaign stands at now.
func (c Campaign) State(now time.Time) CampaignState {
	today := DayNumber(now)
	switch {
	case c.StoppedAt != nil && DayNumber(*c.StoppedAt) <= c.LastDay && !now.Before(*c.StoppedAt):
		return CampaignStopped
	case today < c.FirstDay:
		return CampaignPlanned
	case today > c.LastDay:
		return CampaignOver
	}
	return CampaignRunning
}

// Until is the last day the campaign ran, or will: its last day, or the one it was stopped on; before its first day,
// it never ran.
func (c Campaign) Until() int {
	if c.StoppedAt != nil {
		return min(c.LastDay, DayNumber(*c.StoppedAt))
	}
	return c.LastDay
}

// Bounds of a campaign.
const (
	campaignName = 40
	campaignNote = 500
	campaignDays = 366
	campaignCost = 100_000_000_00
)

// Check trims the texts and refuses what is no campaign. ErrInvalid names the fields.
func (c *Campaign) Check() error {
	c.Name, c.Note = strings.TrimSpace(c.Name), strings.TrimSpace(c.Note)
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查标出的项")
	if n := utf8.RuneCountInString(c.Name); n < 1 || n > campaignName || strings.ContainsFunc(c.Name, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		bad.Field("name", "名称 1 到 40 个字，一行")
	}
	if utf8.RuneCountInString(c.Note) > campaignNote {
		bad.Field("note", "说明最多 500 个字")
	}
	known := c.Goal == ""
	for _, g := range CampaignGoals {
		known = known || g == c.Goal
	}
	switch {
	case !known:
		bad.Field("goal", "没有这个目标")
	case c.Goal == "" && c.Target != 0, c.Goal != "" && (c.Target < 1 || c.Target > campaignCost):
		bad.Field("target", "选了目标就写一个大于 0 的数，没选就不写")
	}
	switch days := int(DayStart(c.LastDay).Sub(DayStart(c.FirstDay)).Hours()/24 + 0.5); {
	case c.LastDay < c.FirstDay:
		bad.Field("to", "结束不能早于开始")
	case days >= campaignDays:
		bad.Field("to", fmt.Sprintf("最长 %d 天", campaignDays))
	}
	if c.Cost != nil && (*c.Cost < 0 || *c.Cost > campaignCost) {
		bad.Field("cost", "费用应在 0 到 1 亿元之间")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// CampaignKind is a kind of thing that belongs to a campaign by a line of its own. Codes and links carry the campaign's
// number themselves.
type CampaignKind string

// The kinds.
const (
	CampaignArticle CampaignKind = "article"
	CampaignCourse  CampaignKind = "course"
	CampaignCoupon  CampaignKind = "coupon"
	CampaignRule    CampaignKind = "rule"
)

// CampaignItem is one thing of a campaign.
type CampaignItem struct {
	ID         int64 `gorm:"primaryKey"`
	CampaignID int64
	Kind       CampaignKind
	Ref        int64 // its number
	CreatedBy  string
	CreatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (CampaignItem) TableName() string { return "campaign_items" }
