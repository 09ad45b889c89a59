package report

import (
	"fmt"
	"strings"

	"loudou/model"
)

// Format is a kind of file a report goes out as.
type Format string

// The formats.
const (
	FormatDOCX Format = "docx"
	FormatXLSX Format = "xlsx"
	FormatHTML Format = "html" // to print
)

// File writes a report as a file. All formats show the very texts the screen shows; an xlsx holds the numbers as numbers.
func File(r model.Report, format Format) (body []byte, mime string, err error) {
	facts, err := r.Facts()
	if err != nil {
		return nil, "", fmt.Errorf("facts of report %d: %w", r.ID, err)
	}
	words, err := r.Words()
	if err != nil {
		return nil, "", fmt.Errorf("words of report %d: %w", r.ID, err)
	}
	p := paper{Report: r, Facts: facts, Words: words, Changes: r.Changes()}
	switch format {
	case FormatDOCX:
		body, err = p.docx()
		return body, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", err
	case FormatXLSX:
		body, err = p.xlsx()
		return body, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", err
	case FormatHTML:
		body, err = p.html()
		return body, "text/html; charset=utf-8", err
	}
	return nil, "", model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("format", "格式只有 docx、xlsx 和 html")
}

// Name is the file's name without its ending.
func Name(r model.Report) string {
	return strings.ReplaceAll(r.Title(), " ", "") + fmt.Sprintf("-第%d版", r.Number)
}

// paper is what every format shows.
type paper struct {
	model.Report
	Facts   model.ReportFacts
	Words   model.ReportWords
	Changes []model.ReportDiff
}

// Meta is the line under the title.
func (p paper) Meta() string {
	s := fmt.Sprintf("第 %d 版 · 数据截至 %s · 上期 %s 至 %s", p.Number, p.Facts.AsOf.In(model.Shanghai).Format("2006-01-02 15:04"), model.DayName(p.Facts.LastFirst), model.DayName(p.Facts.LastLast))
	switch p.State {
	case model.ReportConfirmed:
		s += " · " + p.DecidedBy + " 已确认"
		if p.AskedBy != "" {
			s += " · " + p.AskedBy + " 提交"
		}
	case model.ReportWaiting:
		s += " · " + p.AskedBy + " 提交，等待确认"
	default:
		s += " · 草稿"
	}
	return s
}

// Lines are a section's lines.
func (p paper) Lines(key string) []string {
	text := p.Words.Section(key).Text
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// Sections are the four, in order.
func (p paper) Sections() []struct{ Key, Title string } { return model.ReportSections }

// Tables are those of 二 that have rows.
func (p paper) Tables() []model.ReportTable {
	var out []model.ReportTable
	for _, t := range []model.ReportTable{p.Facts.Articles, p.Facts.Campaigns, p.Facts.Courses} {
		if len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// cellHead names the columns of 一.
var cellHead = []string{"指标", "目标", "实际", "完成", "上期", "环比", "同比"}

func cellTexts(c model.ReportCell) []string {
	target := c.TargetText
	if c.Less && c.Target != nil {
		target = "≤ " + target
	}
	if c.TargetLate {
		target += "（期中定）"
	}
	return []string{c.Label, target, c.ActualText + stateMark(c.State), c.DoneText, c.LastText, c.ChangeText, c.YearText}
}

// stateMark says beside a figure that it may still move.
func stateMark(state string) string {
	switch state {
	case "missing":
		return "（未取到）"
	case "running", "maturing":
		return "（可能变）"
	}
	return ""
}

// series is a line or the bars of a chart over the days.
type series struct {
	name   string
	values []*float64
}

func (p paper) days() (names []string) {
	for _, d := range p.Facts.Days {
		names = append(names, d.Day[5:])
	}
	return names
}

func (p paper) charts() []struct {
	title string
	money bool
	lines []series
} {
	var visitors, followers, buyers, net []*float64
	for _, d := range p.Facts.Days {
		visitors, buyers, net = append(visitors, f64(d.Visitors)), append(buyers, f64(d.Buyers)), append(net, f64(d.Net))
		if d.Followers == nil {
			followers = append(followers, nil)
		} else {
			followers = append(followers, f64(*d.Followers))
		}
	}
	return []struct {
		title string
		money bool
		lines []series
	}{
		{"每天的浏览、新增关注和购买（人）", false, []series{{"浏览人数", visitors}, {"新增关注", followers}, {"购买人数", buyers}}},
		{"每天的净收入（元）", true, []series{{"净收入", net}}},
	}
}

func f64(n int64) *float64 {
	v := float64(n)
	return &v
}
