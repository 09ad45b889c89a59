package model

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// PlanSlots is how many places one push has: 头条, 次条 … of a mass send.
const PlanSlots = 8

// PlanTargets are the figures a planned piece may aim at, and what a target of each counts.
var PlanTargets = map[string]string{
	"read_rate": "rate", "share_rate": "rate", "finish_rate": "rate", "click_rate": "rate", "conversion_readers": "rate", // ten-thousandths
	"readers": "count", "buyers": "count", "net": "fen",
}

// PlanFields is what an operator writes of a planned piece.
type PlanFields struct {
	Day         int // 20261124
	Slot        int // 1 is the first place
	Title       string
	ColumnName  string
	Author      string
	Hand        ArticleState `gorm:"column:state"` // what was typed; Stage says how far the piece is
	TargetKPI   string       `gorm:"column:target_kpi"`
	Target      int64
	Hypothesis  string
	ArticleID   *int64
	BroadcastID *int64
}

// PlanItem is one piece of the content calendar (选题): what shall go out on a day, in which place, and why.
type PlanItem struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	PlanFields `gorm:"embedded"`
	Version    int64
	CreatedBy  string
	UpdatedBy  string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Check says by field what is wrong.
func (f *PlanFields) Check() error {
	f.Title, f.ColumnName, f.Author, f.Hypothesis = strings.TrimSpace(f.Title), strings.TrimSpace(f.ColumnName), strings.TrimSpace(f.Author), strings.TrimSpace(f.Hypothesis)
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查填写的内容")
	if f.Title == "" && f.ColumnName == "" {
		bad.Field("title", "题目和栏目至少写一个")
	}
	for name, x := range map[string]struct {
		text string
		most int
	}{"title": {f.Title, 64}, "column": {f.ColumnName, 32}, "author": {f.Author, 32}, "hypothesis": {f.Hypothesis, 300}} {
		if utf8.RuneCountInString(x.text) > x.most {
			bad.Field(name, "写得太长了")
		}
	}
	if f.Day == 0 {
		bad.Field("day", "请选哪一天")
	}
	if f.Slot < 1 || f.Slot > PlanSlots {
		bad.Field("slot", "一次推送有 1 到 8 条")
	}
	if f.Hand != ArticleIdea && f.Hand != ArticleDraft && f.Hand != ArticleLayout {
		bad.Field("state", "待确认、已确认和已发布由关联的文章或群发决定，不能手填")
	}
	kind, known := PlanTargets[f.TargetKPI]
	if f.TargetKPI == "" {
		f.Target = 0
	} else if !known {
		bad.Field("target_kpi", "没有这个指标")
	} else if f.Target <= 0 || kind == "rate" && f.Target > 10000 {
		bad.Field("target", "请写目标是多少")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

var stages = []ArticleState{ArticleIdea, ArticleDraft, ArticleLayout, ArticleWaiting, ArticleConfirmed, ArticlePublished}

func stageOf(s ArticleState) int {
	for i, x := range stages {
		if x == s {
			return i
		}
	}
	return 0
}

// Stage is how far a piece is. What is linked decides: an article's own state, or that of its mass send where it is
// further. Only where nothing is linked does what was typed count, and that ends before anybody confirms.
func (f PlanFields) Stage(article ArticleState, send BroadcastState) ArticleState {
	stage := f.Hand
	if article != "" {
		stage = article
	}
	by := ArticleIdea
	switch send {
	case BroadcastWaiting:
		by = ArticleWaiting
	case BroadcastConfirmed, BroadcastScheduled, BroadcastSending, BroadcastUnknown:
		by = ArticleConfirmed
	case BroadcastSent, BroadcastDone:
		by = ArticlePublished
	}
	if stageOf(by) > stageOf(stage) {
		return by
	}
	return stage
}

// PlanColumn is a place of the week that belongs to a column (栏目).
type PlanColumn struct {
	Weekday int    `json:"weekday"` // 1 Monday … 7 Sunday
	Slot    int    `json:"slot"`
	Column  string `json:"column"`
	Author  string `json:"author,omitempty"`
}

// PlanTemplate is the columns of a week.
type PlanTemplate struct {
	AppID     string `gorm:"column:appid;primaryKey"`
	Columns   string `gorm:"column:columns_json"`
	Version   int64
	UpdatedBy string
	UpdatedAt time.Time
}

// List reads the columns.
func (t PlanTemplate) List() []PlanColumn {
	out := []PlanColumn{}
	if t.Columns != "" {
		_ = json.Unmarshal([]byte(t.Columns), &out)
	}
	return out
}

// PlanFill says that a week was filled from the template.
type PlanFill struct {
	AppID    string `gorm:"column:appid;primaryKey"`
	Week     int    `gorm:"primaryKey;autoIncrement:false"` // its Monday
	FilledBy string
	FilledAt time.Time
}

// Weekday numbers a day from Monday 1 to Sunday 7.
func Weekday(day int) int { return (int(DayStart(day).Weekday())+6)%7 + 1 }

// PlanGap is a place that the template gives to a column and nobody filled.
type PlanGap struct {
	Day int
	PlanColumn
}

// PlanGaps finds the places of from … to that stand empty though the template names a column for them. Days before
// today are past filling.
func PlanGaps(columns []PlanColumn, items []PlanItem, from, to, today int) []PlanGap {
	taken := map[[2]int]bool{}
	for _, i := range items {
		taken[[2]int{i.Day, i.Slot}] = true
	}
	out := []PlanGap{}
	for t := DayStart(max(from, today)); DayNumber(t) <= to; t = t.AddDate(0, 0, 1) {
		day := DayNumber(t)
		for _, c := range columns {
			if c.Weekday == Weekday(day) && !taken[[2]int{day, c.Slot}] {
				out = append(out, PlanGap{day, c})
			}
		}
	}
	return out
}

// PlanClashes finds the pieces that share their place with another.
func PlanClashes(items []PlanItem) map[int64]bool {
	at := map[[2]int][]int64{}
	for _, i := range items {
		k := [2]int{i.Day, i.Slot}
		at[k] = append(at[k], i.ID)
	}
	out := map[int64]bool{}
	for _, ids := range at {
		if len(ids) > 1 {
			for _, id := range ids {
				out[id] = true
			}
		}
	}
	return out
}
