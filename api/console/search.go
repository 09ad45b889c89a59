package console

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/search"
)

func (d *Door) registerSearch(api huma.API) {
	verb(d, api, model.RightRead, huma.Operation{OperationID: "search", Method: "GET", Path: "/console/v1/search", Summary: "Things of every kind by a word or a number", Tags: []string{"home"}}, d.search)
}

type searchOut struct {
	Body struct {
		Items []search.Hit `json:"items" doc:"at most five of each kind"`
	}
}

func (d *Door) search(ctx context.Context, in *struct {
	Q string `query:"q" required:"true" maxLength:"200" doc:"two letters or one Chinese character at least, or a number"`
}) (*searchOut, error) {
	hits, err := d.Search.Find(ctx, in.Q)
	if err != nil {
		return nil, err
	}
	out := &searchOut{}
	out.Body.Items = hits
	return out, nil
}
