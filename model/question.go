package model

import (
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// Pages of the console that answer a question.
const (
	QuestionFunnel      = "funnel"
	QuestionAttribution = "attribution"
	QuestionRetention   = "retention"
)

// SavedQuestion is a question somebody asks again: a page of the console and what its address says. It belongs to
// who saved it; shared, everybody sees it.
type SavedQuestion struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	OwnerID   int64
	OwnerName string
	Page      string
	Name      string
	Query     string // as in the address, without "?"; a usual range stands as range=30, so that it moves on with the days
	Shared    bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Bounds of a saved question.
const (
	questionName  = 40
	questionQuery = 2000
	// QuestionsMost is how many one operator may keep.
	QuestionsMost = 100
)

// Check trims the name and refuses what no page could open. ErrInvalid names the fields.
func (q *SavedQuestion) Check() error {
	q.Name = strings.TrimSpace(q.Name)
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查标出的项")
	if q.Page != QuestionFunnel && q.Page != QuestionAttribution && q.Page != QuestionRetention {
		bad.Field("page", "没有这个页面")
	}
	if n := utf8.RuneCountInString(q.Name); n < 1 || n > questionName || strings.ContainsFunc(q.Name, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		bad.Field("name", "名称 1 到 40 个字，一行")
	}
	if _, err := url.ParseQuery(q.Query); err != nil || len(q.Query) > questionQuery || strings.ContainsFunc(q.Query, func(r rune) bool { return r < ' ' || r > '~' }) {
		bad.Field("query", "问题太长，或者不是地址里的内容")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}
