package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// MiniKind is one of WeChat's statistics of the Mini Program. Source: 小程序数据分析.
type MiniKind string

// The kinds that are fetched.
const (
	MiniSummary     MiniKind = "mini_summary"      // 累计用户, 转发: a day
	MiniTrend       MiniKind = "mini_trend"        // 访问: a day
	MiniTrendWeek   MiniKind = "mini_trend_week"   // Monday to Sunday
	MiniTrendMonth  MiniKind = "mini_trend_month"  // a calendar month
	MiniRetain      MiniKind = "mini_retain"       // 留存: a day
	MiniRetainWeek  MiniKind = "mini_retain_week"  // a week
	MiniRetainMonth MiniKind = "mini_retain_month" // a month
	MiniPages       MiniKind = "mini_pages"        // 访问页面: a day, the 200 most visited
	MiniSources     MiniKind = "mini_sources"      // 访问分布: a day
)

// Last is the last day of the period of k that begins with first.
func (k MiniKind) Last(first int) int {
	t := DayStart(first)
	switch k {
	case MiniTrendWeek, MiniRetainWeek:
		t = t.AddDate(0, 0, 6)
	case MiniTrendMonth, MiniRetainMonth:
		t = t.AddDate(0, 1, -1)
	}
	return DayNumber(t)
}

// LastWhole is the first day of the last period of k that was over before now's day.
func (k MiniKind) LastWhole(now time.Time) int {
	t := DayStart(DayNumber(now))
	switch k {
	case MiniTrendWeek, MiniRetainWeek:
		t = t.AddDate(0, 0, -(int(t.Weekday())+6)%7-7)
	case MiniTrendMonth, MiniRetainMonth:
		t = t.AddDate(0, -1, 1-t.Day())
	default:
		t = t.AddDate(0, 0, -1)
	}
	return DayNumber(t)
}

// MiniVisits is what a trend says of a period. VisitUV counts a person once in the period, so the days of a week
// do not add up to the week; the others do, save the means.
type MiniVisits struct {
	SessionCnt      int64   `json:"session_cnt"`
	VisitPV         int64   `json:"visit_pv"`
	VisitUV         int64   `json:"visit_uv"`
	VisitUVNew      int64   `json:"visit_uv_new"`
	StayTimeUV      float64 `json:"stay_time_uv"`      // seconds a person
	StayTimeSession float64 `json:"stay_time_session"` // seconds an opening
	VisitDepth      float64 `json:"visit_depth"`       // pages an opening
}

// MiniShares is what the summary says of a day. ShareUV and SharePV are clicks on share, not what was sent.
type MiniShares struct {
	VisitTotal int64 `json:"visit_total"` // people who ever opened it
	SharePV    int64 `json:"share_pv"`
	ShareUV    int64 `json:"share_uv"`
}

// MiniKept is who came back: Key 0 is the people themselves, Key n those of them who were there n periods later.
// A period that has not come yet is missing or 0.
type MiniKept struct {
	Key   int   `json:"key"`
	Value int64 `json:"value"`
}

// MiniPage is a page of the Mini Program on a day.
type MiniPage struct {
	Path    string  `json:"page_path"`
	VisitPV int64   `json:"page_visit_pv"`
	VisitUV int64   `json:"page_visit_uv"`
	StayPV  float64 `json:"page_staytime_pv"` // seconds a view
	EntryPV int64   `json:"entrypage_pv"`
	ExitPV  int64   `json:"exitpage_pv"`
	SharePV int64   `json:"page_share_pv"`
	ShareUV int64   `json:"page_share_uv"`
}

// MiniPart is a part of a distribution: people or openings by WeChat's own number of a source or a step.
type MiniPart struct {
	Key   int   `json:"key"`
	Value int64 `json:"value"`
	UV    int64 `json:"access_source_visit_uv"`
}

// MiniAnswer is an answer of WeChat, read: what belongs to its kind is set. Empty says that WeChat had nothing.
type MiniAnswer struct {
	Empty       bool
	Visits      MiniVisits            // trends
	Shares      MiniShares            // the summary
	New, Active []MiniKept            // retentions
	Pages       []MiniPage            // pages
	Parts       map[string][]MiniPart // sources, by WeChat's index
}

var errNoMini = errors.New("no statistics of a Mini Program")

// ReadMini reads WeChat's answer about a period of k as it was kept.
func ReadMini(k MiniKind, raw []byte) (a MiniAnswer, err error) {
	switch k {
	case MiniSummary:
		var in struct {
			List []MiniShares `json:"list"`
		}
		if err = json.Unmarshal(raw, &in); err == nil {
			if a.Empty = len(in.List) == 0; !a.Empty {
				a.Shares = in.List[0]
			}
		}
	case MiniTrend, MiniTrendWeek, MiniTrendMonth:
		var in struct {
			List []MiniVisits `json:"list"`
		}
		if err = json.Unmarshal(raw, &in); err == nil {
			if a.Empty = len(in.List) == 0; !a.Empty {
				a.Visits = in.List[0]
			}
		}
	case MiniRetain, MiniRetainWeek, MiniRetainMonth:
		var in struct {
			New    []MiniKept `json:"visit_uv_new"`
			Active []MiniKept `json:"visit_uv"`
		}
		err = json.Unmarshal(raw, &in)
		a.New, a.Active, a.Empty = in.New, in.Active, true
		for _, x := range append(in.New[:len(in.New):len(in.New)], in.Active...) {
			a.Empty = a.Empty && x.Value == 0 // seen where the figures were not ready
		}
	case MiniPages:
		var in struct {
			List []MiniPage `json:"list"`
		}
		err = json.Unmarshal(raw, &in)
		a.Pages, a.Empty = in.List, len(in.List) == 0
	case MiniSources:
		var in struct {
			List []struct {
				Index string     `json:"index"`
				Items []MiniPart `json:"item_list"`
			} `json:"list"`
		}
		err = json.Unmarshal(raw, &in)
		a.Parts, a.Empty = map[string][]MiniPart{}, len(in.List) == 0
		for _, l := range in.List {
			a.Parts[l.Index] = l.Items
		}
	default:
		err = errNoMini
	}
	if err != nil {
		return MiniAnswer{}, fmt.Errorf("read %s: %w", k, err)
	}
	return a, nil
}
