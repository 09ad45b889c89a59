package figure

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"loudou/model"
)

// Cohort is the people of one day, week or month, and how many of them came back.
type Cohort struct {
	Cohort string `json:"cohort" doc:"its first day"`
	Size   int64  `json:"size"`
	Cells  []Cell `json:"cells"`
}

// Cell is how many of a cohort were active n days, weeks or months later; People is nil while that time is
// not over.
type Cell struct {
	N      int    `json:"n"`
	People *int64 `json:"people"`
	State  State  `json:"state" enum:"final,running,maturing,missing"`
}

// periods are the columns of the table.
var periods = map[string][]int{"day": {1, 2, 3, 4, 5, 6, 7, 14, 30}, "week": {1, 2, 3, 4, 5, 6, 7, 8}, "month": {1, 2, 3, 4, 5, 6}}

// start is the first day of the period t lies in.
func start(t time.Time, unit string) time.Time {
	t = model.DayStart(model.DayNumber(t))
	switch unit {
	case "week":
		return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	case "month":
		return t.AddDate(0, 0, 1-t.Day())
	}
	return t
}

func plus(t time.Time, unit string, n int) time.Time {
	switch unit {
	case "week":
		return t.AddDate(0, 0, 7*n)
	case "month":
		return t.AddDate(0, n, 0)
	}
	return t.AddDate(0, 0, n)
}

// Retention follows the cohorts of a range: kind new begins with people whose first follow or opening ever
// lies in the period, active with everyone active in it. Returning means being active.
func (s *Service) Retention(ctx context.Context, span Span, kind, unit string) ([]Cohort, error) {
	r := model.Refuse(model.ErrInvalid, model.CodeInvalid, "留存的条件有误")
	if kind != "new" && kind != "active" {
		r = r.Field("kind", "应为 new 或 active")
	}
	columns, ok := periods[unit]
	if !ok {
		r = r.Field("unit", "应为 day、week 或 month")
	}
	if len(r.Fields) > 0 {
		return nil, r
	}
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	begin := start(span.From, unit)
	furthest := plus(start(span.To.Add(-time.Millisecond), unit), unit, columns[len(columns)-1]+1)
	now := s.now()
	if now.Before(furthest) {
		furthest = now
	}
	used, err := s.usage(ctx, p, Span{First: model.DayNumber(begin), Last: model.DayNumber(furthest), From: begin, To: furthest})
	if err != nil {
		return nil, err
	}
	active := map[int]*roaring.Bitmap{} // by the first day of the period
	for d, set := range used.days {
		k := model.DayNumber(start(model.DayStart(d), unit))
		if active[k] == nil {
			active[k] = roaring.New()
		}
		active[k].Or(set)
	}
	cohorts := active
	if kind == "new" {
		if cohorts, err = s.newcomers(ctx, p, model.DayNumber(furthest), unit); err != nil {
			return nil, err
		}
	}
	out := []Cohort{}
	for at := begin; at.Before(span.To); at = plus(at, unit, 1) {
		set := cohorts[model.DayNumber(at)]
		if set == nil {
			set = roaring.New()
		}
		c := Cohort{Cohort: at.Format(time.DateOnly), Size: int64(set.GetCardinality())} //nolint:gosec // far below
		over := !now.Before(plus(at, unit, 1))
		for _, n := range columns {
			cell := Cell{N: n, State: Running}
			if from := plus(at, unit, n); over && !now.Before(plus(from, unit, 1)) {
				back := int64(0)
				if a := active[model.DayNumber(from)]; a != nil {
					back = int64(set.AndCardinality(a)) //nolint:gosec // far below
				}
				cell.People, cell.State = &back, Final
			}
			c.Cells = append(c.Cells, cell)
		}
		out = append(out, c)
	}
	return out, nil
}

// newcomers gives the people whose first follow or opening ever lies in a period, by its first day.
func (s *Service) newcomers(ctx context.Context, p *model.People, last int, unit string) (map[int]*roaring.Bitmap, error) {
	first := map[int64]int{}
	q := fmt.Sprintf("SELECT person_id, MIN(day) FROM events WHERE type IN (%s) AND day BETWEEN 1 AND %d%s GROUP BY person_id", numbersOf([]model.EventType{model.EventMPOpen, model.EventFollow}), last, s.ours())
	if err := s.each(ctx, q, 2, func(v []int64) {
		if id := p.Of(v[0]); id > 0 && (first[id] == 0 || int(v[1]) < first[id]) {
			first[id] = int(v[1])
		}
	}); err != nil {
		return nil, err
	}
	out := map[int]*roaring.Bitmap{}
	for id, d := range first {
		k := model.DayNumber(start(model.DayStart(d), unit))
		if out[k] == nil {
			out[k] = roaring.New()
		}
		out[k].Add(uint32(id)) //nolint:gosec // a person's number
	}
	return out, nil
}
