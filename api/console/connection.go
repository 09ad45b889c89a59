package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/connection"
)

func (d *Door) registerConnection(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: summary, Tags: []string{"connection"}}
	}
	verb(d, api, model.RightRead, op("connection", http.MethodGet, "/connection", "How we are connected to WeChat, database and Redis"), d.connection)
	verb(d, api, model.RightRead, op("connectionCalls", http.MethodGet, "/connection/calls", "Today's calls of WeChat's interfaces by all instances, and their quotas as last asked"), d.connectionCalls)
	verb(d, api, model.RightEdit, op("askQuotas", http.MethodPost, "/connection/quotas", "Ask WeChat for the quotas of what was called today, at most once a minute"), d.askQuotas)
}

type checkBody struct {
	Key   string     `json:"key"`
	Title string     `json:"title"`
	State string     `json:"state" enum:"ok,warn,bad,off"`
	Text  string     `json:"text" doc:"what is, in Chinese"`
	Fix   string     `json:"fix,omitempty" doc:"what to do about it"`
	At    *time.Time `json:"at" doc:"when it last happened"`
}

func viewCheck(c connection.Check) checkBody {
	return checkBody{Key: c.Key, Title: c.Title, State: string(c.State), Text: c.Text, Fix: c.Fix, At: c.At}
}

type connectionFigures struct {
	LastPush *time.Time `json:"last_push" doc:"of the Official Account"`
	Pushes   int64      `json:"pushes" doc:"in 24 hours"`
	Answers  int64      `json:"answers" doc:"in the last hour; what p50 and p95 are of"`
	P50      float64    `json:"p50_ms"`
	P95      float64    `json:"p95_ms"`
	Repeats  int64      `json:"repeats" doc:"pushes and notices that came again, in 24 hours"`
	Served   int64      `json:"served" doc:"of the Official Account's repeats, those that heard the answer kept"`
	Spooled  int64      `json:"spooled" doc:"pushes kept on disk first, in 24 hours"`
	Drained  int64      `json:"drained" doc:"of those on disk, stored since"`
	Waiting  int64      `json:"waiting" doc:"on the disk of the instance that answers this"`
}

type outageBody struct {
	Part     string     `json:"part" enum:"database,redis"`
	Instance string     `json:"instance"`
	BeganAt  time.Time  `json:"began_at"`
	EndedAt  *time.Time `json:"ended_at" doc:"null: it lasts"`
	Spooled  int64      `json:"spooled"`
	Drained  int64      `json:"drained"`
	Peak     int64      `json:"peak" doc:"most pushes on disk at once"`
}

type connectionOut struct {
	Body struct {
		Items   []checkBody        `json:"items"`
		Figures *connectionFigures `json:"figures,omitempty" doc:"absent: the database is away"`
		Outages []outageBody       `json:"outages" doc:"degraded periods of 30 days, newest first"`
		AsOf    time.Time          `json:"as_of"`
	}
}

func (d *Door) connection(ctx context.Context, _ *struct{}) (*connectionOut, error) {
	out := &connectionOut{}
	out.Body.AsOf, out.Body.Items, out.Body.Outages = time.Now().UTC(), []checkBody{}, []outageBody{}
	page := d.Connection.Look(ctx)
	for _, c := range page.Checks {
		out.Body.Items = append(out.Body.Items, viewCheck(c))
	}
	for _, o := range page.Outages {
		out.Body.Outages = append(out.Body.Outages, outageBody{Part: o.Part, Instance: o.Instance, BeganAt: o.BeganAt.UTC(), EndedAt: o.EndedAt, Spooled: o.Spooled, Drained: o.Drained, Peak: o.Peak})
	}
	if f := page.Figures; f != nil {
		ms := func(t time.Duration) float64 { return float64(t.Microseconds()) / 1000 }
		out.Body.Figures = &connectionFigures{LastPush: f.LastPush, Pushes: f.Pushes, Answers: f.Answers, P50: ms(f.P50), P95: ms(f.P95), Repeats: f.Repeats, Served: f.Served, Spooled: f.Spooled, Drained: f.Drained, Waiting: f.Waiting}
	}
	return out, nil
}

type quotaBody struct {
	Limit  int64 `json:"limit"`
	Used   int64 `json:"used"`
	Remain int64 `json:"remain"`
}

type usageBody struct {
	App          string     `json:"app" doc:"公众号 or 小程序"`
	Path         string     `json:"path"`
	Calls        int64      `json:"calls" doc:"ours, today"`
	Errors       int64      `json:"errors"`
	LastAt       time.Time  `json:"last_at"`
	ErrorAt      *time.Time `json:"error_at"`
	Error        string     `json:"error,omitempty" doc:"the last one"`
	StoppedUntil *time.Time `json:"stopped_until" doc:"no more calls until then"`
	Quota        *quotaBody `json:"quota,omitempty" doc:"WeChat's; absent: not asked today, or it gives none"`
	Note         string     `json:"note,omitempty" doc:"why there is none"`
	AskedAt      *time.Time `json:"asked_at"`
	Short        bool       `json:"short" doc:"less than a fifth is left"`
}

type usagesOut struct {
	Body struct {
		Items []usageBody `json:"items"`
	}
}

func (d *Door) connectionCalls(ctx context.Context, _ *struct{}) (*usagesOut, error) {
	list, err := d.Connection.Usages(ctx)
	if err != nil {
		return nil, err
	}
	out := &usagesOut{}
	out.Body.Items = []usageBody{}
	for _, u := range list {
		b := usageBody{App: u.App, Path: u.Path, Calls: u.Calls, Errors: u.Errors, LastAt: u.LastAt, ErrorAt: u.ErrorAt, Error: u.Error, StoppedUntil: u.StoppedUntil, Note: u.Note, AskedAt: u.AskedAt, Short: u.Short()}
		if u.Quota != nil {
			b.Quota = &quotaBody{u.Quota.Limit, u.Quota.Used, u.Quota.Remain}
		}
		out.Body.Items = append(out.Body.Items, b)
	}
	return out, nil
}

func (d *Door) askQuotas(ctx context.Context, _ *struct{}) (*usagesOut, error) {
	if err := d.Connection.AskQuotas(ctx); err != nil {
		return nil, err
	}
	return d.connectionCalls(ctx, nil)
}
