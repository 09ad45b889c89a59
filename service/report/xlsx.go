package report

import (
	"fmt"

	"github.com/xuri/excelize/v2"

	"loudou/model"
)

// book writes sheets and keeps the first fault.
type book struct {
	f      *excelize.File
	styles map[string]int
	err    error
}

var numberFormats = map[string]string{"count": "#,##0", "rate": "0.0%", "small": "0.00%", "fen": "¥#,##0.00"}

func (b *book) do(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *book) style(kind string) int {
	if id, ok := b.styles[kind]; ok {
		return id
	}
	s := &excelize.Style{Font: &excelize.Font{Family: "宋体", Size: 11}}
	switch kind {
	case "head":
		s.Font.Bold, s.Fill = true, excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EEF7"}}
	case "wrap":
		s.Alignment = &excelize.Alignment{WrapText: true, Vertical: "top"}
	default:
		if f, ok := numberFormats[kind]; ok {
			s.CustomNumFmt = &f
		}
	}
	id, err := b.f.NewStyle(s)
	b.do(err)
	b.styles[kind] = id
	return id
}

// put writes one cell: a number as a number in the unit people read (yuan), nothing where there is none, text as text.
func (b *book) put(sheet string, col, row int, kind string, v any) {
	at, err := excelize.CoordinatesToCellName(col, row)
	b.do(err)
	switch x := v.(type) {
	case *float64:
		if x == nil {
			b.do(b.f.SetCellStr(sheet, at, "–"))
			break
		}
		n := *x
		switch {
		case kind == "fen":
			n /= 100
		case kind == "rate" && n != 0 && n > -0.01 && n < 0.01:
			kind = "small" // as the screen writes it
		}
		b.do(b.f.SetCellFloat(sheet, at, n, -1, 64))
	case int:
		b.do(b.f.SetCellInt(sheet, at, int64(x)))
	case string:
		b.do(b.f.SetCellStr(sheet, at, x)) // never a formula, whatever it begins with
	}
	b.do(b.f.SetCellStyle(sheet, at, at, b.style(kind)))
}

func (b *book) sheet(name string, head []string, width float64) {
	_, err := b.f.NewSheet(name)
	b.do(err)
	for i, h := range head {
		b.put(name, i+1, 1, "head", h)
	}
	last, err := excelize.ColumnNumberToName(max(len(head), 2))
	b.do(err)
	b.do(b.f.SetColWidth(name, "A", "A", width))
	b.do(b.f.SetColWidth(name, "B", last, 14))
	b.do(b.f.SetPanes(name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
}

func (p paper) xlsx() ([]byte, error) {
	b := &book{f: excelize.NewFile(), styles: map[string]int{}}
	defer func() { _ = b.f.Close() }()
	const goals = "目标与完成"
	b.sheet(goals, append(append([]string{}, cellHead...), "状态", "假设", "口径"), 16)
	for i, c := range p.Facts.Cells {
		row := i + 2
		b.put(goals, 1, row, "text", c.Label)
		b.put(goals, 2, row, c.Kind, c.Target)
		b.put(goals, 3, row, c.Kind, c.Actual)
		if c.Completion != nil {
			b.put(goals, 4, row, "rate", c.Completion)
		} else {
			b.put(goals, 4, row, "text", c.DoneText)
		}
		b.put(goals, 5, row, c.Kind, c.Last)
		b.put(goals, 6, row, "text", c.ChangeText)
		b.put(goals, 7, row, "text", c.YearText)
		b.put(goals, 8, row, "text", map[string]string{"final": "已定", "running": "进行中", "maturing": "可能变", "missing": "未取到"}[c.State])
		b.put(goals, 9, row, "text", c.Hypothesis)
		b.put(goals, 10, row, "text", c.Rule)
	}
	const daily = "每天"
	b.sheet(daily, []string{"日期", "浏览人数", "新增关注", "购买人数", "净收入"}, 14)
	for i, d := range p.Facts.Days {
		row := i + 2
		b.put(daily, 1, row, "text", d.Day)
		b.put(daily, 2, row, "count", f64(d.Visitors))
		var came *float64
		if d.Followers != nil {
			came = f64(*d.Followers)
		}
		b.put(daily, 3, row, "count", came)
		b.put(daily, 4, row, "count", f64(d.Buyers))
		b.put(daily, 5, row, "fen", f64(d.Net))
	}
	b.charts(daily, len(p.Facts.Days)+1)
	for _, t := range p.Tables() {
		head := []string{t.Title, "说明"}
		for _, c := range t.Columns {
			head = append(head, c.Label)
		}
		b.sheet(t.Title, head, 36)
		for i, r := range t.Rows {
			b.put(t.Title, 1, i+2, "text", r.Title)
			b.put(t.Title, 2, i+2, "text", r.Note)
			for k, v := range r.Values {
				b.put(t.Title, k+3, i+2, t.Columns[k].Kind, v)
			}
		}
	}
	const text = "文字"
	b.sheet(text, []string{p.Title(), p.Meta()}, 20)
	for i, s := range model.ReportSections {
		b.put(text, 1, i+2, "wrap", s.Title)
		b.put(text, 2, i+2, "wrap", p.Words.Section(s.Key).Text)
	}
	b.do(b.f.SetColWidth(text, "B", "B", 100))
	if len(p.Changes) > 0 {
		b.sheet("变更", []string{"指标", "上一版", "这一版"}, 30)
		for i, c := range p.Changes {
			b.put("变更", 1, i+2, "text", c.Label)
			b.put("变更", 2, i+2, "text", c.Old)
			b.put("变更", 3, i+2, "text", c.New)
		}
	}
	b.do(b.f.DeleteSheet("Sheet1"))
	b.f.SetActiveSheet(0)
	if b.err != nil {
		return nil, fmt.Errorf("xlsx: %w", b.err)
	}
	buf, err := b.f.WriteToBuffer()
	if err != nil {
		return nil, fmt.Errorf("xlsx: %w", err)
	}
	return buf.Bytes(), nil
}

func (b *book) charts(sheet string, last int) {
	one := func(col string) excelize.ChartSeries {
		return excelize.ChartSeries{Name: fmt.Sprintf("%s!$%s$1", sheet, col), Categories: fmt.Sprintf("%s!$A$2:$A$%d", sheet, last), Values: fmt.Sprintf("%s!$%s$2:$%s$%d", sheet, col, col, last)}
	}
	title := func(s string) excelize.ChartTitle {
		return excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: s}}}
	}
	b.do(b.f.AddChart(sheet, "G2", &excelize.Chart{Type: excelize.Line, Series: []excelize.ChartSeries{one("B"), one("C"), one("D")}, Title: title("每天的浏览、新增关注和购买（人）")}))
	b.do(b.f.AddChart(sheet, "G20", &excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{one("E")}, Title: title("每天的净收入（元）")}))
}
