package model

import (
	"fmt"
	"slices"
	"time"
)

// AlertKind is what an alert is about.
type AlertKind string

// The kinds.
const (
	AlertFigure   AlertKind = "figure"   // a figure of a day outside what is usual for its weekday
	AlertRefunds  AlertKind = "refunds"  // a course with refunds
	AlertLeavers  AlertKind = "leavers"  // followers leave after a send
	AlertCallback AlertKind = "callback" // WeChat waits for our answers
)

// AlertRule says when an operator wants to be told. There is one a kind, of AlertFigure one a figure.
type AlertRule struct {
	ID          int64  `gorm:"primaryKey"`
	AppID       string `gorm:"column:appid"`
	Kind        AlertKind
	Figure      string
	Enabled     bool
	Percent     int   // figure: beyond the usual range; refunds: of the paid orders; leavers: above the usual; callback: of the answers
	Least       int64 // so many at least, or so much (fen): small numbers jump
	Millis      int   // callback: slower than this
	AsleepUntil *time.Time
	CheckedDay  int // the last day a figure was looked at
	Version     int64
	UpdatedBy   string
	UpdatedAt   time.Time
}

// TableName keeps the table's name apart from the type's.
func (AlertRule) TableName() string { return "alert_rules" }

// AlertRules are the rules as they are before an operator changes any.
var AlertRules = []AlertRule{
	{Kind: AlertFigure, Figure: "followers_new", Enabled: true, Percent: 50, Least: 10},
	{Kind: AlertFigure, Figure: "followers_lost", Enabled: true, Percent: 50, Least: 10},
	{Kind: AlertFigure, Figure: "visitors", Enabled: true, Percent: 50, Least: 20},
	{Kind: AlertFigure, Figure: "buyers", Enabled: true, Percent: 50, Least: 3},
	{Kind: AlertFigure, Figure: "net", Enabled: false, Percent: 50, Least: 50_000},
	{Kind: AlertRefunds, Enabled: true, Percent: 20, Least: 3},
	{Kind: AlertLeavers, Enabled: true, Percent: 100, Least: 10},
	{Kind: AlertCallback, Enabled: true, Percent: 5, Least: 20, Millis: 2000},
}

// AlertFigureNames are the figures in Chinese.
var AlertFigureNames = map[string]string{"followers_new": "新增关注", "followers_lost": "取关", "visitors": "浏览人数", "buyers": "购买人数", "net": "净收入"}

// AlertMillis are the bounds answers are counted by that may be chosen.
var AlertMillis = []int{500, 1000, 2000, 3000, 4500}

// Asleep tells whether the rule is silent at a time.
func (r *AlertRule) Asleep(now time.Time) bool {
	return !r.Enabled || r.AsleepUntil != nil && now.Before(*r.AsleepUntil)
}

// Check refuses what is no rule. ErrInvalid names the fields.
func (r *AlertRule) Check() error {
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查标出的项")
	most := 1000
	if r.Kind == AlertRefunds || r.Kind == AlertCallback {
		most = 100
	}
	if r.Percent < 1 || r.Percent > most {
		bad.Field("percent", fmt.Sprintf("1 到 %d", most))
	}
	if r.Least < 1 || r.Least > 1_000_000_00 {
		bad.Field("least", "要大于 0")
	}
	if r.Kind == AlertCallback && !slices.Contains(AlertMillis, r.Millis) {
		bad.Field("millis", "选一个时间")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Alert is one case an operator is told of, once.
type Alert struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	RuleID    int64
	Kind      AlertKind
	CaseKey   string
	Title     string
	Text      string // with the numbers as they were
	Look      string // what to look at
	Link      string // page of the console
	SeenAt    *time.Time
	SeenBy    string
	CreatedAt time.Time
}

// TableName keeps the table's name apart from the type's.
func (Alert) TableName() string { return "alerts" }

// alertWeeks is how many of the same weekday there must be before one is called unusual.
const alertWeeks = 4

// Unusual tells whether a day's value lies outside the range of the same weekdays before by more than the rule says.
func (r *AlertRule) Unusual(value float64, before []float64) (low, high float64, yes bool) {
	if len(before) < alertWeeks {
		return 0, 0, false
	}
	low, high = slices.Min(before), slices.Max(before)
	share := float64(r.Percent) / 100
	switch {
	case value > high:
		yes = value >= high*(1+share) && value-high >= float64(r.Least)
	case value < low:
		yes = value <= low*(1-share) && low-value >= float64(r.Least)
	}
	return low, high, yes
}

// Many tells whether n of total is as much as the rule says.
func (r *AlertRule) Many(n, total int64) bool {
	return n >= r.Least && n*100 >= total*int64(r.Percent)
}

// Above tells whether n is as far above the usual as the rule says.
func (r *AlertRule) Above(n int64, usual float64) bool {
	return n >= r.Least && float64(n) >= usual*(1+float64(r.Percent)/100)
}
