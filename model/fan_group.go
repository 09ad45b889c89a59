package model

import (
	"strings"
	"time"
	"unicode/utf8"
)

// FanGroup (社群) is a chat group, or several after one another: one address that always shows a code one can join by.
type FanGroup struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	Name       string // unique per account; people who open the address read it
	Code       string // /g/{code}
	CampaignID int64
	Note       string // for the operators
	Closed     bool   // nobody is shown a code
	Version    int64
	CreatedBy  string
	UpdatedBy  string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (FanGroup) TableName() string { return "fan_groups" }

// FanGroupCodeLength gives 44 bits: the address is handed to many and no secret.
const FanGroupCodeLength = 9

// Check trims the texts and refuses what is no group. ErrInvalid names the fields.
func (g *FanGroup) Check() error {
	g.Name, g.Note = strings.TrimSpace(g.Name), strings.TrimSpace(g.Note)
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查标出的项")
	if n := utf8.RuneCountInString(g.Name); n < 1 || n > 30 || strings.ContainsFunc(g.Name, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		bad.Field("name", "名称 1 到 30 个字，一行")
	}
	if utf8.RuneCountInString(g.Note) > 1000 || !utf8.ValidString(g.Note) {
		bad.Field("note", "备注最多 1000 个字")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// FanGroupCodeState is what an operator said of a picture.
type FanGroupCodeState string

// The states. That one has been shown often enough, or is past its day, follows from its numbers.
const (
	FanGroupOpen      FanGroupCodeState = "open"
	FanGroupFull      FanGroupCodeState = "full" // by hand: the group filled up otherwise
	FanGroupWithdrawn FanGroupCodeState = "withdrawn"
)

// FanGroupCode is a group's code as a picture. The first that is open is shown; when it is full the next one is.
type FanGroupCode struct {
	ID        int64 `gorm:"primaryKey"`
	GroupID   int64
	Picture   string // address of an uploaded picture
	Most      int    // how many people it is shown to
	Shown     int
	EndsAt    *time.Time // WeChat's group codes hold for seven days
	State     FanGroupCodeState
	CreatedBy string
	CreatedAt time.Time
}

// TableName keeps the table's name apart from the type's.
func (FanGroupCode) TableName() string { return "fan_group_codes" }

// Holds tells whether somebody who was shown the picture may be shown it again.
func (c *FanGroupCode) Holds(now time.Time) bool {
	return c.State == FanGroupOpen && (c.EndsAt == nil || now.Before(*c.EndsAt))
}

// Free tells whether the picture may be shown to one more.
func (c *FanGroupCode) Free(now time.Time) bool { return c.Holds(now) && c.Shown < c.Most }

// Check refuses what is no picture of a group. ErrInvalid names the fields.
func (c *FanGroupCode) Check(now time.Time) error {
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查标出的项")
	if MediaName(c.Picture) == "" {
		bad.Field("picture", "请上传群二维码的图片")
	}
	if c.Most < 1 || c.Most > 500 {
		bad.Field("most", "1 到 500 人")
	}
	if c.EndsAt != nil && !now.Before(*c.EndsAt) {
		bad.Field("ends_at", "已经过去了")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Running out: the last picture that can be shown has room for few, or ends soon.
const (
	fanGroupFew  = 10
	fanGroupSoon = 24 * time.Hour
)

// FanGroupShort says in words why a group needs another picture; "" when it does not. codes are in their order.
func FanGroupShort(codes []FanGroupCode, now time.Time) string {
	room := 0
	var ends *time.Time // of the one that holds longest; nil among them: for ever
	forever := false
	for i := range codes {
		c := &codes[i]
		if !c.Free(now) {
			continue
		}
		room += c.Most - c.Shown
		if c.EndsAt == nil {
			forever = true
		} else if ends == nil || c.EndsAt.After(*ends) {
			ends = c.EndsAt
		}
	}
	switch {
	case room == 0:
		return "没有能进的群码了，打开的人看到的是“群满了”"
	case room < fanGroupFew:
		return "群码快满了，请再放一张"
	case !forever && ends.Sub(now) < fanGroupSoon:
		return "群码一天之内过期，请再放一张"
	}
	return ""
}

// FanGroupVisit is a browser that was shown a picture. The number it is known by is of this group alone.
type FanGroupVisit struct {
	ID        int64 `gorm:"primaryKey"`
	GroupID   int64
	CodeID    int64
	Browser   string
	Channel   string
	JoinedAt  *time.Time // they said so
	CreatedAt time.Time
}

// TableName keeps the table's name apart from the type's.
func (FanGroupVisit) TableName() string { return "fan_group_visits" }
