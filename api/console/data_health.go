package console

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/figure"
	"loudou/service/reconcile"
	"loudou/service/statistic"
)

const (
	checksShown  = 30
	fetchesShown = 60
	billsShown   = 14
)

func (d *Door) registerDataHealth(api huma.API) {
	verb(d, api, model.RightRead, huma.Operation{OperationID: "dataHealth", Method: "GET", Path: "/console/v1/data-health", Summary: "How the sources of the figures stand: taking in, counting, WeChat's statistics, comparisons", Tags: []string{"figures"}}, d.dataHealth)
}

type typeBody struct {
	Type   model.EventType `json:"type"`
	N      int64           `json:"n" doc:"of the range, by the day they happened"`
	Before int64           `json:"before" doc:"of the same length directly before"`
}

type counterBody struct {
	Where string          `json:"where" enum:"roll-up,redis" doc:"what was wrong: a roll-up against the rows, a live counter against its roll-up"`
	Day   string          `json:"day"`
	Kind  string          `json:"kind" doc:"all, article, course, campaign or excluded"`
	Ref   string          `json:"ref"`
	Type  model.EventType `json:"type"`
	Was   int64           `json:"was"`
	Is    int64           `json:"is" doc:"what it was mended to"`
}

type comparedBody struct {
	CheckedAt   time.Time     `json:"checked_at"`
	From        string        `json:"from"`
	To          string        `json:"to"`
	Found       int64         `json:"found"`
	RedisAsked  bool          `json:"redis_asked"`
	Differences []counterBody `json:"differences"`
}

type fetchBody struct {
	Kind      string    `json:"kind" doc:"articles, followers, or mini_… of the Mini Program"`
	Day       string    `json:"day"`
	State     string    `json:"state" enum:"done,delayed,unready,failed"`
	Code      string    `json:"code,omitempty" doc:"WeChat's errcode"`
	Said      string    `json:"said,omitempty"`
	Tries     int       `json:"tries"`
	FetchedAt time.Time `json:"fetched_at"`
}

type billStateBody struct {
	Via   model.Via       `json:"via"`
	Day   string          `json:"day"`
	State model.BillState `json:"state"`
	Open  int64           `json:"open" doc:"rows that do not fit"`
}

type unequalBody struct {
	Day    string    `json:"day"`
	What   string    `json:"what"`
	No     string    `json:"no"`
	Table  model.Fen `json:"table" doc:"fen in the orders"`
	Events model.Fen `json:"events" doc:"fen in the events"`
}

type dataHealthOut struct {
	Body struct {
		AsOf     time.Time        `json:"as_of"`
		Types    []typeBody       `json:"types"`
		Intake   map[string]int64 `json:"intake" doc:"duplicate: sent again; clock: the phone's clock was corrected; future: taken as now"`
		Excluded map[string]int64 `json:"excluded" doc:"kept, and counted nowhere: scene, bot, late"`
		Rejected map[string]int64 `json:"rejected" doc:"refused, by reason"`

		Persons      int64 `json:"persons" doc:"humans we tell apart"`
		WithoutUnion int64 `json:"without_union" doc:"of them: no unionid known, so an openid of the other app would be a second one"`
		Staff        int64 `json:"staff" doc:"of them: counted nowhere, for all time"`

		ReceivedAt   *time.Time `json:"received_at,omitempty" doc:"when the newest event came in"`
		Waiting      int64      `json:"waiting" doc:"batches stored and not counted yet"`
		WaitingSince *time.Time `json:"waiting_since,omitempty"`
		Counters     string     `json:"counters" enum:"fed,behind,away"`
		Behind       int64      `json:"behind" doc:"of today's live counters"`

		Checks  []comparedBody  `json:"checks"`
		Unequal []unequalBody   `json:"unequal" doc:"orders and refunds of the range whose event says another sum"`
		Bills   []billStateBody `json:"bills"`
		Fetches []fetchBody     `json:"fetches" doc:"how WeChat last answered about its statistics"`
	}
}

var refKinds = []string{"all", "article", "course", "campaign", "channel", "excluded"}

func (d *Door) dataHealth(ctx context.Context, in *Range) (*dataHealthOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	out := &dataHealthOut{}
	b := &out.Body
	b.AsOf = model.Milli(d.Figures.Now())
	b.Types, b.Checks, b.Unequal, b.Bills, b.Fetches = []typeBody{}, []comparedBody{}, []unequalBody{}, []billStateBody{}, []fetchBody{}
	now, err := d.Events.Types(ctx, span.First, span.Last)
	if err != nil {
		return nil, err
	}
	prior := span.Before()
	before, err := d.Events.Types(ctx, prior.First, prior.Last)
	if err != nil {
		return nil, err
	}
	for _, t := range model.EventTypes() {
		b.Types = append(b.Types, typeBody{t, now[t], before[t]})
	}
	if b.Intake, err = d.Events.Intake(ctx, span.First, span.Last); err != nil {
		return nil, err
	}
	left, err := d.Figures.LeftOut(ctx, span)
	if err != nil {
		return nil, err
	}
	b.Excluded, b.Rejected = left.Excluded, left.Rejected
	known, err := d.Persons.Known(ctx)
	if err != nil {
		return nil, err
	}
	b.Persons, b.WithoutUnion, b.Staff = known.Persons, known.WithoutUnion, known.Staff
	h, err := d.Events.Health(ctx)
	if err != nil {
		return nil, err
	}
	b.ReceivedAt, b.Waiting, b.WaitingSince, b.Counters, b.Behind = h.ReceivedAt, h.Waiting, h.WaitingSince, h.Counters, h.Behind
	if err := d.comparisons(ctx, span, out); err != nil {
		return nil, err
	}
	return out, nil
}

// comparisons adds what was compared with what, and what did not fit.
func (d *Door) comparisons(ctx context.Context, span figure.Span, out *dataHealthOut) error {
	b := &out.Body
	checks, err := d.Events.Checks(ctx, checksShown)
	if err != nil {
		return err
	}
	for _, c := range checks {
		x := comparedBody{c.CheckedAt, model.DayName(c.FirstDay), model.DayName(c.LastDay), c.Found, c.RedisAsked, []counterBody{}}
		for _, f := range c.Differences {
			x.Differences = append(x.Differences, counterBody{f.Where, model.DayName(f.Day), refKinds[f.Kind], f.Ref, f.Type, f.Was, f.Is})
		}
		b.Checks = append(b.Checks, x)
	}
	unequal, err := d.Figures.CompareOrders(ctx, span)
	if err != nil {
		return err
	}
	for _, u := range unequal {
		b.Unequal = append(b.Unequal, unequalBody{u.Day, u.What, u.No, model.Fen(u.Table), model.Fen(u.Events)})
	}
	bills, err := d.Reconcile.Bills(ctx, reconcile.Filter{Limit: billsShown})
	if err != nil {
		return err
	}
	for _, x := range bills {
		b.Bills = append(b.Bills, billStateBody{x.Via, model.DayName(x.Day), x.State, x.Differs + x.MissingHere + x.MissingThere})
	}
	var fetches []statistic.Fetch
	if d.Statistics != nil {
		if fetches, err = d.Statistics.Latest(ctx, fetchesShown); err != nil {
			return err
		}
	}
	if d.MiniStatistics != nil {
		more, err := d.MiniStatistics.Latest(ctx, fetchesShown)
		if err != nil {
			return err
		}
		fetches = append(fetches, more...)
	}
	for _, f := range fetches {
		b.Fetches = append(b.Fetches, fetchBody{f.Kind, model.DayName(f.Day), f.State, f.Code, f.Said, f.Tries, f.FetchedAt})
	}
	return nil
}
