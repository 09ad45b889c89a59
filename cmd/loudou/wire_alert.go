package main

import (
	"context"
	"time"

	"loudou/service/alert"
	"loudou/service/figure"
	"loudou/service/group"
)

// watching is what tells operators of what is not as usual, and the chat groups, whose codes run out.
type watching struct {
	alerts *alert.Service
	groups *group.Service
}

// alert connects what tells operators of what is not as usual with those who count.
func (h *house) alert() {
	h.alerts = alert.New(h.db, h.cfg.OfficialAppID, unusual{h}, h.operators, h.clock.now)
	h.groups = group.New(h.db, h.cfg.OfficialAppID, h.media, figure.NewCatalogue(h.db, "campaigns", h.cfg.OfficialAppID), h.operators, h.clock.now)
	h.begin = append(h.begin, h.alerts.Begin)
	h.jobs.Every("alert.watch", 2*time.Minute, h.alerts.Watch)
	h.jobs.Every("alert.figures", 5*time.Minute, h.alerts.Figures)
}

// unusual counts for the alerts.
type unusual struct{ h *house }

func (u unusual) Daily(ctx context.Context, last time.Time, n int) (map[string]map[int]float64, error) {
	return u.h.figures.Daily(ctx, figure.LastDays(last, n))
}

func (u unusual) Refunds(ctx context.Context, refundsFrom, ordersFrom time.Time) ([]alert.Refunds, error) {
	all, err := u.h.figures.RefundedCourses(ctx, refundsFrom, ordersFrom)
	out := make([]alert.Refunds, 0, len(all))
	for _, c := range all {
		out = append(out, alert.Refunds{CourseID: c.CourseID, Title: c.Title, Count: c.Refunds, Orders: c.Orders})
	}
	return out, err
}

func (u unusual) Leavers(ctx context.Context, since time.Time) ([]alert.Leavers, error) {
	all, err := u.h.figures.Leavers(ctx, since)
	out := make([]alert.Leavers, 0, len(all))
	for _, x := range all {
		out = append(out, alert.Leavers(x))
	}
	return out, err
}

// Slow is told by the real clock, as answers are.
func (u unusual) Slow(ctx context.Context, lately, over time.Duration) (answers, slow int64, err error) {
	return u.h.connection.Slow(ctx, time.Now().Add(-lately), over)
}
