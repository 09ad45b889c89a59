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
}

// Guards are counts that must be zero.
type Guards struct {
	PaidWithoutGrant   int64 `json:"paid_without_grant" doc:"paid orders whose course is not open"`
	GrantWithoutReason int64 `json:"grant_without_reason" doc:"open courses whose order holds no money"`
}

func (d *Door) registerHome(api huma.API) {
	verb(d, api, model.RightRead, huma.Operation{OperationID: "home", Method: "GET", Path: "/console/v1/home", Summary: "What waits for the operator, and what must never be", Tags: []string{"home"}}, d.home)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "connection", Method: "GET", Path: "/console/v1/connection", Summary: "How we are connected to WeChat, database and Redis", Tags: []string{"home"}}, d.connection)
}

type todoBody struct {
	Key   string `json:"key"`
	Title string `json:"title"`
	Count int64  `json:"count"`
	Link  string `json:"link" doc:"page of the console"`
}

type homeOut struct {
	Body struct {
		Todo   []todoBody `json:"todo"`
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
		out.Body.Todo = append(out.Body.Todo, todoBody{Key: t.Key, Title: t.Title, Count: n, Link: t.Link})
	}
	if d.Guards != nil {
		var err error
		if out.Body.Guards, err = d.Guards(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type checkBody struct {
	Key   string     `json:"key"`
	Title string     `json:"title"`
	State string     `json:"state" enum:"ok,warn,bad,off"`
	Text  string     `json:"text" doc:"what is, in Chinese"`
	Fix   string     `json:"fix,omitempty" doc:"what to do about it"`
	At    *time.Time `json:"at" doc:"when it last happened"`
}

type connectionOut struct {
	Body struct {
		Items []checkBody `json:"items"`
		AsOf  time.Time   `json:"as_of"`
	}
}

func (d *Door) connection(ctx context.Context, _ *struct{}) (*connectionOut, error) {
	out := &connectionOut{}
	out.Body.AsOf, out.Body.Items = time.Now().UTC(), []checkBody{}
	for _, c := range d.Connection.Checks(ctx) {
		out.Body.Items = append(out.Body.Items, checkBody{Key: c.Key, Title: c.Title, State: string(c.State), Text: c.Text, Fix: c.Fix, At: c.At})
	}
	return out, nil
}
