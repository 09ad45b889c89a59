package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ReportText is one section's words. What an operator wrote is never written over.
type ReportText struct {
	Text   string `json:"text"`
	Edited bool   `json:"edited"`
}

// ReportWords are the four sections of a report.
type ReportWords struct {
	Goals    ReportText `json:"goals"`    // 一 目标与完成
	Work     ReportText `json:"work"`     // 二 重点工作
	Problems ReportText `json:"problems"` // 三 问题与原因
	Next     ReportText `json:"next"`     // 四 下期计划
}

// ReportSections names the sections in their order.
var ReportSections = []struct{ Key, Title string }{
	{"goals", "一、目标与完成"}, {"work", "二、重点工作"}, {"problems", "三、问题与原因"}, {"next", "四、下期计划"},
}

// ReportTextMost bounds a section.
const ReportTextMost = 4000

// Section gives a section by its key; nil when there is none such.
func (w *ReportWords) Section(key string) *ReportText {
	switch key {
	case "goals":
		return &w.Goals
	case "work":
		return &w.Work
	case "problems":
		return &w.Problems
	case "next":
		return &w.Next
	}
	return nil
}

// Bounds of what the rules speak of: a change below them is noise of small numbers.
const (
	wordsLeast  = 10   // people, orders
	wordsFen    = 1000 // fen
	wordsFall   = 0.2  // a fall worth a line
	wordsPoints = 0.01 // a percentage point
	wordsMost   = 3
)

// WriteReport writes the sections nobody edited, by rules and from f alone: the same facts give the same words.
func WriteReport(f ReportFacts, w ReportWords) ReportWords {
	for _, s := range ReportSections {
		t := w.Section(s.Key)
		if t.Edited {
			continue
		}
		switch s.Key {
		case "goals":
			t.Text = goalWords(f)
		case "work":
			t.Text = workWords(f)
		case "problems":
			t.Text = problemWords(f)
		case "next":
			t.Text = nextWords(f)
		}
		t.Text = cutLines(t.Text)
	}
	return w
}

// cutLines keeps a written section within what an operator may save.
func cutLines(s string) string {
	for utf8.RuneCountInString(s) > ReportTextMost {
		i := strings.LastIndexByte(s, '\n')
		if i < 0 {
			return Cut(s, ReportTextMost)
		}
		s = s[:i]
	}
	return s
}

// brief says a cell in words: 新增关注 120，环比 +25.0%.
func (c ReportCell) brief() string {
	s := c.Label + " " + c.ActualText
	switch {
	case c.New:
		s += "（上期没有）"
	case c.Change != nil && c.ChangeText == "0.0%", c.Change != nil && c.ChangeText == "0.0 个百分点":
		s += "，与上期持平"
	case c.Change != nil:
		s += "，环比 " + c.ChangeText
	}
	return s
}

func goalWords(f ReportFacts) string {
	var met, missed, open []string
	for _, c := range f.Cells {
		switch {
		case c.Target == nil:
		case c.Met == nil:
			open = append(open, c.Label)
		case *c.Met:
			met = append(met, c.against())
		default:
			missed = append(missed, c.against())
		}
	}
	var lines []string
	if n := len(met) + len(missed) + len(open); n == 0 {
		lines = append(lines, "本期没有设目标。")
	} else {
		line := fmt.Sprintf("本期设了 %d 个目标，达到 %d 个。", n, len(met))
		if len(met) > 0 {
			line += "达到：" + strings.Join(met, "；") + "。"
		}
		if len(missed) > 0 {
			line += "没有达到：" + strings.Join(missed, "；") + "。"
		}
		if len(open) > 0 {
			line += "还没有数：" + strings.Join(open, "、") + "。"
		}
		lines = append(lines, line)
	}
	if moved := f.moved(); len(moved) > 0 {
		var parts []string
		for _, c := range moved {
			parts = append(parts, c.brief())
		}
		lines = append(lines, "与上期相比变化最大的："+strings.Join(parts, "；")+"。")
	}
	for _, key := range []string{"buyers", "net"} {
		if c, ok := f.Cell(key); ok && c.Target == nil && !slices.ContainsFunc(f.moved(), func(m ReportCell) bool { return m.Key == key }) {
			lines = append(lines, c.brief()+"。")
		}
	}
	return strings.Join(lines, "\n")
}

// against says a cell beside its target: 新增关注 120，目标 100，完成 120.0%，环比 +25.0%.
func (c ReportCell) against() string {
	s := c.Label + " " + c.ActualText + "，目标 " + c.TargetText
	if c.Less {
		s = c.Label + " " + c.ActualText + "，目标不高于 " + c.TargetText
	}
	if c.Completion != nil {
		s += "，完成 " + c.DoneText
	}
	if c.New {
		s += "，上期没有"
	} else if c.Change != nil {
		s += "，环比 " + c.ChangeText
	}
	return s
}

// big says whether there is enough of a cell to speak of its change.
func (c ReportCell) big() bool {
	least := float64(wordsLeast)
	switch c.Kind {
	case "fen":
		least = wordsFen
	case "rate":
		return c.Change != nil && math.Abs(*c.Change) >= wordsPoints/2
	}
	return c.Actual != nil && math.Abs(*c.Actual) >= least || c.Last != nil && math.Abs(*c.Last) >= least
}

// moved are the figures that changed most, the greatest change first; a rate is weighed by its relative change.
func (f ReportFacts) moved() []ReportCell {
	weigh := func(c ReportCell) float64 {
		if c.Kind == "rate" && c.Last != nil && *c.Last != 0 {
			return math.Abs(*c.Change / *c.Last)
		}
		return math.Abs(*c.Change)
	}
	var list []ReportCell
	for _, c := range f.Cells {
		if c.Change != nil && c.big() && weigh(c) >= 0.05 && c.Target == nil {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b ReportCell) int { return cmp.Compare(weigh(b), weigh(a)) })
	return list[:min(len(list), wordsMost)]
}

func workWords(f ReportFacts) string {
	var lines []string
	if n := len(f.Articles.Rows); n > 0 {
		line := fmt.Sprintf("发布文章 %d 篇", n)
		if c, ok := f.Cell("articles"); ok && c.Last != nil {
			line += fmt.Sprintf("（上期 %s 篇）", c.LastText)
		}
		line += "。"
		if r, v := most(f.Articles, "readers"); v != nil {
			line += fmt.Sprintf("阅读最多的是《%s》，%s 人。", r.Title, ReportNumber("count", v))
		}
		if r, v := most(f.Articles, "net"); v != nil && *v > 0 {
			line += fmt.Sprintf("带来净收入最多的是《%s》，%s，%s 人购买。", r.Title, ReportNumber("fen", v), ReportNumber("count", f.Articles.Value(r, "buyers")))
		}
		lines = append(lines, line)
	} else {
		lines = append(lines, "本期没有发布文章。")
	}
	for _, r := range f.Campaigns.Rows {
		line := fmt.Sprintf("活动《%s》（%s）到期末带来新增关注 %s 人、购买 %s 人、净收入 %s", r.Title, r.Note, ReportNumber("count", f.Campaigns.Value(r, "new_followers")),
			ReportNumber("count", f.Campaigns.Value(r, "buyers")), ReportNumber("fen", f.Campaigns.Value(r, "net")))
		if v := f.Campaigns.Value(r, "lift"); v != nil {
			line += fmt.Sprintf("；同期新关注比前几周的相同星期几约多 %s 人（估算）", ReportNumber("count", v))
		}
		if v := f.Campaigns.Value(r, "cac"); v != nil {
			line += "；每个新关注花费 " + ReportNumber("fen", v)
		}
		if v := f.Campaigns.Value(r, "roi"); v != nil {
			line += "；ROI " + ReportNumber("rate", v)
		}
		lines = append(lines, line+"。")
	}
	if r, v := most(f.Courses, "orders"); v != nil && *v > 0 {
		lines = append(lines, fmt.Sprintf("课程中《%s》卖得最多：%s 单，净收入 %s。", r.Title, ReportNumber("count", v), ReportNumber("fen", f.Courses.Value(r, "net"))))
	}
	if t := f.Tasks; t.All > 0 {
		line := fmt.Sprintf("计划的任务 %d 项，完成 %d 项", t.All, t.Done)
		if t.Actual > 0 {
			line += fmt.Sprintf("，完成的估计 %s、实际 %s", minutes(t.Estimated), minutes(t.Actual))
		}
		lines = append(lines, line+"。")
	}
	for _, r := range f.Reviews {
		if r.Decision != "" && r.Finding != "" {
			lines = append(lines, fmt.Sprintf("复盘《%s》：%s（%s）。", r.Title, strings.TrimRight(r.Finding, "。"), DecisionName(r.Decision)))
		}
	}
	return strings.Join(lines, "\n")
}

func minutes(n int) string {
	if n < 60 {
		return fmt.Sprintf("%d 分钟", n)
	}
	return fmt.Sprintf("%.1f 小时", float64(n)/60)
}

// most finds the row with the greatest figure of a column; the first of equals.
func most(t ReportTable, key string) (best ReportRow, top *float64) {
	for _, r := range t.Rows {
		if v := t.Value(r, key); v != nil && (top == nil || *v > *top) {
			best, top = r, v
		}
	}
	return best, top
}

// short is how far a cell is from its target: 差 40.
func (c ReportCell) short() string {
	d := math.Abs(*c.Target - *c.Actual)
	if c.Kind == "rate" {
		return strings.TrimSuffix(ReportNumber("rate", &d), "%") + " 个百分点"
	}
	return ReportNumber(c.Kind, &d)
}

func problemWords(f ReportFacts) string {
	var found []string
	for _, c := range f.Cells {
		switch {
		case c.Met != nil && !*c.Met && c.Less:
			found = append(found, fmt.Sprintf("%s %s，高出目标 %s。", c.Label, c.ActualText, c.short()))
		case c.Met != nil && !*c.Met:
			line := fmt.Sprintf("%s %s，离目标还差 %s", c.Label, c.ActualText, c.short())
			if c.Hypothesis != "" {
				line += "；当时的假设是“" + strings.TrimRight(c.Hypothesis, "。") + "”，没有成立"
			}
			found = append(found, line+"。")
		case c.Change != nil && c.big() && c.Kind != "rate" && !c.Less && *c.Change <= -wordsFall:
			found = append(found, fmt.Sprintf("%s环比 %s（%s → %s）。", c.Label, c.ChangeText, c.LastText, c.ActualText))
		case c.Change != nil && c.Kind == "rate" && (c.Less && *c.Change >= wordsPoints || !c.Less && *c.Change <= -wordsPoints):
			found = append(found, fmt.Sprintf("%s%s %s（%s → %s）。", c.Label, map[bool]string{true: "上升", false: "下降"}[*c.Change > 0], strings.TrimLeft(c.ChangeText, "+-"), c.LastText, c.ActualText))
		}
	}
	for _, r := range f.Reviews {
		if r.Met != nil && !*r.Met {
			line := fmt.Sprintf("《%s》没有达到：%s", r.Title, r.Aim)
			if r.Hypothesis != "" {
				line += "；假设“" + strings.TrimRight(r.Hypothesis, "。") + "”没有成立"
			}
			found = append(found, line+"。")
		}
	}
	var lines []string
	if len(found) == 0 {
		lines = append(lines, "没有指标低于目标，也没有明显下降的。")
	}
	for i, s := range found {
		lines = append(lines, fmt.Sprintf("%d. %s", i+1, s))
	}
	if causes := f.causes(); len(found) > 0 && len(causes) > 0 {
		lines = append(lines, "同一时间发生的事（不等于原因，请写下您的判断）："+strings.Join(causes, "；")+"。")
	}
	if len(f.Holes) > 0 {
		lines = append(lines, "数据说明："+strings.Join(f.Holes, "；")+"。")
	}
	return strings.Join(lines, "\n")
}

// causes are what else was otherwise than in the period before.
func (f ReportFacts) causes() []string {
	var out []string
	if c, ok := f.Cell("articles"); ok && c.Actual != nil && c.Last != nil && *c.Actual < *c.Last {
		out = append(out, fmt.Sprintf("发布文章由 %s 篇减到 %s 篇", c.LastText, c.ActualText))
	}
	if len(f.Campaigns.Rows) == 0 && f.LastCampaigns > 0 {
		out = append(out, fmt.Sprintf("上期有 %d 个活动，本期没有", f.LastCampaigns))
	}
	if r, v := most(f.Courses, "refunded"); v != nil && *v >= wordsFen {
		out = append(out, fmt.Sprintf("《%s》退款 %s", r.Title, ReportNumber("fen", v)))
	}
	if t := f.Tasks; t.All > 0 && t.Done*2 < t.All {
		out = append(out, fmt.Sprintf("计划的任务完成不到一半（%d/%d）", t.Done, t.All))
	}
	return out
}

func nextWords(f ReportFacts) string {
	var lines []string
	for _, r := range f.Reviews {
		if !r.Open {
			continue
		}
		line := fmt.Sprintf("%s《%s》：%s", DecisionName(r.Decision), r.Title, strings.TrimRight(r.Next, "。"))
		var who []string
		if r.Owner != "" {
			who = append(who, r.Owner)
		}
		if r.DueDay > 0 {
			who = append(who, DayName(r.DueDay)+" 前")
		}
		if len(who) > 0 {
			line += "（" + strings.Join(who, "，") + "）"
		}
		lines = append(lines, line+"。")
	}
	for _, what := range []string{"选题", "活动"} {
		var parts []string
		n := 0
		for _, p := range f.Plans {
			if p.What != what {
				continue
			}
			if n++; n <= 5 {
				parts = append(parts, DayStart(p.Day).Format("1 月 2 日")+"《"+p.Title+"》")
			}
		}
		if n > 0 {
			more := ""
			if n > 5 {
				more = " 等"
			}
			lines = append(lines, fmt.Sprintf("已排%s %d 个：%s%s。", what, n, strings.Join(parts, "、"), more))
		}
	}
	if len(f.NextTargets) > 0 {
		var parts []string
		for _, t := range f.NextTargets {
			k, _ := ReportKPIOf(t.KPI)
			v := t.Value()
			s := k.Label + " " + ReportNumber(k.Kind, &v)
			if k.Less {
				s = k.Label + "不高于 " + ReportNumber(k.Kind, &v)
			}
			if t.Hypothesis != "" {
				s += "（" + strings.TrimRight(t.Hypothesis, "。") + "）"
			}
			parts = append(parts, s)
		}
		lines = append(lines, "下期目标："+strings.Join(parts, "；")+"。")
	}
	if len(lines) == 0 {
		return "还没有下期的计划，请写在这里。下次先在选题日历、活动和目标里排好，生成汇报时会自己列出来。"
	}
	for i := range lines {
		lines[i] = fmt.Sprintf("%d. %s", i+1, lines[i])
	}
	return strings.Join(lines, "\n")
}

// DecisionName says a review's decision in words.
func DecisionName(d string) string {
	switch d {
	case "keep":
		return "保持"
	case "change":
		return "改进"
	case "stop":
		return "停止"
	}
	return "待定"
}

// ReportMorning is when WeChat has told of the day before: half past ten.
const ReportMorning = 10*time.Hour + 30*time.Minute

// ReportDue says which periods' reports are due by themselves at now: the last whole week from Monday 10:30 on, the last
// whole month from the first 10:30 on.
func ReportDue(now time.Time) (due []ReportPeriod) {
	at := now.In(Shanghai).Add(-ReportMorning)
	for _, kind := range []ReportKind{ReportWeek, ReportMonth} {
		first, _, err := ReportDays(kind, DayNumber(at))
		if err != nil {
			continue
		}
		before, last, err := ReportBefore(kind, first)
		if err == nil {
			due = append(due, ReportPeriod{kind, before, last})
		}
	}
	return due
}

// ReportPeriod is the days one report speaks of.
type ReportPeriod struct {
	Kind        ReportKind
	First, Last int
}
