package main

import (
	"time"

	"loudou/service/report"
	"loudou/service/review"
)

// lookBack connects what the operator's day ends with: reviews that open by themselves, and the work report.
func (h *house) lookBack() {
	h.reviews = review.New(h.db, h.cfg.OfficialAppID, h.figures, h.plan, h.operators, h.clock.now)
	h.jobs.Every("review.open", 10*time.Minute, h.reviews.Open)
	h.reports = report.New(h.db, h.cfg.OfficialAppID, h.figures, h.operators, h.clock.now)
	h.jobs.Every("report.due", time.Minute, h.reports.Due)
}
