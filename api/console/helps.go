package console

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/figure"
)

func (d *Door) registerHelps(api huma.API) {
	get := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: "GET", Path: "/console/v1/helps" + path, Summary: summary, Tags: []string{"reviews"}}
	}
	verb(d, api, model.RightRead, get("helps", "", "Hours and items beside the KPI they were meant for"), d.helps)
	verb(d, api, model.RightRead, get("helpsBehind", "/behind", "The tasks and items behind the numbers of one KPI"), d.helpsBehind)
}

type helpsOut struct{ Body figure.HelpsBoard }

func (d *Door) helps(ctx context.Context, in *Range) (*helpsOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	b, err := d.Figures.Helps(ctx, span)
	return &helpsOut{b}, err
}

type helpsBehindOut struct{ Body figure.HelpsBehind }

func (d *Door) helpsBehind(ctx context.Context, in *struct {
	Range
	KPI string `query:"kpi" maxLength:"20" doc:"as tasks name it; empty: tasks that serve none"`
}) (*helpsBehindOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	b, err := d.Figures.HelpsBehind(ctx, in.KPI, span)
	return &helpsBehindOut{b}, err
}
