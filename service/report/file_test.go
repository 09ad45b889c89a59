package report_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"loudou/model"
	"loudou/service/report"
)

const evil = `=1+1 <img src=x onerror=alert(1)> & "引号"`

// sample is a report with a bit of everything, and text nobody should trust.
func sample(t *testing.T) model.Report {
	t.Helper()
	v := func(n float64) *float64 { return &n }
	facts := model.ReportFacts{Kind: model.ReportWeek, FirstDay: 20261116, LastDay: 20261122, LastFirst: 20261109, LastLast: 20261115, AsOf: at(t, "2026-11-23 10:30").UTC(), Holes: []string{}}
	began := model.DayStart(20261116)
	for i, k := range model.ReportKPIs {
		n := map[string]float64{"count": 1234 + float64(i), "rate": 0.01234 * float64(i+1), "fen": 123456 + float64(i)}[k.Kind]
		var target *model.ReportTarget
		if k.Key == "net" {
			target = &model.ReportTarget{KPI: "net", Target: 100000, Hypothesis: evil, SetAt: began.Add(time.Hour)}
		}
		now := model.ReportFigure{Value: &n, State: "final", Rule: "规则 " + k.Key}
		if k.Key == "read_rate" {
			now = model.ReportFigure{State: "missing", Rule: "微信统计，未取到"}
		}
		facts.Cells = append(facts.Cells, model.NewReportCell(k, target, began, now, model.ReportFigure{Value: v(n / 2)}, model.ReportFigure{}))
	}
	for d := range 7 {
		facts.Days = append(facts.Days, model.ReportDay{Day: model.DayName(20261116 + d), Visitors: int64(100 + d), Buyers: int64(d), Net: int64(19900*d - 500)})
	}
	n := int64(7)
	facts.Days[3].Followers = &n
	facts.Articles = model.ReportTable{Key: "articles", Title: "发布的文章", Columns: []model.ReportColumn{{Key: "readers", Label: "阅读人数", Kind: "count"}, {Key: "read_rate", Label: "阅读率", Kind: "rate"}, {Key: "net", Label: "净收入", Kind: "fen"}}}
	facts.Articles.Add(1, evil, "2026-11-17 · 早读", v(98765), nil, v(-1990))
	facts.Articles.Add(2, "拆书", "", v(4321), v(0.0876), v(238800))
	words := model.WriteReport(facts, model.ReportWords{Problems: model.ReportText{Text: evil + "\n第二行", Edited: true}})
	r := model.Report{ID: 1, Kind: model.ReportWeek, FirstDay: 20261116, LastDay: 20261122, Number: 2, State: model.ReportConfirmed, AskedBy: "林", DecidedBy: "梅", MadeAt: at(t, "2026-11-23 10:30").UTC()}
	for to, from := range map[*string]any{&r.FactsJSON: facts, &r.WordsJSON: words, &r.ChangesJSON: []model.ReportDiff{{Label: "净收入", Old: "¥1,000.00", New: "¥1,234.73"}}} {
		raw, err := json.Marshal(from)
		if err != nil {
			t.Fatal(err)
		}
		*to = string(raw)
	}
	return r
}

func file(t *testing.T, f report.Format) []byte {
	t.Helper()
	body, _, err := report.File(sample(t), f)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// shown are the texts every format must show, as the screen does.
func shown(t *testing.T) (out []string) {
	t.Helper()
	r := sample(t)
	facts, err := r.Facts()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range facts.Cells {
		out = append(out, c.Label, c.ActualText, c.LastText, c.ChangeText, c.DoneText)
	}
	for _, row := range facts.Articles.Rows {
		out = append(out, row.Title)
		out = append(out, row.Texts...)
	}
	words, err := r.Words()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range model.ReportSections {
		out = append(out, s.Title)
		out = append(out, strings.Split(words.Section(s.Key).Text, "\n")...)
	}
	return append(out, r.Title(), "梅 已确认", "¥1,234.73")
}

func office(t *testing.T, name string, body []byte, to string) string {
	t.Helper()
	program := os.Getenv("LOUDOU_TEST_OFFICE")
	if program == "" {
		t.Skip("LOUDOU_TEST_OFFICE is not set: make test installs LibreOffice and sets it")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", to, "--outdir", dir, filepath.Join(dir, name)) //nolint:gosec // of the test run
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ending, _, _ := strings.Cut(to, ":")
	got, err := os.ReadFile(filepath.Join(dir, strings.TrimSuffix(name, filepath.Ext(name))+"."+ending)) //nolint:gosec // of the test's own folder
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

// Every part is well-formed, every named part is there, fonts are named, and the text holds every figure.
func TestDocx(t *testing.T) {
	body := file(t, report.FormatDOCX)
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(raw)
		for d := xml.NewDecoder(bytes.NewReader(raw)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
	for _, name := range []string{"[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/styles.xml", "word/footer1.xml", "word/charts/chart1.xml", "word/charts/chart2.xml", "word/_rels/document.xml.rels"} {
		if parts[name] == "" {
			t.Errorf("%s is not there", name)
		}
	}
	if !strings.Contains(parts["word/styles.xml"], `w:eastAsia="宋体"`) || strings.Count(parts["word/document.xml"], "<w:tblHeader/>") != 3 {
		t.Error("fonts or repeated heads")
	}
	if n := strings.Count(parts["word/charts/chart1.xml"], "<c:v>7</c:v>"); n != 1 {
		t.Errorf("the one day WeChat told of followers stands %d times in the chart", n)
	}
	again, _, err := report.File(sample(t), report.FormatDOCX)
	if err != nil || !bytes.Equal(body, again) {
		t.Errorf("made twice, it is another file: %v", err)
	}
}

// LibreOffice opens it, and what it shows is what the screen shows, figure by figure.
func TestDocxInLibreOffice(t *testing.T) {
	got := office(t, "r.docx", file(t, report.FormatDOCX), "txt:Text (encoded):UTF8")
	for _, want := range shown(t) {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q", want)
		}
	}
	if strings.Contains(got, "PAGE") {
		t.Error("a field is shown as its code")
	}
}

// Numbers are numbers in the unit people read; text never becomes a formula.
func TestXlsx(t *testing.T) {
	body := file(t, report.FormatXLSX)
	f, err := excelize.OpenReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	facts, err := sample(t).Facts()
	if err != nil {
		t.Fatal(err)
	}
	raw := excelize.Options{RawCellValue: true}
	get := func(sheet, at string, o ...excelize.Options) string {
		s, err := f.GetCellValue(sheet, at, o...)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for i, c := range facts.Cells {
		at := "C" + strconv.Itoa(i+2)
		if c.Actual == nil {
			if get("目标与完成", at) != "–" {
				t.Errorf("%s: %q", c.Label, get("目标与完成", at))
			}
			continue
		}
		want := *c.Actual
		if c.Kind == "fen" {
			want /= 100
		}
		if n, err := strconv.ParseFloat(get("目标与完成", at, raw), 64); err != nil || n != want {
			t.Errorf("%s: %v, want %v", c.Label, n, want)
		}
		if kind, err := f.GetCellType("目标与完成", at); err != nil || kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
			t.Errorf("%s is no number: %v", c.Label, kind)
		}
		if shows := get("目标与完成", at); shows != c.ActualText {
			t.Errorf("%s shows %q, the screen %q", c.Label, shows, c.ActualText)
		}
	}
	if get("发布的文章", "A2") != evil {
		t.Errorf("%q", get("发布的文章", "A2"))
	}
	if formula, err := f.GetCellFormula("发布的文章", "A2"); err != nil || formula != "" {
		t.Errorf("a formula: %q", formula)
	}
	if get("每天", "E4", raw) != "393" || get("每天", "C2") != "–" || get("每天", "C5") != "7" {
		t.Errorf("days: %q %q %q", get("每天", "E4", raw), get("每天", "C2"), get("每天", "C5"))
	}
}

func TestXlsxInLibreOffice(t *testing.T) {
	got := office(t, "r.xlsx", file(t, report.FormatXLSX), "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false")
	rows, err := csv.NewReader(strings.NewReader(got)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	facts, err := sample(t).Facts()
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range facts.Cells {
		row := rows[i+1]
		if c.Actual == nil {
			if row[2] != "–" {
				t.Errorf("%s: %q", c.Label, row[2])
			}
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSuffix(row[2], "%"), 64)
		if strings.HasSuffix(row[2], "%") {
			n *= 100 // of a hundredth: in ten-thousandths
			n = math.Round(n) / 10_000
		}
		if c.Kind == "fen" {
			n *= 100
		}
		if row[0] != c.Label || err != nil || math.Abs(n-*c.Actual) > 0.00005*math.Max(1, *c.Actual/100) {
			t.Errorf("%s: LibreOffice reads %q, the report has %v", c.Label, row[2], *c.Actual)
		}
	}
}

// The page to print shows the same, and nothing in it runs or leads out.
func TestPrintPage(t *testing.T) {
	got := string(file(t, report.FormatHTML))
	plain := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "&#34;", `"`, "&#43;", "+").Replace(got)
	for _, want := range shown(t) {
		if !strings.Contains(plain, want) {
			t.Errorf("missing %q", want)
		}
	}
	for _, bad := range []string{"<img", "<script", "javascript:", "http://www.w3.org/1999", "style=\""} {
		if strings.Contains(got, bad) {
			t.Errorf("it has %q", bad)
		}
	}
	if strings.Count(got, "<svg") != 2 || !strings.Contains(report.PrintPolicy, "sha256-") || strings.Contains(report.PrintPolicy, "unsafe") {
		t.Error("charts or policy")
	}
	if _, _, err := report.File(sample(t), "pdf"); err == nil {
		t.Error("an unknown format")
	}
}
