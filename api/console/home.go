package console

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
)

// Todo is one thing that may wait for the operator: Count says how many, Link leads to the list that has
// just as many rows.
type Todo struct {
	Key, Title, Link string
	Count            func(ctx context.Context) (int64, error)
	// Mine, where set, says how many of them wait for this very operator: another's yes is not theirs to give.
	Mine func(ctx context.Context, operatorID int64) (int64, error)
}

// Guards are counts that must be zero.
type Guards struct {
	PaidWithoutGrant   int64 `json:"paid_without_grant" doc:"paid orders whose course is not open"`
	GrantWithoutReason int64 `json:"grant_without_reason" doc:"open courses whose order holds no money"`
}

func (d *Door) registerHome(api huma.API) {
	verb(d, api, model.RightRead, huma.Operation{OperationID: "home", Method: "GET", Path: "/console/v1/home", Summary: "What waits for the operator, and what must never be", Tags: []string{"home"}}, d.home)
}

type todoBody struct {
	Key   string `json:"key"`
	Title string `json:"title"`
	Count int64  `json:"count"`
	Link  string `json:"link" doc:"page of the console"`
	Mine  *int64 `json:"mine,omitempty" doc:"how many of them wait for whoever asks"`
}

// todayBody is the plan cut down to today.
type todayBody struct {
	Day    string      `json:"day"`
	Tasks  []TaskBody  `json:"tasks" doc:"one's own; everybody's for whoever has none"`
	Late   int         `json:"late" doc:"unfinished tasks of days before"`
	Pieces []PieceBody `json:"pieces" doc:"what is to go out today"`
	Gaps   []gapBody   `json:"gaps" doc:"places of today nobody filled"`
	Sends  []daySend   `json:"sends" doc:"mass sends of today"`
}

type homeOut struct {
	Body struct {
		Todo   []todoBody `json:"todo"`
		Plan   todayBody  `json:"plan"`
		Guards Guards     `json:"guards"`
		AsOf   time.Time  `json:"as_of"`
	}
}

func (d *Door) home(ctx context.Context, _ *struct{}) (*homeOut, error) {
	out := &homeOut{}
	out.Body.AsOf, out.Body.Todo = time.Now().UTC(), []todoBody{}
	for _, t := range d.Todos {
		n, err := t.Count(ctx)
		if err != nil {
			return nil, err
		}
		b := todoBody{Key: t.Key, Title: t.Title, Count: n, Link: t.Link}
		if by := OperatorFrom(ctx); t.Mine != nil && n > 0 && by.Role.May(model.RightConfirm) {
			mine, err := t.Mine(ctx, by.ID)
			if err != nil {
				return nil, err
			}
			b.Mine = &mine
		}
		out.Body.Todo = append(out.Body.Todo, b)
	}
	var err error
	if out.Body.Plan, err = d.todaysPlan(ctx); err != nil {
		return nil, err
	}
	if d.Guards != nil {
		if out.Body.Guards, err = d.Guards(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (d *Door) todaysPlan(ctx context.Context) (todayBody, error) {
	now, by := d.Plan.Now(), OperatorFrom(ctx)
	today := model.DayNumber(now)
	b := todayBody{Day: model.DayName(today), Tasks: []TaskBody{}, Pieces: []PieceBody{}, Gaps: []gapBody{}}
	owner := int64(0)
	if by.Role.May(model.RightEdit) {
		owner = by.ID
	}
	v, err := d.Plan.Days(ctx, today, today, owner)
	if err != nil {
		return b, err
	}
	for _, t := range v.Tasks {
		b.Tasks = append(b.Tasks, viewTask(t, model.TaskOnce, now))
	}
	b.Late = len(v.Late)
	c, err := d.Plan.Calendar(ctx, today, today)
	if err != nil {
		return b, err
	}
	for _, p := range c.Pieces {
		b.Pieces = append(b.Pieces, viewPiece(p))
	}
	for _, g := range c.Gaps {
		b.Gaps = append(b.Gaps, gapBody{model.DayName(g.Day), g.Slot, g.Column, g.Author})
	}
	b.Sends, err = d.sendsOf(ctx, today, today)
	return b, err
}
