package console

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/alert"
)

func (d *Door) registerAlert(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: summary, Tags: []string{"alerts"}, MaxBodyBytes: 4 << 10}
	}
	verb(d, api, model.RightRead, op("alerts", "GET", "/alerts", "What was not as usual, the latest first"), d.alerts)
	verb(d, api, model.RightEdit, op("seeAlert", "PUT", "/alerts/{id}", "Say that somebody has seen to an alert, or that it waits again"), d.seeAlert)
	verb(d, api, model.RightRead, op("alertRules", "GET", "/alert-rules", "When alerts are made"), d.alertRules)
	verb(d, api, model.RightEdit, op("changeAlertRule", "PUT", "/alert-rules/{id}", "Set when an alert is made, switch it off or put it to sleep"), d.changeAlertRule)
}

type alertBody struct {
	ID        int64           `json:"id"`
	Kind      model.AlertKind `json:"kind" enum:"figure,refunds,leavers,callback"`
	Title     string          `json:"title"`
	Text      string          `json:"text" doc:"with the numbers as they were"`
	Look      string          `json:"look" doc:"what to look at"`
	Link      string          `json:"link" doc:"page of the console"`
	SeenAt    *time.Time      `json:"seen_at"`
	SeenBy    string          `json:"seen_by"`
	CreatedAt time.Time       `json:"created_at"`
}

type alertsOut struct{ Body respond.Page[alertBody] }

func (d *Door) alerts(ctx context.Context, in *struct {
	PageIn
	Open bool `query:"open" doc:"only those nobody has seen to"`
}) (*alertsOut, error) {
	kind := "alerts"
	if in.Open {
		kind = "alerts open"
	}
	return page(&in.PageIn, kind, func(before int64, limit int) ([]alertBody, error) {
		all, err := d.Alerts.List(ctx, in.Open, before, limit)
		out := make([]alertBody, 0, len(all))
		for _, a := range all {
			out = append(out, alertBody{a.ID, a.Kind, a.Title, a.Text, a.Look, a.Link, a.SeenAt, a.SeenBy, a.CreatedAt.UTC()})
		}
		return out, err
	}, func(a alertBody) int64 { return a.ID }, func(p respond.Page[alertBody]) *alertsOut { return &alertsOut{p} })
}

// AlertPath names an alert or a rule of alerts.
type AlertPath struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

func (d *Door) seeAlert(ctx context.Context, in *struct {
	AlertPath
	Body struct {
		Seen bool `json:"seen"`
	}
}) (*struct{}, error) {
	return nil, d.Alerts.See(ctx, OperatorFrom(ctx), in.ID, in.Body.Seen)
}

type alertRuleBody struct {
	ID          int64           `json:"id"`
	Kind        model.AlertKind `json:"kind" enum:"figure,refunds,leavers,callback"`
	Figure      string          `json:"figure" doc:"of kind figure"`
	Name        string          `json:"name" doc:"the figure in Chinese"`
	Enabled     bool            `json:"enabled"`
	Percent     int             `json:"percent"`
	Least       int64           `json:"least" doc:"people, orders or answers; fen for net"`
	Millis      int             `json:"millis" doc:"of kind callback"`
	AsleepUntil *time.Time      `json:"asleep_until"`
	Version     int64           `json:"version"`
	UpdatedBy   string          `json:"updated_by"`
}

func viewAlertRule(r model.AlertRule) alertRuleBody {
	return alertRuleBody{r.ID, r.Kind, r.Figure, model.AlertFigureNames[r.Figure], r.Enabled, r.Percent, r.Least, r.Millis, r.AsleepUntil, r.Version, r.UpdatedBy}
}

type alertRulesOut struct {
	Body struct {
		Items  []alertRuleBody `json:"items"`
		Millis []int           `json:"millis" doc:"what may be chosen"`
		Now    time.Time       `json:"now" doc:"the clock sleep is told by"`
	}
}

func (d *Door) alertRules(ctx context.Context, _ *struct{}) (*alertRulesOut, error) {
	all, err := d.Alerts.Rules(ctx)
	if err != nil {
		return nil, err
	}
	out := &alertRulesOut{}
	out.Body.Items, out.Body.Millis, out.Body.Now = make([]alertRuleBody, 0, len(all)), model.AlertMillis, d.Alerts.Now().UTC()
	for _, r := range all {
		out.Body.Items = append(out.Body.Items, viewAlertRule(r))
	}
	return out, nil
}

type alertRuleOut struct{ Body alertRuleBody }

func (d *Door) changeAlertRule(ctx context.Context, in *struct {
	AlertPath
	Body struct {
		Enabled   bool  `json:"enabled"`
		Percent   int   `json:"percent"`
		Least     int64 `json:"least"`
		Millis    int   `json:"millis,omitempty"`
		SleepDays int   `json:"sleep_days,omitempty" doc:"silent for so many days from now; 0: awake"`
		Version   int64 `json:"version" minimum:"1"`
	}
}) (*alertRuleOut, error) {
	b := in.Body
	r, err := d.Alerts.Change(ctx, OperatorFrom(ctx), in.ID, alert.Input{Enabled: b.Enabled, Percent: b.Percent, Least: b.Least, Millis: b.Millis, SleepDays: b.SleepDays, Version: b.Version})
	if err != nil {
		return nil, err
	}
	return &alertRuleOut{viewAlertRule(r)}, nil
}
