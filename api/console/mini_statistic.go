package console

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/figure"
)

func (d *Door) registerMiniStatistics(api huma.API) {
	verb(d, api, model.RightRead, huma.Operation{OperationID: "miniStatistics", Method: "GET", Path: "/console/v1/mini-statistics", Summary: "What WeChat itself counts of the Mini Program: visits, who came back, pages, sources", Tags: []string{"figures"}}, d.miniStatistics)
}

type miniStatisticsOut struct {
	Body struct {
		figure.MiniBoard
		AsOf time.Time `json:"as_of"`
		Rule string    `json:"rule"`
	}
}

func (d *Door) miniStatistics(ctx context.Context, in *Range) (*miniStatisticsOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	out := &miniStatisticsOut{}
	if out.Body.MiniBoard, err = d.Figures.Mini(ctx, span); err != nil {
		return nil, err
	}
	out.Body.AsOf = model.Milli(d.Figures.Now())
	out.Body.Rule = "都是微信的数字：微信只数人，不说是谁，所以不能点开名单，也不和我们的人数混算。访问人数在一天之内去重，各天相加不是人数。没有取到的天是空的，不是 0。留存里还没过完的天是空的。"
	return out, nil
}
