package plan

import (
	"context"
	"fmt"

	"loudou/model"
)

// Sum is what tasks of one kind were thought to take and took.
type Sum struct {
	Tasks, Done int
	Estimated   int // minutes, of all
	Actual      int // minutes measured
	// Of the finished ones that were both estimated and measured: only these can be compared.
	Compared, ComparedEstimated, ComparedActual int
	Unmeasured                                  int // finished without a measured minute
}

func (s *Sum) add(t model.Task, actual int) {
	s.Tasks++
	s.Estimated += t.Estimated
	s.Actual += actual
	if t.State != model.TaskDone {
		return
	}
	s.Done++
	if actual == 0 {
		s.Unmeasured++
	} else if t.Estimated > 0 {
		s.Compared++
		s.ComparedEstimated += t.Estimated
		s.ComparedActual += actual
	}
}

// Quadrant numbers the four: 1 important and urgent, 2 important, 3 urgent, 4 neither.
func Quadrant(t model.Task) int {
	switch {
	case t.Important && t.Urgent:
		return 1
	case t.Important:
		return 2
	case t.Urgent:
		return 3
	}
	return 4
}

// Review is a span of days looked back on. Time counts on the day its task stands on.
type Review struct {
	All        Sum
	ByQuadrant [4]Sum
	ByKPI      map[string]Sum // "" : serves none
	ByDay      map[int]Sum
	Tasks      []model.Task
}

// Review sums the days from … to; owner 0: everybody's.
func (s *Service) Review(ctx context.Context, from, to int, owner int64) (Review, error) {
	r := Review{ByKPI: map[string]Sum{}, ByDay: map[int]Sum{}, Tasks: []model.Task{}}
	if from > to || model.DayStart(to).Sub(model.DayStart(from)).Hours() > 31*24 {
		return r, model.Refuse(model.ErrInvalid, model.CodeInvalid, "一次最多回顾一个月")
	}
	q := s.db.WithContext(ctx).Where("appid = ? AND removed_at IS NULL AND day >= ? AND day <= ?", s.appid, from, to).Order("day, start_minute IS NULL, start_minute, id")
	if owner > 0 {
		q = q.Where("owner_id = ?", owner)
	}
	if err := q.Find(&r.Tasks).Error; err != nil {
		return r, fmt.Errorf("review: %w", err)
	}
	now := s.now()
	for _, t := range r.Tasks {
		actual := t.Actual(now)
		r.All.add(t, actual)
		r.ByQuadrant[Quadrant(t)-1].add(t, actual)
		k, d := r.ByKPI[t.KPI], r.ByDay[t.Day]
		k.add(t, actual)
		d.add(t, actual)
		r.ByKPI[t.KPI], r.ByDay[t.Day] = k, d
	}
	return r, nil
}
