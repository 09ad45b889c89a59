package figure

import (
	"context"
	"fmt"
	"slices"
	"time"

	"loudou/model"
)

// Hours and items are put beside the figure they were meant to move. Nothing here says why a figure moved; below these
// limits nothing is compared either.
const (
	helpsWeeks  = 8   // before the range, for what is usual
	helpsLeast  = 4   // of them with a value
	helpsThings = 3   // tasks done and items made in the range
	helpsRank   = 8   // weeks for a rank correlation
	helpsBase   = 100 // denominator below which a rate of some days is chance
	helpsDays   = 186 // longest range
	helpsListed = 300 // rows behind a number, of each kind
)

// helped is a KPI that tasks name, how it is written, and which items are made for it. Ours: counted from events, so
// undefined before the first of them.
type helped struct {
	key, kind string
	items     []string
	ours      bool
}

var helpedKPIs = []helped{
	{"read_rate", "rate", []string{"article", "broadcast"}, false},
	{"share_rate", "rate", []string{"article", "broadcast"}, false},
	{"conversion", "rate", []string{"article", "broadcast", "campaign", "course"}, true},
	{"followers", "count", []string{"article", "broadcast", "campaign"}, false},
	{"active", "count", []string{"broadcast", "campaign", "course", "release"}, true},
	{"visitors", "count", []string{"article", "broadcast", "campaign", "release"}, true},
	{"users", "count", []string{"broadcast", "campaign", "course", "release"}, true},
	{"buyers", "count", []string{"article", "broadcast", "campaign", "course"}, true},
}

var helpsRules = map[string]string{
	"hours":  "任务里标了这个指标的实际用时，算在任务所排的那一天；做完没计时的，用时是 0，另写件数",
	"items":  "范围内做出来的：发布的文章、发出的群发、开始的活动、课程发布的版本、一起发布。哪一类算给哪个指标是固定的：阅读率、转发率算文章和群发；转化率、购买人数算文章、群发、活动、课程版本；关注人数算文章、群发、活动；活跃度、使用人数算群发、活动、课程版本、一起发布；浏览人数算文章、群发、活动、一起发布",
	"before": "整月和上一个整月比，别的范围和它前面同样长的一段比；比率的变化写百分点",
	"usual":  fmt.Sprintf("范围不超过 7 天：前 %d 周的同样几天，各算一次，取最低到最高。更长：范围前面的 %d 个整周（周一到周日），一周算一次；范围里的整周再和它比。只用数字已定的；比率的分母不到 %d 的不用；不到 %d 周就是样本不足", helpsWeeks, helpsWeeks, helpsBase, helpsLeast),
	"weeks":  fmt.Sprintf("周一到周日，算在星期日所在的范围里；范围前面的 %d 周也列出来", helpsWeeks),
	"rank":   fmt.Sprintf("表里数字已定的那些周，按用时（件数）排的名次和按指标排的名次有多一致（斯皮尔曼等级相关，−1 到 1）；不到 %d 周，或者有一边每周都一样，就不算。两样没有关系时，20 次里也有 1 次会超过 ±1.96 ÷ √(n−1)。相关不是原因", helpsRank),
	"few":    fmt.Sprintf("平常不到 %d 周，或者范围内做完的任务加上做出来的内容不到 %d 件，就是样本不足，只列数字，不比高低", helpsLeast, helpsThings),
}

// helpsFigures say what stands for each KPI where the account's own figure has another name.
const (
	followersRule  = "净增关注：新增关注减去取消关注（微信统计），范围内已取到的各天合计"
	conversionRule = "范围内付款、最后一次非直接触点是文章的人（回看 30 天）÷ 范围内各篇文章新增的阅读人数之和（微信统计，看了两篇的人算两次）"
	notYetRule     = "那时还没有开始记录事件"
)

// HelpsWork is what tasks of one KPI took in some days.
type HelpsWork struct {
	Minutes    int `json:"minutes" doc:"measured, summed"`
	Tasks      int `json:"tasks"`
	Done       int `json:"done"`
	Unmeasured int `json:"unmeasured" doc:"done without a measured minute"`
}

// HelpsCount is how many items of one kind were made.
type HelpsCount struct {
	Kind string `json:"kind" enum:"article,broadcast,campaign,course,release"`
	N    int    `json:"n"`
}

// HelpsWeek is one week, Monday to Sunday, of one KPI.
type HelpsWeek struct {
	From        string   `json:"from" format:"date"`
	To          string   `json:"to" format:"date"`
	Inside      bool     `json:"inside" doc:"its Sunday is in the range; the others come before it"`
	Minutes     int      `json:"minutes"`
	Done        int      `json:"done"`
	Items       int      `json:"items"`
	Value       *float64 `json:"value" nullable:"true"`
	Text        string   `json:"text"`
	Numerator   *int64   `json:"numerator,omitempty"`
	Denominator *int64   `json:"denominator,omitempty"`
	State       State    `json:"state" enum:"final,running,maturing,missing"`
	Used        bool     `json:"used" doc:"settled, and of enough to be compared"`
}

// HelpsUsual is between what the KPI was in the weeks before. Low and High are null below the least number of them.
type HelpsUsual struct {
	By       string   `json:"by" enum:"range,week" doc:"range: the same weekdays of each week, to be compared with the range; week: whole weeks, with the range's weeks"`
	N        int      `json:"n" doc:"weeks with a settled value, of eight"`
	Low      *float64 `json:"low" nullable:"true"`
	High     *float64 `json:"high" nullable:"true"`
	LowText  string   `json:"low_text"`
	HighText string   `json:"high_text"`
	Above    int      `json:"above" doc:"of the range (1) or its weeks: higher than all of them"`
	Within   int      `json:"within"`
	Below    int      `json:"below"`
}

// HelpsRank is how alike weeks are ordered by hours or items and by the KPI. Rho is null with too few weeks, or where one
// side never differs; Chance is what one of twenty exceeds where nothing is related.
type HelpsRank struct {
	Of     string   `json:"of" enum:"hours,items"`
	N      int      `json:"n"`
	Rho    *float64 `json:"rho" nullable:"true"`
	Chance *float64 `json:"chance" nullable:"true"`
}

// HelpsKPI is one KPI of a range beside what was done for it.
type HelpsKPI struct {
	Key        string       `json:"key" enum:"read_rate,share_rate,conversion,followers,active,visitors,users,buyers"`
	Kind       string       `json:"kind" enum:"count,rate"`
	Work       HelpsWork    `json:"work"`
	Items      []HelpsCount `json:"items" doc:"every kind that is made for it, in a fixed order"`
	Made       int          `json:"made" doc:"items, all kinds"`
	Now        Figure       `json:"now"`
	Before     Figure       `json:"before"`
	Change     *float64     `json:"change" nullable:"true" doc:"a fraction of before; for a rate the difference"`
	NowText    string       `json:"now_text"`
	BeforeText string       `json:"before_text"`
	ChangeText string       `json:"change_text"`
	Usual      HelpsUsual   `json:"usual"`
	Enough     bool         `json:"enough" doc:"neither the weeks nor the things done are too few to compare"`
	Weeks      []HelpsWeek  `json:"weeks" doc:"oldest first"`
	Ranks      []HelpsRank  `json:"ranks" doc:"hours, items"`
}

// HelpsBoard is the whole page.
type HelpsBoard struct {
	From       string            `json:"from" format:"date"`
	To         string            `json:"to" format:"date"`
	BeforeFrom string            `json:"before_from" format:"date"`
	BeforeTo   string            `json:"before_to" format:"date"`
	KPIs       []HelpsKPI        `json:"kpis"`
	None       HelpsWork         `json:"none" doc:"tasks that serve no KPI"`
	NeedWeeks  int               `json:"need_weeks"`
	NeedThings int               `json:"need_things"`
	NeedRank   int               `json:"need_rank"`
	Rules      map[string]string `json:"rules"`
	AsOf       time.Time         `json:"as_of"`
}

// HelpsTask and HelpsItem are what stands behind the hours and the items.
type HelpsTask struct {
	ID      int64           `json:"id"`
	Title   string          `json:"title"`
	Day     string          `json:"day" format:"date"`
	Owner   string          `json:"owner"`
	State   model.TaskState `json:"state" enum:"todo,doing,done"`
	Minutes int             `json:"minutes"`
}

// HelpsItem is one thing made.
type HelpsItem struct {
	Kind  string `json:"kind" enum:"article,broadcast,campaign,course,release"`
	ID    int64  `json:"id" doc:"of the article, broadcast, campaign, course or release"`
	Title string `json:"title"`
	Day   string `json:"day" format:"date"`
}

// HelpsBehind is the rows behind the numbers of one KPI, oldest first; Left says how many more there are.
type HelpsBehind struct {
	Tasks     []HelpsTask `json:"tasks"`
	TasksLeft int         `json:"tasks_left"`
	Items     []HelpsItem `json:"items"`
	ItemsLeft int         `json:"items_left"`
}

// helpsBefore is what a range is compared with: the month before a whole month, else as many days directly before.
func helpsBefore(sp Span) Span {
	if a, b, err := model.ReportDays(model.ReportMonth, sp.First); err == nil && a == sp.First && b == sp.Last {
		if first, last, err := model.ReportBefore(model.ReportMonth, a); err == nil {
			return days(first, last)
		}
	}
	return sp.Before()
}

// helpsWeeksOf lists the weeks whose Sunday is in sp and which have begun, after the eight that come before them.
func helpsWeeksOf(sp Span, today int) (before, inside []Span) {
	sunday := sp.From.AddDate(0, 0, 7-model.Weekday(sp.First))
	for k := helpsWeeks; k >= 1; k-- {
		end := sunday.AddDate(0, 0, -7*k)
		before = append(before, span(end.AddDate(0, 0, -6), end))
	}
	for end := sunday; end.Before(sp.To); end = end.AddDate(0, 0, 7) {
		if w := span(end.AddDate(0, 0, -6), end); w.First <= today {
			inside = append(inside, w)
		}
	}
	return before, inside
}

// Helps puts the hours spent and the items made for each KPI beside what the KPI was. ErrInvalid for a range beyond half
// a year.
func (s *Service) Helps(ctx context.Context, sp Span) (HelpsBoard, error) {
	if len(sp.Days()) > helpsDays {
		return HelpsBoard{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "日期有误").Field("to", "范围最多半年")
	}
	last := helpsBefore(sp)
	before, inside := helpsWeeksOf(sp, model.DayNumber(s.now()))
	usual, by := before, "week"
	if len(sp.Days()) <= 7 {
		usual, by = nil, "range"
		for k := helpsWeeks; k >= 1; k-- {
			usual = append(usual, span(sp.From.AddDate(0, 0, -7*k), sp.To.AddDate(0, 0, -1-7*k)))
		}
	}
	whole := span(model.DayStart(min(last.First, before[0].First, usual[0].First)), model.DayStart(sp.Last))
	src, err := s.helpsSource(ctx, whole)
	if err != nil {
		return HelpsBoard{}, err
	}
	known := map[int64]map[string]Figure{} // by first and last day: a week may be asked for twice
	at := func(w Span, strict bool) (map[string]Figure, error) {
		key := int64(w.First)*1e8 + int64(w.Last)
		if known[key] == nil {
			var err error
			if known[key], err = s.helpsValues(ctx, src, w); err != nil {
				return nil, err
			}
		}
		if !strict || w.First >= src.began {
			return known[key], nil
		}
		// A window that was over or half over when we began to count is no low week.
		out := map[string]Figure{}
		for _, k := range helpedKPIs {
			out[k.key] = known[key][k.key]
			if k.ours {
				out[k.key] = Figure{State: Missing, AsOf: model.Milli(s.now()), Rule: notYetRule}
			}
		}
		return out, nil
	}
	list := func(spans []Span) ([]map[string]Figure, error) {
		out := make([]map[string]Figure, len(spans))
		for i, w := range spans {
			var err error
			if out[i], err = at(w, true); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	now, err := at(sp, sp.Last < src.began)
	if err != nil {
		return HelpsBoard{}, err
	}
	prior, err := at(last, true)
	if err != nil {
		return HelpsBoard{}, err
	}
	weeks := slices.Concat(before, inside)
	values, err := list(weeks)
	if err != nil {
		return HelpsBoard{}, err
	}
	spread, err := list(usual)
	if err != nil {
		return HelpsBoard{}, err
	}
	out := HelpsBoard{From: model.DayName(sp.First), To: model.DayName(sp.Last), BeforeFrom: model.DayName(last.First), BeforeTo: model.DayName(last.Last), KPIs: make([]HelpsKPI, 0, len(helpedKPIs)),
		None: src.work("", sp, s.now()), NeedWeeks: helpsLeast, NeedThings: helpsThings, NeedRank: helpsRank, Rules: helpsRules, AsOf: model.Milli(s.now())}
	for _, k := range helpedKPIs {
		one := HelpsKPI{Key: k.key, Kind: k.kind, Work: src.work(k.key, sp, s.now()), Now: now[k.key], Before: prior[k.key]}
		one.Items, one.Made = src.counts(k, sp)
		plain := func(f Figure) model.ReportFigure { return model.ReportFigure{Value: f.Value} }
		cell := model.NewReportCell(model.ReportKPI{Kind: k.kind}, nil, sp.From, plain(one.Now), plain(one.Before), model.ReportFigure{})
		one.Change, one.NowText, one.BeforeText, one.ChangeText = cell.Change, cell.ActualText, cell.LastText, cell.ChangeText
		for i, w := range weeks {
			f, work := values[i][k.key], src.work(k.key, w, s.now())
			_, items := src.counts(k, w)
			one.Weeks = append(one.Weeks, HelpsWeek{From: model.DayName(w.First), To: model.DayName(w.Last), Inside: i >= len(before), Minutes: work.Minutes, Done: work.Done, Items: items,
				Value: f.Value, Text: model.ReportNumber(k.kind, f.Value), Numerator: f.Numerator, Denominator: f.Denominator, State: f.State, Used: k.used(f)})
		}
		ours := []Figure{one.Now}
		if by == "week" {
			ours = nil
			for _, v := range values[len(before):] {
				ours = append(ours, v[k.key])
			}
		}
		one.Usual = k.usual(by, spread, ours)
		one.Enough = one.Usual.Low != nil && one.Work.Done+one.Made >= helpsThings
		one.Ranks = []HelpsRank{rankOf("hours", one.Weeks, func(w HelpsWeek) float64 { return float64(w.Minutes) }), rankOf("items", one.Weeks, func(w HelpsWeek) float64 { return float64(w.Items) })}
		out.KPIs = append(out.KPIs, one)
	}
	return out, nil
}
