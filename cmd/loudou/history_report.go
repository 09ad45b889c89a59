package main

import (
	"fmt"
	"net/http"
	"time"

	"loudou/model"
)

// lookBack is what a morning begins with: the targets of the week and the month to come, the reviews that are due, the
// report of the week or month that is over.
func (s *history) lookBack(morning time.Time, plan func(hour float64, do func() error)) {
	at := morning.In(model.Shanghai)
	next := at.AddDate(0, 0, 1)
	if next.Weekday() == time.Monday { // on the evening before, for a target is set before its period begins
		plan(21, func() error { return s.aim(model.ReportWeek, next, 1) })
	}
	if next.Day() == 1 {
		plan(21, func() error { return s.aim(model.ReportMonth, next, 4) })
	}
	monday, first := at.Weekday() == time.Monday, at.Day() == 1
	plan(10.6, func() error { return s.h.reviews.Open(s.ctx) })
	if monday || first {
		plan(10.4, s.fetchStatistics)
		plan(10.6, func() error { return s.h.reports.Due(s.ctx) })
	}
}

// aim sets what a period shall reach; times is how many weeks it has.
func (s *history) aim(kind model.ReportKind, day time.Time, times int) error {
	items := []map[string]any{
		{"kpi": "followers_new", "target": 70 * times, "hypothesis": "每周两篇拆书稿，文末放关注引导"},
		{"kpi": "buyers", "target": 25 * times, "hypothesis": "写作课的卡片放进每篇文章的第一屏"},
		{"kpi": "net", "target": 250000 * times, "hypothesis": ""},
		{"kpi": "refund_rate", "target": 800, "hypothesis": ""},
	}
	return s.desk.call(s.ctx, http.MethodPut, fmt.Sprintf("/console/v1/report-targets?kind=%s&date=%s", kind, model.Day(day)), map[string]any{"items": items}, nil)
}

// concludeReviews decides all reviews but the newest two, the latest of them with a next step.
func (s *history) concludeReviews() error {
	var open struct {
		Items []struct {
			ID      int64
			Version int64
			Met     *bool
		}
	}
	if err := s.desk.call(s.ctx, http.MethodGet, "/console/v1/reviews?stage=open&page_size=100", nil, &open); err != nil {
		return err
	}
	for i, r := range open.Items {
		if i < 2 {
			continue
		}
		in := map[string]any{"version": r.Version, "finding": "点开的人多，下单的人少：卡片放得太靠后", "decision": "keep"}
		if i < 4 {
			in["decision"], in["next"], in["due"] = "change", "卡片提到文章第一屏，再发一篇比一比", model.Day(s.now.AddDate(0, 0, i))
		}
		if r.Met != nil && *r.Met {
			in["finding"] = "标题带数字的这一篇，点开的人明显多"
		}
		if err := s.desk.call(s.ctx, http.MethodPost, fmt.Sprintf("/console/v1/reviews/%d/decide", r.ID), in, nil); err != nil {
			return err
		}
	}
	return nil
}

// fetchStatistics asks WeChat about the account and the Mini Program, as the timetable would.
func (s *history) fetchStatistics() error {
	if err := s.h.statistics.Run(s.ctx); err != nil {
		return err
	}
	return s.h.miniStatistics.Run(s.ctx)
}
