package model_test

import (
	"strings"
	"testing"
	"time"

	"loudou/model"
)

func of(v float64) *float64 { return &v }

func cell(t *testing.T, key string, target *model.ReportTarget, now, last float64) model.ReportCell {
	t.Helper()
	k, ok := model.ReportKPIOf(key)
	if !ok {
		t.Fatal(key)
	}
	if target != nil {
		target.KPI = key
	}
	return model.NewReportCell(k, target, model.DayStart(20261116), model.ReportFigure{Value: &now, State: "final"}, model.ReportFigure{Value: &last}, model.ReportFigure{})
}

// The example of the definitions (§10): 完成率 120.0 %, 环比 +25.0 %, a rate moves in percentage points.
func TestReportCell(t *testing.T) {
	before := model.DayStart(20261115)
	c := cell(t, "followers_new", &model.ReportTarget{Target: 100, SetAt: before}, 120, 96)
	if c.DoneText != "120.0%" || c.ChangeText != "+25.0%" || !*c.Met || c.TargetLate {
		t.Errorf("%+v", c)
	}
	if c := cell(t, "read_rate", nil, 0.09, 0.075); c.ChangeText != "+1.5 个百分点" || c.ActualText != "9.0%" {
		t.Errorf("%+v", c)
	}
	// Smaller is better: met or not, no ratio.
	if c := cell(t, "refund_rate", &model.ReportTarget{Target: 300, SetAt: before}, 0.02, 0.05); c.Completion != nil || c.DoneText != "达到" || c.ChangeText != "-3.0 个百分点" {
		t.Errorf("%+v", c)
	}
	if c := cell(t, "cancel_rate", &model.ReportTarget{Target: 100, SetAt: before}, 0.02, 0.02); c.DoneText != "未达到" || c.ChangeText != "0.0 个百分点" {
		t.Errorf("%+v", c)
	}
	if c := cell(t, "buyers", nil, 3, 0); c.ChangeText != "新增" || c.Change != nil {
		t.Errorf("from nothing: %+v", c)
	}
	if c := cell(t, "net", nil, -5000, -10000); c.ChangeText != "+50.0%" || c.ActualText != "¥-50.00" {
		t.Errorf("from below zero: %+v", c)
	}
	if c := cell(t, "net", &model.ReportTarget{Target: 100, SetAt: model.DayStart(20261116)}, 1234567, 1); !c.TargetLate || c.ActualText != "¥12,345.67" {
		t.Errorf("a target set late: %+v", c)
	}
	k, _ := model.ReportKPIOf("readers")
	c = model.NewReportCell(k, &model.ReportTarget{Target: 5}, before, model.ReportFigure{State: "missing"}, model.ReportFigure{}, model.ReportFigure{})
	if c.ActualText != "–" || c.Met != nil || c.DoneText != "–" || c.ChangeText != "–" {
		t.Errorf("not told: %+v", c)
	}
}

// A small rate keeps two decimals, and halves go up: 0.10 % of followers leaving is not 0.1 %, 1 of 16 is not 6.2 %.
func TestReportRates(t *testing.T) {
	for v, want := range map[float64]string{0: "0.0%", 0.001: "0.10%", 0.0075: "0.75%", 0.0004: "0.04%", 0.01: "1.0%", 0.0625: "6.3%", 0.00125: "0.13%", 1.2: "120.0%", -0.0625: "-6.3%"} {
		if got := model.ReportNumber("rate", &v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	if c := cell(t, "cancel_rate", nil, 0.0014, 0.001); c.ChangeText != "+0.04 个百分点" {
		t.Errorf("a small change: %s", c.ChangeText)
	}
}

func TestReportPeriods(t *testing.T) {
	for _, c := range []struct {
		kind        model.ReportKind
		day         int
		first, last int
	}{{model.ReportWeek, 20261122, 20261116, 20261122}, {model.ReportWeek, 20261116, 20261116, 20261122}, {model.ReportMonth, 20260228, 20260201, 20260228}, {model.ReportMonth, 20261231, 20261201, 20261231}} {
		if a, b, err := model.ReportDays(c.kind, c.day); err != nil || a != c.first || b != c.last {
			t.Errorf("%s of %d: %d %d %v", c.kind, c.day, a, b, err)
		}
	}
	if _, _, err := model.ReportDays("year", 20261122); err == nil {
		t.Error("a yearly report")
	}
	if a, b, _ := model.ReportBefore(model.ReportMonth, 20260301); a != 20260201 || b != 20260228 {
		t.Error(a, b)
	}
	at := func(s string) []model.ReportPeriod {
		now, err := time.ParseInLocation("2006-01-02 15:04", s, model.Shanghai)
		if err != nil {
			t.Fatal(err)
		}
		return model.ReportDue(now)
	}
	// 2026-11-30 is a Monday.
	if d := at("2026-11-30 10:29"); d[0].First != 20261116 {
		t.Errorf("before half past ten: %+v", d)
	}
	if d := at("2026-11-30 10:30"); d[0].First != 20261123 || d[0].Last != 20261129 || d[1].First != 20261001 {
		t.Errorf("at half past ten: %+v", d)
	}
	if d := at("2026-12-01 10:30"); d[1].First != 20261101 || d[1].Last != 20261130 {
		t.Errorf("on the first: %+v", d)
	}
}

func sampleFacts(t *testing.T) model.ReportFacts {
	before := model.DayStart(20261110)
	f := model.ReportFacts{Kind: model.ReportWeek, FirstDay: 20261116, LastDay: 20261122, Cells: []model.ReportCell{
		cell(t, "articles", nil, 3, 5),
		cell(t, "followers_new", &model.ReportTarget{Target: 100, SetAt: before}, 120, 96),
		cell(t, "buyers", &model.ReportTarget{Target: 20, SetAt: before, Hypothesis: "老用户会复购。"}, 12, 18),
		cell(t, "net", nil, 238800, 400000), cell(t, "orders", nil, 13, 13), cell(t, "refund_rate", nil, 0.05, 0.02),
	}, Tasks: model.ReportTasks{All: 10, Done: 4, Estimated: 90, Actual: 120}, LastCampaigns: 1, Holes: []string{"阅读率：微信统计，未取到"}}
	f.Articles = model.ReportTable{Key: "articles", Columns: []model.ReportColumn{{Key: "readers", Kind: "count"}, {Key: "net", Kind: "fen"}, {Key: "buyers", Kind: "count"}}}
	f.Articles.Add(1, "早读", "", of(1200), of(0), of(0))
	f.Articles.Add(2, "拆书", "", nil, of(238800), of(12))
	f.Courses = model.ReportTable{Key: "courses", Columns: []model.ReportColumn{{Key: "orders", Kind: "count"}, {Key: "net", Kind: "fen"}, {Key: "refunded", Kind: "fen"}}}
	f.Courses.Add(7, "写作课", "", of(13), of(238800), of(19900))
	f.Reviews = []model.ReportReview{{ID: 4, Title: "标题写数字", Decision: "keep", Finding: "阅读率高了", Next: "每周两篇。", Owner: "林", DueDay: 20261130, Open: true}}
	f.Plans = []model.ReportPlan{{Day: 20261124, Title: "拆书二", What: "选题"}}
	f.NextTargets = []model.ReportTarget{{KPI: "followers_new", Target: 150}}
	return f
}

// The words follow the figures by rules; what a person wrote stays.
func TestReportWords(t *testing.T) {
	f := sampleFacts(t)
	w := model.WriteReport(f, model.ReportWords{})
	for text, wants := range map[string][]string{
		w.Goals.Text:    {"本期设了 2 个目标，达到 1 个", "新增关注 120，目标 100，完成 120.0%，环比 +25.0%", "没有达到：购买人数 12，目标 20，完成 60.0%，环比 -33.3%", "变化最大的：退款率 5.0%，环比 +3.0 个百分点；净收入 ¥2,388.00，环比 -40.3%"},
		w.Work.Text:     {"发布文章 2 篇（上期 5 篇）", "阅读最多的是《早读》，1,200 人", "带来净收入最多的是《拆书》，¥2,388.00，12 人购买", "《写作课》卖得最多：13 单", "10 项，完成 4 项，完成的估计 1.5 小时、实际 2.0 小时", "复盘《标题写数字》：阅读率高了（保持）"},
		w.Problems.Text: {"1. 购买人数 12，离目标还差 8；当时的假设是“老用户会复购”，没有成立。", "净收入环比 -40.3%（¥4,000.00 → ¥2,388.00）", "退款率上升 3.0 个百分点（2.0% → 5.0%）", "发布文章由 5 篇减到 3 篇", "上期有 1 个活动，本期没有", "《写作课》退款 ¥199.00", "完成不到一半（4/10）", "数据说明：阅读率：微信统计，未取到"},
		w.Next.Text:     {"1. 保持《标题写数字》：每周两篇（林，2026-11-30 前）。", "2. 已排选题 1 个：11 月 24 日《拆书二》。", "3. 下期目标：新增关注 150。"},
	} {
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("missing %q in\n%s", want, text)
			}
		}
	}
	if again := model.WriteReport(f, w); again != w {
		t.Error("the same facts gave other words")
	}
	w.Problems = model.ReportText{Text: "我的判断", Edited: true}
	if again := model.WriteReport(model.ReportFacts{}, w); again.Problems.Text != "我的判断" || !strings.Contains(again.Next.Text, "还没有下期的计划") || !strings.Contains(again.Goals.Text, "没有设目标") {
		t.Errorf("%+v", again)
	}
	if n := model.ReportDiffs(f, f); len(n) != 0 {
		t.Errorf("against itself: %+v", n)
	}
	g := sampleFacts(t)
	g.Cells[3] = cell(t, "net", nil, 218900, 400000)
	g.Articles.Rows[0].Values[0] = of(1300)
	if n := model.ReportDiffs(f, g); len(n) != 2 || n[0].Old != "¥2,388.00" || n[0].New != "¥2,189.00" || n[1].Label != "《早读》" || n[1].New != "1,300" {
		t.Errorf("%+v", n)
	}
}
