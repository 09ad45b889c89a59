package figure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"loudou/model"
)

// WeChat's own figures of the Mini Program lie in mini_statistics as they came. It counts people without naming
// them, so they stand beside ours and are never mixed with them; a period without a row is 未取到.

// miniRow is an answer, read.
type miniRow struct {
	Kind      model.MiniKind
	Day       int
	Raw       string
	FetchedAt time.Time
	told      model.MiniAnswer
}

func (s *Service) miniRows(ctx context.Context, first, last int, kinds ...model.MiniKind) ([]miniRow, error) {
	var out []miniRow
	if err := s.db.WithContext(ctx).Raw("SELECT kind, day, raw, fetched_at FROM mini_statistics WHERE appid = ? AND kind IN ? AND day BETWEEN ? AND ? ORDER BY day", s.miniApp, kinds, first, last).Scan(&out).Error; err != nil {
		return nil, fmt.Errorf("read WeChat's figures of the Mini Program: %w", err)
	}
	for i := range out {
		var err error
		if out[i].told, err = model.ReadMini(out[i].Kind, []byte(out[i].Raw)); err != nil {
			return nil, fmt.Errorf("day %d: %w", out[i].Day, err)
		}
	}
	return out, nil
}

// miniPeriod is the kind that gives the people of exactly this range: WeChat counts them for a day, a week from
// Monday and a calendar month, and for nothing else.
func miniPeriod(s Span) (model.MiniKind, bool) {
	switch {
	case s.First == s.Last:
		return model.MiniTrend, true
	case s.From.Weekday() == time.Monday && model.MiniTrendWeek.Last(s.First) == s.Last:
		return model.MiniTrendWeek, true
	case s.From.Day() == 1 && model.MiniTrendMonth.Last(s.First) == s.Last:
		return model.MiniTrendMonth, true
	}
	return "", false
}

const miniTold = "微信统计，"

// mini puts WeChat's figures of the Mini Program on the board; visitors are ours.
func (s *Service) mini(ctx context.Context, b *board, visitors int64) error {
	rows, err := s.miniRows(ctx, b.span.First, b.span.Last, model.MiniTrend, model.MiniSummary)
	if err != nil {
		return err
	}
	var sum model.MiniVisits
	days, total := 0, int64(-1)
	var at time.Time
	for _, r := range rows {
		if r.FetchedAt.After(at) {
			at = r.FetchedAt
		}
		if r.Kind == model.MiniSummary {
			total = r.told.Shares.VisitTotal
			continue
		}
		days++
		v := r.told.Visits
		sum.SessionCnt, sum.VisitPV, sum.VisitUVNew = sum.SessionCnt+v.SessionCnt, sum.VisitPV+v.VisitPV, sum.VisitUVNew+v.VisitUVNew
	}
	state := b.span.state(b.now, 0)
	if state == Final && days < len(b.span.Days()) {
		state = Maturing
	}
	put := func(name string, n int64, there bool, rule string) {
		if !there {
			b.missing(miniTold+"未取到", name)
			return
		}
		v := float64(n)
		b.figures[name] = Figure{Value: &v, State: state, AsOf: at.UTC(), Rule: miniTold + rule}
	}
	put("mini_visit_total", total, total >= 0, "累计打开过小程序的人，范围内最后取到的一天")
	put("mini_session_cnt", sum.SessionCnt, days > 0, "打开次数，范围内已取到的各天合计")
	put("mini_visit_pv", sum.VisitPV, days > 0, "页面访问次数，范围内已取到的各天合计")
	put("mini_visit_uv_new", sum.VisitUVNew, days > 0, "第一次打开小程序的人，范围内已取到的各天合计")
	kind, exact := miniPeriod(b.span)
	if !exact {
		b.missing("微信只给一天、一个自然周、一个自然月的访问人数，各天相加不是人数；选这样的范围才有", "mini_visit_uv", "mini_visitors_gap")
		return nil
	}
	whole, err := s.miniRows(ctx, b.span.First, b.span.First, kind)
	if err != nil {
		return err
	}
	if len(whole) == 0 {
		b.missing(miniTold+"未取到", "mini_visit_uv", "mini_visitors_gap")
		return nil
	}
	uv := whole[0].told.Visits.VisitUV
	at, state = whole[0].FetchedAt, b.span.state(b.now, 0)
	put("mini_visit_uv", uv, true, "访问人数，这一天、周或月内去重")
	put("mini_visitors_gap", visitors-uv, true, "我们的浏览人数减微信的访问人数：只显示，不改正；长期超过 5% 说明埋点有问题")
	return nil
}

// MiniDay is a day as WeChat counted it; nil is 未取到.
type MiniDay struct {
	Day    string            `json:"day"`
	Visits *model.MiniVisits `json:"visits"`
	Shares *model.MiniShares `json:"shares"`
}

// MiniCohort is the people of a period, and how many of them came back so many periods later.
type MiniCohort struct {
	From  string           `json:"from"`
	Unit  string           `json:"unit" enum:"day,week,month"`
	New   []model.MiniKept `json:"new" doc:"those who came for the first time; key 0 is how many they were"`
	Again []model.MiniKept `json:"active" doc:"all who came"`
}

// MiniSum is a page's sum over the days.
type MiniSum struct {
	Path    string  `json:"path"`
	Views   int64   `json:"views"`
	Entries int64   `json:"entries"`
	Exits   int64   `json:"exits"`
	Shares  int64   `json:"shares"`
	Seconds float64 `json:"seconds" doc:"a view, on the mean"`
}

// MiniPart is a source, a length of stay or a depth by WeChat's own number.
type MiniPart struct {
	Index string `json:"index"`
	Key   int    `json:"key"`
	Value int64  `json:"value"`
}

// MiniBoard is what WeChat counted of the Mini Program in a range.
type MiniBoard struct {
	Days    []MiniDay    `json:"days"`
	Cohorts []MiniCohort `json:"cohorts"`
	Pages   []MiniSum    `json:"pages" doc:"of the days that were fetched; WeChat tells the 200 most visited of a day"`
	Parts   []MiniPart   `json:"parts"`
}

var miniUnits = map[model.MiniKind]string{model.MiniRetain: "day", model.MiniRetainWeek: "week", model.MiniRetainMonth: "month"}

// Mini gives WeChat's figures of the Mini Program.
func (s *Service) Mini(ctx context.Context, span Span) (MiniBoard, error) {
	out := MiniBoard{Days: []MiniDay{}, Cohorts: []MiniCohort{}, Pages: []MiniSum{}, Parts: []MiniPart{}}
	rows, err := s.miniRows(ctx, span.First, span.Last, model.MiniSummary, model.MiniTrend, model.MiniRetain, model.MiniRetainWeek, model.MiniRetainMonth, model.MiniPages, model.MiniSources)
	if err != nil {
		return out, err
	}
	at := map[int]int{}
	for _, d := range span.Days() {
		at[d] = len(out.Days)
		out.Days = append(out.Days, MiniDay{Day: model.DayName(d)})
	}
	pages := map[string]*MiniSum{}
	stay := map[string]float64{}
	type part struct {
		index string
		key   int
	}
	parts := map[part]int64{}
	for _, r := range rows {
		switch r.Kind {
		case model.MiniSummary:
			out.Days[at[r.Day]].Shares = &r.told.Shares
		case model.MiniTrend:
			out.Days[at[r.Day]].Visits = &r.told.Visits
		case model.MiniPages:
			for _, p := range r.told.Pages {
				x := pages[p.Path]
				if x == nil {
					x = &MiniSum{Path: p.Path}
					pages[p.Path] = x
				}
				x.Views, x.Entries, x.Exits, x.Shares = x.Views+p.VisitPV, x.Entries+p.EntryPV, x.Exits+p.ExitPV, x.Shares+p.SharePV
				stay[p.Path] += p.StayPV * float64(p.VisitPV)
			}
		case model.MiniSources:
			for index, list := range r.told.Parts {
				for _, p := range list {
					parts[part{index, p.Key}] += p.Value
				}
			}
		default:
			out.Cohorts = append(out.Cohorts, MiniCohort{model.DayName(r.Day), miniUnits[r.Kind], s.come(r, r.told.New), s.come(r, r.told.Active)})
		}
	}
	for path, x := range pages {
		if x.Views > 0 {
			x.Seconds = stay[path] / float64(x.Views)
		}
		out.Pages = append(out.Pages, *x)
	}
	slices.SortFunc(out.Pages, func(a, b MiniSum) int { return cmp.Or(cmp.Compare(b.Views, a.Views), cmp.Compare(a.Path, b.Path)) })
	for k, n := range parts {
		out.Parts = append(out.Parts, MiniPart{k.index, k.key, n})
	}
	slices.SortFunc(out.Parts, func(a, b MiniPart) int { return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.Key, b.Key)) })
	return out, nil
}

// come leaves out the periods that had not passed when WeChat was asked: it may give 0 for them.
func (s *Service) come(r miniRow, list []model.MiniKept) []model.MiniKept {
	out := []model.MiniKept{}
	unit := miniUnits[r.Kind]
	for _, x := range list {
		if !r.FetchedAt.Before(plus(model.DayStart(r.Day), unit, x.Key+1)) {
			out = append(out, x)
		}
	}
	return out
}
