package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/campaign"
	"loudou/service/figure"
)

func (d *Door) registerCampaign(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: summary, Tags: []string{"campaigns"}, MaxBodyBytes: 16 << 10}
	}
	create := op("createCampaign", "POST", "/campaigns", "Make a campaign")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("campaigns", "GET", "/campaigns", "Campaigns, the newest first"), d.campaigns)
	verb(d, api, model.RightEdit, create, d.createCampaign)
	verb(d, api, model.RightRead, op("campaign", "GET", "/campaigns/{id}", "One campaign and what belongs to it"), d.campaign)
	verb(d, api, model.RightEdit, op("changeCampaign", "PUT", "/campaigns/{id}", "Change a campaign"), d.changeCampaign)
	verb(d, api, model.RightEdit, op("stopCampaign", "POST", "/campaigns/{id}/stop", "End a campaign before its last day, or go back on that"), d.stopCampaign)
	verb(d, api, model.RightEdit, op("attachToCampaign", "PUT", "/campaigns/{id}/items", "Put a thing into a campaign, or take it out"), d.attachToCampaign)
	verb(d, api, model.RightRead, op("campaignBoard", "GET", "/campaigns/{id}/board", "What a campaign brought"), d.campaignBoard)
	verb(d, api, model.RightRead, op("campaignPeople", "GET", "/campaigns/{id}/people", "The people behind a number of a campaign"), d.campaignPeople)
}

type campaignIn struct {
	Name    string     `json:"name" maxLength:"200"`
	Goal    string     `json:"goal,omitempty" enum:",new_followers,joined,buyers,orders,net"`
	Target  int64      `json:"target,omitempty" doc:"people or orders; fen for net"`
	From    string     `json:"from" maxLength:"10" doc:"first day, 2026-01-31"`
	To      string     `json:"to" maxLength:"10" doc:"last day, included"`
	Cost    *model.Fen `json:"cost,omitempty" doc:"fen; absent: not known, which is not 0"`
	Note    string     `json:"note,omitempty" maxLength:"2000"`
	Version int64      `json:"version,omitempty" doc:"the one that was changed"`
}

func (b campaignIn) input() (campaign.Input, error) {
	in := campaign.Input{Name: b.Name, Goal: b.Goal, Note: b.Note, Target: b.Target, Cost: b.Cost, Version: b.Version}
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项")
	for name, x := range map[string]struct {
		text string
		day  *int
	}{"from": {b.From, &in.FirstDay}, "to": {b.To, &in.LastDay}} {
		at, err := model.ParseDay(x.text)
		if err != nil || at.Year() < 2011 || at.Year() > 2100 {
			bad.Field(name, "应为 2026-01-31 的写法")
			continue
		}
		*x.day = model.DayNumber(at)
	}
	if len(bad.Fields) > 0 {
		return in, bad
	}
	return in, nil
}

type campaignBody struct {
	ID        int64               `json:"id"`
	Name      string              `json:"name"`
	Goal      string              `json:"goal"`
	Target    int64               `json:"target"`
	From      string              `json:"from"`
	To        string              `json:"to"`
	Cost      *model.Fen          `json:"cost"`
	Note      string              `json:"note"`
	State     model.CampaignState `json:"state" enum:"planned,running,over,stopped"`
	StoppedAt *time.Time          `json:"stopped_at"`
	StoppedBy string              `json:"stopped_by"`
	Version   int64               `json:"version"`
	CreatedBy string              `json:"created_by"`
	UpdatedBy string              `json:"updated_by"`
	UpdatedAt time.Time           `json:"updated_at"`
}

func (d *Door) viewCampaign(c model.Campaign) campaignBody {
	return campaignBody{c.ID, c.Name, c.Goal, c.Target, model.DayName(c.FirstDay), model.DayName(c.LastDay), c.Cost, c.Note, c.State(d.Campaigns.Now()), c.StoppedAt, c.StoppedBy, c.Version, c.CreatedBy, c.UpdatedBy, c.UpdatedAt.UTC()}
}

type campaignOut struct{ Body campaignBody }

type campaignsOut struct{ Body respond.Page[campaignBody] }

func (d *Door) campaigns(ctx context.Context, in *PageIn) (*campaignsOut, error) {
	return page(in, "campaigns", func(before int64, limit int) ([]campaignBody, error) {
		all, err := d.Campaigns.List(ctx, before, limit)
		out := make([]campaignBody, 0, len(all))
		for _, c := range all {
			out = append(out, d.viewCampaign(c))
		}
		return out, err
	}, func(c campaignBody) int64 { return c.ID }, func(p respond.Page[campaignBody]) *campaignsOut { return &campaignsOut{p} })
}

func (d *Door) createCampaign(ctx context.Context, in *struct{ Body campaignIn }) (*campaignOut, error) {
	x, err := in.Body.input()
	if err != nil {
		return nil, err
	}
	c, err := d.Campaigns.Create(ctx, OperatorFrom(ctx), x)
	if err != nil {
		return nil, err
	}
	return &campaignOut{d.viewCampaign(c)}, nil
}

// CampaignPath names a campaign.
type CampaignPath struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

type campaignItemBody struct {
	Kind model.CampaignKind `json:"kind" enum:"article,course,coupon,rule"`
	Ref  int64              `json:"ref" doc:"its number"`
}

type campaignWholeOut struct {
	Body struct {
		Campaign campaignBody       `json:"campaign"`
		Items    []campaignItemBody `json:"items"`
		Codes    []sceneCodeBody    `json:"codes" doc:"the newest that carry its number"`
		Links    []linkBody         `json:"links" doc:"the newest that carry its number"`
	}
}

func (d *Door) campaign(ctx context.Context, in *CampaignPath) (*campaignWholeOut, error) {
	c, err := d.Campaigns.One(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &campaignWholeOut{}
	b := &out.Body
	b.Campaign, b.Items, b.Codes, b.Links = d.viewCampaign(c), []campaignItemBody{}, []sceneCodeBody{}, []linkBody{}
	items, err := d.Campaigns.Items(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		b.Items = append(b.Items, campaignItemBody{i.Kind, i.Ref})
	}
	codes, err := d.Scenes.OfCampaign(ctx, in.ID, 200)
	if err != nil {
		return nil, err
	}
	for _, x := range codes {
		b.Codes = append(b.Codes, viewSceneCode(x))
	}
	links, err := d.Campaigns.LinksOf(ctx, in.ID, 200)
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		b.Links = append(b.Links, d.viewLink(l))
	}
	return out, nil
}

func (d *Door) changeCampaign(ctx context.Context, in *struct {
	CampaignPath
	Body campaignIn
}) (*campaignOut, error) {
	x, err := in.Body.input()
	if err != nil {
		return nil, err
	}
	c, err := d.Campaigns.Change(ctx, OperatorFrom(ctx), in.ID, x)
	if err != nil {
		return nil, err
	}
	return &campaignOut{d.viewCampaign(c)}, nil
}

func (d *Door) stopCampaign(ctx context.Context, in *struct {
	CampaignPath
	Body struct {
		On      bool  `json:"on" doc:"false: go back on it"`
		Version int64 `json:"version" minimum:"1"`
	}
}) (*campaignOut, error) {
	c, err := d.Campaigns.Stop(ctx, OperatorFrom(ctx), in.ID, in.Body.Version, in.Body.On)
	if err != nil {
		return nil, err
	}
	return &campaignOut{d.viewCampaign(c)}, nil
}

func (d *Door) attachToCampaign(ctx context.Context, in *struct {
	CampaignPath
	Body struct {
		Kind model.CampaignKind `json:"kind" enum:"article,course,coupon,rule"`
		Ref  int64              `json:"ref" doc:"its number" minimum:"1" maximum:"9007199254740991"`
		On   bool               `json:"on" doc:"false: take it out"`
	}
}) (*struct{}, error) {
	return nil, d.Campaigns.Attach(ctx, OperatorFrom(ctx), in.ID, in.Body.Kind, in.Body.Ref, in.Body.On)
}

type campaignBoardOut struct{ Body figure.CampaignBoard }

func (d *Door) campaignBoard(ctx context.Context, in *CampaignPath) (*campaignBoardOut, error) {
	c, err := d.Campaigns.One(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b, err := d.Figures.Campaign(ctx, c)
	if err != nil {
		return nil, err
	}
	return &campaignBoardOut{b}, nil
}

func (d *Door) campaignPeople(ctx context.Context, in *struct {
	CampaignPath
	Part figure.CampaignPart `query:"part" required:"true" enum:"scanned,seen,joined,done,visitors,new_followers,buyers"`
	PeoplePage
}) (*entrantsOut, error) {
	c, err := d.Campaigns.One(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return in.people("campaign people", func(after int64, limit int) ([]figure.Entrant, bool, error) {
		return d.Figures.CampaignPeople(ctx, c, in.Part, after, limit)
	})
}
