package model

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ReportKind is how long a work report (工作汇报) looks back.
type ReportKind string

// A week is Monday to Sunday, a month that of the calendar, both in Asia/Shanghai.
const (
	ReportWeek  ReportKind = "week"
	ReportMonth ReportKind = "month"
)

// ReportState is how far a report is.
type ReportState string

// The states of a report. A newer one of the same days makes an older one superseded.
const (
	ReportDraft     ReportState = "draft"
	ReportWaiting   ReportState = "waiting" // for another person's yes
	ReportConfirmed ReportState = "confirmed"
)

// ReportDays gives the first and last day of the period of a kind that holds day. ErrInvalid: no such kind.
func ReportDays(kind ReportKind, day int) (first, last int, err error) {
	at := DayStart(day)
	switch kind {
	case ReportWeek:
		monday := at.AddDate(0, 0, 1-Weekday(day))
		return DayNumber(monday), DayNumber(monday.AddDate(0, 0, 6)), nil
	case ReportMonth:
		one := at.AddDate(0, 0, 1-at.Day())
		return DayNumber(one), DayNumber(one.AddDate(0, 1, -1)), nil
	}
	return 0, 0, Refuse(ErrInvalid, CodeInvalid, "请检查填写的内容").Field("kind", "汇报只有周报（week）和月报（month）")
}

// ReportBefore gives the period directly before the one that begins with first; ReportAfter the one after it.
func ReportBefore(kind ReportKind, first int) (int, int, error) {
	return ReportDays(kind, DayNumber(DayStart(first).AddDate(0, 0, -1)))
}

// ReportAfter gives the period directly after the one that ends with last.
func ReportAfter(kind ReportKind, last int) (int, int, error) {
	return ReportDays(kind, DayNumber(DayStart(last).AddDate(0, 0, 1)))
}

// ReportYearBefore gives the days a year before: the same month, or the week 52 weeks earlier.
func ReportYearBefore(kind ReportKind, first int) (int, int, error) {
	if kind == ReportMonth {
		return ReportDays(kind, DayNumber(DayStart(first).AddDate(-1, 0, 0)))
	}
	return ReportDays(kind, DayNumber(DayStart(first).AddDate(0, 0, -364)))
}

// ReportKPI is a figure every report speaks of. Kind: count, rate (a fraction) or fen. Less: smaller is better, so there is
// no completion, only met or not. Source: kpi-definitions §10.
type ReportKPI struct {
	Key, Label, Kind string
	Less             bool
}

// ReportKPIs are the figures of a report, in their order.
var ReportKPIs = []ReportKPI{
	{"articles", "发布文章", "count", false},
	{"readers", "阅读人数", "count", false},
	{"read_rate", "阅读率", "rate", false},
	{"share_rate", "转发率", "rate", false},
	{"followers_new", "新增关注", "count", false},
	{"followers_net", "净增关注", "count", false},
	{"cancel_rate", "取关率", "rate", true},
	{"visitors", "浏览人数", "count", false},
	{"users", "使用人数", "count", false},
	{"buyers", "购买人数", "count", false},
	{"paid_rate", "付费转化率", "rate", false},
	{"orders", "已支付订单", "count", false},
	{"gmv", "支付金额", "fen", false},
	{"net", "净收入", "fen", false},
	{"average_order", "客单价", "fen", false},
	{"repurchase_rate", "复购率", "rate", false},
	{"refund_rate", "退款率", "rate", true},
}

// ReportKPIOf finds a figure by its key.
func ReportKPIOf(key string) (ReportKPI, bool) {
	i := slices.IndexFunc(ReportKPIs, func(k ReportKPI) bool { return k.Key == key })
	if i < 0 {
		return ReportKPI{}, false
	}
	return ReportKPIs[i], true
}

// InReportOrder puts targets into the order of the figures; what is no figure any more is left out.
func InReportOrder(list []ReportTarget) []ReportTarget {
	out := make([]ReportTarget, 0, len(list))
	for _, k := range ReportKPIs {
		for _, t := range list {
			if t.KPI == k.Key {
				out = append(out, t)
			}
		}
	}
	return out
}

// ReportFigure is what is known of one figure for one period; nil where it is undefined or WeChat has not told.
type ReportFigure struct {
	Value *float64
	State string // final, running, maturing, missing
	Rule  string
}

// ReportCell is a line of 一 目标与完成. Values are fractions for rates and fen for money; Change is a fraction of the last
// period's value, for a rate the difference itself.
type ReportCell struct {
	Key        string   `json:"key"`
	Label      string   `json:"label"`
	Kind       string   `json:"kind" enum:"count,rate,fen"`
	Less       bool     `json:"less" doc:"smaller is better"`
	Target     *float64 `json:"target"`
	TargetLate bool     `json:"target_late" doc:"set when the period had begun"`
	Hypothesis string   `json:"hypothesis"`
	Actual     *float64 `json:"actual"`
	Completion *float64 `json:"completion" doc:"actual ÷ target; none where smaller is better"`
	Met        *bool    `json:"met"`
	Last       *float64 `json:"last" doc:"the period directly before"`
	Change     *float64 `json:"change" doc:"环比, a fraction; for a rate the difference, to be shown as 百分点"`
	New        bool     `json:"new" doc:"there was none in the last period: 新增"`
	Year       *float64 `json:"year" doc:"the same period a year before"`
	YearChange *float64 `json:"year_change"`
	State      string   `json:"state" enum:"final,running,maturing,missing"`
	Rule       string   `json:"rule"`
	ActualText string   `json:"actual_text"`
	TargetText string   `json:"target_text"`
	DoneText   string   `json:"done_text"`
	LastText   string   `json:"last_text"`
	ChangeText string   `json:"change_text"`
	YearText   string   `json:"year_text" doc:"同比"`
}

// ReportTarget is what a figure shall reach in a period, and why one thinks so.
type ReportTarget struct {
	AppID      string     `gorm:"column:appid;primaryKey" json:"-"`
	Kind       ReportKind `gorm:"primaryKey" json:"-"`
	FirstDay   int        `gorm:"primaryKey;autoIncrement:false" json:"-"`
	KPI        string     `gorm:"primaryKey;column:kpi" json:"kpi"`
	Target     int64      `json:"target" doc:"people or items; fen; for a rate ten-thousandths"`
	Hypothesis string     `json:"hypothesis"`
	SetBy      string     `json:"set_by"`
	SetAt      time.Time  `json:"set_at"`
}

// Check says by field what is wrong.
func (t *ReportTarget) Check() error {
	t.Hypothesis = strings.TrimSpace(t.Hypothesis)
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查填写的内容")
	k, known := ReportKPIOf(t.KPI)
	switch {
	case !known:
		bad.Field("kpi", "没有这个指标")
	case t.Target < 0, t.Target == 0 && !k.Less, k.Kind == "rate" && t.Target > 10_000, t.Target > 1e12:
		bad.Field(t.KPI, "请写一个大于 0 的目标，比率不超过 100%")
	}
	if utf8.RuneCountInString(t.Hypothesis) > 300 {
		bad.Field(t.KPI, "假设最多 300 个字")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Value is the target in the figure's own unit.
func (t ReportTarget) Value() float64 {
	if k, _ := ReportKPIOf(t.KPI); k.Kind == "rate" {
		return float64(t.Target) / 10_000
	}
	return float64(t.Target)
}

// NewReportCell works out completion and change of one figure. target is nil where none was set; began is when the period
// began.
func NewReportCell(k ReportKPI, target *ReportTarget, began time.Time, now, last, year ReportFigure) ReportCell {
	c := ReportCell{Key: k.Key, Label: k.Label, Kind: k.Kind, Less: k.Less, Actual: now.Value, Last: last.Value, Year: year.Value, State: now.State, Rule: now.Rule}
	if target != nil {
		v := target.Value()
		c.Target, c.Hypothesis, c.TargetLate = &v, target.Hypothesis, !target.SetAt.Before(began)
		if c.Actual != nil {
			met := *c.Actual >= v
			if k.Less {
				met = *c.Actual <= v
			} else if v > 0 {
				done := *c.Actual / v
				c.Completion = &done
			}
			c.Met = &met
		}
	}
	c.Change, c.New = reportChange(k, c.Actual, c.Last)
	c.YearChange, _ = reportChange(k, c.Actual, c.Year)
	c.ActualText, c.LastText = ReportNumber(k.Kind, c.Actual), ReportNumber(k.Kind, c.Last)
	c.TargetText = ReportNumber(k.Kind, c.Target)
	switch {
	case c.Completion != nil:
		c.DoneText = ReportNumber("rate", c.Completion)
	case c.Met != nil && *c.Met:
		c.DoneText = "达到"
	case c.Met != nil:
		c.DoneText = "未达到"
	default:
		c.DoneText = "–"
	}
	c.ChangeText, c.YearText = reportChangeText(k, c.Change, c.New), reportChangeText(k, c.YearChange, false)
	return c
}

func reportChange(k ReportKPI, now, last *float64) (change *float64, isNew bool) {
	if now == nil || last == nil {
		return nil, false
	}
	d := *now - *last
	if k.Kind == "rate" {
		return &d, false
	}
	if *last == 0 {
		return nil, *now != 0
	}
	// What was below zero and grew has grown: the sign is that of the difference.
	d /= math.Abs(*last)
	return &d, false
}

// ReportNumber writes a value for a person: 1,234 · 12.3% · ¥1,234.00; "–" for none. Screen and files show these very words.
func ReportNumber(kind string, v *float64) string {
	if v == nil {
		return "–"
	}
	switch kind {
	case "rate":
		return percent(*v) + "%"
	case "fen":
		return "¥" + thousands(Fen(math.Round(*v)).Yuan())
	}
	return thousands(strconv.FormatInt(int64(math.Round(*v)), 10))
}

// percent writes a fraction in hundredths as the screens do: one decimal, two below 1 %, half up. The tiny term keeps
// 0.285 → 28.5 from falling for want of a binary digit.
func percent(v float64) string {
	v *= 100
	places := 1
	if v != 0 && math.Abs(v) < 1 {
		places = 2
	}
	scale := math.Pow10(places)
	v = math.Round((v+math.Copysign(0x1p-52*100, v))*scale) / scale
	if v == 0 {
		return "0.0"
	}
	return strconv.FormatFloat(v, 'f', places, 64)
}

func thousands(s string) string {
	sign, rest := "", s
	if strings.HasPrefix(rest, "-") {
		sign, rest = "-", rest[1:]
	}
	whole, part, _ := strings.Cut(rest, ".")
	var b strings.Builder
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	if part != "" {
		part = "." + part
	}
	return sign + b.String() + part
}

// reportChangeText writes 环比: +25.0 %, +1.5 个百分点, 新增.
func reportChangeText(k ReportKPI, change *float64, isNew bool) string {
	if isNew {
		return "新增"
	}
	if change == nil {
		return "–"
	}
	s := percent(*change)
	if !strings.HasPrefix(s, "-") && s != "0.0" {
		s = "+" + s
	}
	if k.Kind == "rate" {
		return s + " 个百分点"
	}
	return s + "%"
}

// ReportDiff is a figure that a newer version of a report has otherwise.
type ReportDiff struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// ReportDiffs lists what facts b shows otherwise than a.
func ReportDiffs(a, b ReportFacts) []ReportDiff {
	out := []ReportDiff{}
	old := a.texts()
	now := b.texts()
	seen := map[string]bool{}
	for _, list := range [][]reportText{now, old} {
		for _, x := range list {
			if seen[x.key] {
				continue
			}
			seen[x.key] = true
			o, n := textOf(old, x.key), textOf(now, x.key)
			if o != n {
				out = append(out, ReportDiff{Key: x.key, Label: x.label, Old: o, New: n})
			}
		}
	}
	return out
}

type reportText struct{ key, label, text string }

func textOf(list []reportText, key string) string {
	for _, x := range list {
		if x.key == key {
			return x.text
		}
	}
	return "–"
}

// texts lists every figure of f as it is shown. What a target or a plan says is no fact, and may change.
func (f ReportFacts) texts() []reportText {
	var out []reportText
	for _, c := range f.Cells {
		out = append(out, reportText{"kpi:" + c.Key, c.Label, c.ActualText}, reportText{"last:" + c.Key, c.Label + "（上期）", c.LastText})
	}
	for _, t := range []ReportTable{f.Articles, f.Campaigns, f.Courses} {
		for _, r := range t.Rows {
			for i, v := range r.Values {
				if i < len(t.Columns) {
					out = append(out, reportText{t.Key + ":" + strconv.FormatInt(r.ID, 10) + ":" + t.Columns[i].Key, "《" + r.Title + "》" + t.Columns[i].Label, ReportNumber(t.Columns[i].Kind, v)})
				}
			}
		}
	}
	return out
}

// Report is one version of a report. Its figures are frozen when it is made; its words may be written until it is confirmed.
type Report struct {
	ID          int64  `gorm:"primaryKey"`
	AppID       string `gorm:"column:appid"`
	Kind        ReportKind
	FirstDay    int
	LastDay     int
	Number      int // 1; more when late facts changed it
	State       ReportState
	FactsJSON   string `gorm:"column:facts_json"`
	WordsJSON   string `gorm:"column:words_json"`
	ChangesJSON string `gorm:"column:changes_json"` // []ReportDiff against the version before
	Revision    int64
	AskedBy     string
	AskedByID   int64
	AskedAt     *time.Time
	DecidedBy   string
	DecidedAt   *time.Time
	Remark      string // what the one who confirmed or returned it said
	MadeBy      string // "" when it made itself
	MadeAt      time.Time
	UpdatedBy   string
	UpdatedAt   time.Time
}

// Facts reads the frozen figures.
func (r Report) Facts() (f ReportFacts, err error) {
	err = json.Unmarshal([]byte(r.FactsJSON), &f)
	return f, err
}

// Words reads the text.
func (r Report) Words() (w ReportWords, err error) {
	err = json.Unmarshal([]byte(r.WordsJSON), &w)
	return w, err
}

// Changes reads what the version before had otherwise.
func (r Report) Changes() []ReportDiff {
	out := []ReportDiff{}
	_ = json.Unmarshal([]byte(r.ChangesJSON), &out)
	return out
}

// Title names the report: 工作周报 2026-11-16 至 2026-11-22.
func (r Report) Title() string {
	if r.Kind == ReportMonth {
		return "工作月报 " + DayStart(r.FirstDay).Format("2006 年 1 月")
	}
	return "工作周报 " + DayName(r.FirstDay) + " 至 " + DayName(r.LastDay)
}
