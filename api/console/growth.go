package console

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/figure"
)

func (d *Door) registerGrowth(api huma.API) {
	get := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: "GET", Path: "/console/v1" + path, Summary: summary, Tags: []string{"figures"}}
	}
	verb(d, api, model.RightRead, get("loop", "/loop", "What becomes of the people who were new in each week"), d.loop)
	verb(d, api, model.RightRead, get("loopPeople", "/loop/people", "The people behind a number of the loop"), d.loopPeople)
	verb(d, api, model.RightRead, get("shares", "/shares", "What shares led to: returns, new people, orders"), d.shares)
	verb(d, api, model.RightRead, get("sharePeople", "/shares/people", "The new people a row of shares brought"), d.sharePeople)
}

type loopOut struct {
	Body struct {
		Items []figure.LoopCohort `json:"items"`
		AsOf  time.Time           `json:"as_of"`
		Rule  string              `json:"rule"`
	}
}

func (d *Door) loop(ctx context.Context, in *Range) (*loopOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	items, err := d.Figures.Loop(ctx, span)
	if err != nil {
		return nil, err
	}
	out := &loopOut{}
	out.Body.Items, out.Body.AsOf = items, model.Milli(d.Figures.Now())
	out.Body.Rule = "拉新：首次关注或首次打开小程序落在该周（周一至周日）的人。活跃：来后 7×24 小时内在两个不同的日子有使用行为。留存：下一周有使用行为。转化：来后 30 天内付款。" +
		"转介绍：来后 60 天内，经他的分享带来过新人；新人指第一次出现就是打开这条分享的人。K = 带来的新人 ÷ 拉新人数。每项都除以拉新人数，窗口没过完的注明到哪天。"
	return out, nil
}

// PeoplePage asks for a page of people.
type PeoplePage struct {
	PageSize  int    `query:"page_size" default:"50" minimum:"1" maximum:"500"`
	PageToken string `query:"page_token" maxLength:"40"`
}

// people makes a page of what get gives from the token's number on.
func (in PeoplePage) people(kind string, get func(after int64, limit int) ([]figure.Entrant, bool, error)) (*entrantsOut, error) {
	after, err := respond.FromPageToken(kind, in.PageToken)
	if err != nil {
		return nil, err
	}
	people, more, err := get(after, in.PageSize)
	if err != nil {
		return nil, err
	}
	items := make([]entrantBody, 0, len(people))
	for _, e := range people {
		items = append(items, entrantBody{e.PersonID, e.FollowerID, e.LearnerID, e.Entered, e.Last, e.Reached})
	}
	next := int64(0)
	if more {
		next = people[len(people)-1].PersonID
	}
	return &entrantsOut{Body: respond.NewPage(items, respond.PageToken(kind, next))}, nil
}

func (d *Door) loopPeople(ctx context.Context, in *struct {
	Cohort string          `query:"cohort" required:"true" maxLength:"10" doc:"a day of the week, 2026-01-26"`
	Part   figure.LoopPart `query:"part" default:"all" enum:"all,active,retained,paid,referrers,brought"`
	PeoplePage
}) (*entrantsOut, error) {
	span, err := figure.ParseSpan(in.Cohort, in.Cohort)
	if err != nil {
		return nil, err
	}
	return in.people("loop people", func(after int64, limit int) ([]figure.Entrant, bool, error) {
		return d.Figures.LoopPeople(ctx, span.From, in.Part, after, limit)
	})
}

type sharesOut struct {
	Body struct {
		Items []figure.ShareChain `json:"items" doc:"500 at most, those that brought most first"`
		Left  int                 `json:"left" doc:"rows more than those"`
		AsOf  time.Time           `json:"as_of"`
		Rule  string              `json:"rule"`
	}
}

// ShareLevel says by what shares are looked at.
type ShareLevel struct {
	By string `query:"by" default:"article" enum:"article,course,sharer"`
}

func (d *Door) shares(ctx context.Context, in *struct {
	Range
	ShareLevel
}) (*sharesOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	items, left, err := d.Figures.Shares(ctx, span, in.By)
	if err != nil {
		return nil, err
	}
	out := &sharesOut{}
	out.Body.Items, out.Body.Left, out.Body.AsOf = items, left, model.Milli(d.Figures.Now())
	out.Body.Rule = "范围内的分享，之后 60 天里有谁打开。回来：打开过这些分享的人，不含分享的人自己。新人：第一次出现就是打开其中一条的人，算给那一条。" +
		"下单与净收入：新人来后 30 天内付款的订单，减去这些订单的退款。K = 新人 ÷ 同一范围里点开这篇文章（看过这门课）的人。微信不会告诉我们分享出去了没有，只有点了分享并被打开的才算得到。"
	return out, nil
}

func (d *Door) sharePeople(ctx context.Context, in *struct {
	Range
	ShareLevel
	Key int64 `query:"key" minimum:"0" doc:"the row's"`
	PeoplePage
}) (*entrantsOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	return in.people("share people", func(after int64, limit int) ([]figure.Entrant, bool, error) {
		return d.Figures.SharePeople(ctx, span, in.By, in.Key, after, limit)
	})
}
