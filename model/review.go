package model

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ReviewKind is what a review (复盘) looks back on.
type ReviewKind string

// The kinds. A free one is written by hand, about anything.
const (
	ReviewArticle  ReviewKind = "article"
	ReviewCampaign ReviewKind = "campaign"
	ReviewFree     ReviewKind = "free"
)

// ReviewState is how far a review is.
type ReviewState string

// The states of a review. The last two are one in the table: a decided one acts as long as the task of its next step is
// there and not done.
const (
	ReviewOpen    ReviewState = "open"
	ReviewDecided ReviewState = "decided"
	ReviewActing  ReviewState = "acting"
	ReviewClosed  ReviewState = "closed"
)

// ReviewDecisions are what may be decided.
var ReviewDecisions = []string{"keep", "change", "stop"}

// Bounds of what a review may say.
const (
	ReviewTitleMost = 60
	ReviewTextMost  = 1000
	ReviewStepMost  = 60 // it becomes a task
)

// ReviewFigure is a figure of C, frozen.
type ReviewFigure struct {
	Key   string   `json:"key"`
	Label string   `json:"label"`
	Kind  string   `json:"kind" enum:"count,rate,fen"`
	Value *float64 `json:"value"`
	Text  string   `json:"text"`
	State string   `json:"state" enum:"final,running,maturing,missing"`
	Rule  string   `json:"rule"`
}

// Review is one turn of PDCA: P is what was planned, written before; D what it is about; C the figures, filled in by the
// system and never typed; A the decision, which comes back as a task.
type Review struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	Kind       ReviewKind
	SubjectID  *int64 // the article's, the campaign's; nil for a free one
	Title      string
	KPI        string `gorm:"column:kpi"` // one of the figures; "" when none was aimed at
	Target     int64  // people or items; fen; for a rate ten-thousandths
	Hypothesis string
	FirstDay   int // of the figures
	LastDay    int
	FactsJSON  string `gorm:"column:facts_json"`
	FactsAt    *time.Time
	Met        *bool
	Finding    string
	Decision   string
	Next       string `gorm:"column:next_step"`
	OwnerID    int64
	Owner      string
	DueDay     int
	TaskID     *int64
	State      ReviewState
	OpenedAt   time.Time
	OpenedBy   string // "" by itself, when the window ended
	DecidedAt  *time.Time
	DecidedBy  string
	Version    int64
	UpdatedBy  string
	UpdatedAt  time.Time
}

// Figures reads C.
func (r Review) Figures() []ReviewFigure {
	out := []ReviewFigure{}
	if r.FactsJSON != "" {
		_ = json.Unmarshal([]byte(r.FactsJSON), &out)
	}
	return out
}

// Put freezes the figures, and says whether what was aimed at was reached: nil where nothing was, or it is not known.
func (r *Review) Put(figures []ReviewFigure, at time.Time) error {
	raw, err := json.Marshal(figures)
	if err != nil {
		return err //nolint:wrapcheck // numbers and words: cannot fail
	}
	at = Milli(at)
	r.FactsJSON, r.FactsAt, r.Met = string(raw), &at, nil
	i := slices.IndexFunc(figures, func(f ReviewFigure) bool { return f.Key == r.KPI })
	if r.KPI == "" || i < 0 || figures[i].Value == nil {
		return nil
	}
	met := *figures[i].Value >= r.TargetValue(figures[i].Kind)
	r.Met = &met
	return nil
}

// TargetValue is the target in the unit of a figure of a kind.
func (r Review) TargetValue(kind string) float64 {
	if kind == "rate" {
		return float64(r.Target) / 10_000
	}
	return float64(r.Target)
}

// Aim says what was aimed at and what came of it: 阅读率 9.0%，目标 10.0%. "" where nothing was aimed at.
func (r Review) Aim() string {
	figures := r.Figures()
	i := slices.IndexFunc(figures, func(f ReviewFigure) bool { return f.Key == r.KPI })
	if r.KPI == "" || i < 0 {
		return ""
	}
	v := r.TargetValue(figures[i].Kind)
	return figures[i].Label + " " + figures[i].Text + "，目标 " + ReportNumber(figures[i].Kind, &v)
}

// ReviewDecision is what an operator decides.
type ReviewDecision struct {
	Finding, Decision, Next string
	OwnerID                 int64
	DueDay                  int
}

// Check says by field what is wrong. What goes on or changes has a next step with a day; what is stopped may have none.
func (d *ReviewDecision) Check(today int) error {
	d.Finding, d.Next = strings.TrimSpace(d.Finding), strings.TrimSpace(d.Next)
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查填写的内容")
	if !slices.Contains(ReviewDecisions, d.Decision) {
		bad.Field("decision", "请选保持、改进或停止")
	}
	if d.Finding == "" || utf8.RuneCountInString(d.Finding) > ReviewTextMost {
		bad.Field("finding", "请写下看到了什么，最多 1000 个字")
	}
	if n := utf8.RuneCountInString(d.Next); n > ReviewStepMost || n == 0 && d.Decision == "change" {
		bad.Field("next", "要改进什么请写成一句话，最多 60 个字")
	}
	if d.Next != "" && d.DueDay < today {
		bad.Field("due", "请选今天或以后的一天")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}
