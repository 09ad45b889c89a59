package console

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/figure"
)

// The first steps are for whoever looks: putting them away changes nothing but one's own page.
func (d *Door) registerGuide(api huma.API) {
	tags := []string{"home"}
	verb(d, api, model.RightRead, huma.Operation{OperationID: "guide", Method: "GET", Path: "/console/v1/guide", Summary: "The first steps of an account, and which are done", Tags: tags}, d.guide)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "putGuideAway", Method: "PUT", Path: "/console/v1/guide", Summary: "Put the first steps away, or call them back", Tags: tags, MaxBodyBytes: 1 << 10}, d.putGuideAway)
}

type guideStep struct {
	Key  string `json:"key" enum:"connect,menu,welcome,course,card,push,funnel"`
	Done bool   `json:"done" doc:"a fact of the account, not of who clicked what"`
}

type guideOut struct {
	Body struct {
		Steps []guideStep `json:"steps" doc:"in the order to take them"`
		Away  bool        `json:"away" doc:"whoever asks put them away"`
	}
}

// GuideFacts reads what has been done; wire.go hands in figure's with the account's names.
type GuideFacts func(ctx context.Context) (figure.Begun, error)

func (d *Door) guide(ctx context.Context, _ *struct{}) (*guideOut, error) {
	b, err := d.Guide(ctx)
	if err != nil {
		return nil, err
	}
	out := &guideOut{}
	out.Body.Steps = []guideStep{{"connect", b.Connected}, {"menu", b.Menu}, {"welcome", b.Welcome}, {"course", b.Course}, {"card", b.Card}, {"push", b.Pushed}, {"funnel", b.Walked}}
	out.Body.Away, err = d.Operators.GuideAway(ctx, OperatorFrom(ctx).ID)
	return out, err
}

func (d *Door) putGuideAway(ctx context.Context, in *struct {
	Body struct {
		Away bool `json:"away"`
	}
}) (*guideOut, error) {
	if err := d.Operators.SetGuideAway(ctx, OperatorFrom(ctx), in.Body.Away); err != nil {
		return nil, err
	}
	return d.guide(ctx, nil)
}
