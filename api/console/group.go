package console

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/group"
)

func (d *Door) registerGroup(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/groups" + path, Summary: summary, Tags: []string{"groups"}, MaxBodyBytes: 16 << 10}
	}
	create := op("createGroup", "POST", "", "Make a chat group's address")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("groups", "GET", "", "Chat groups, the newest first"), d.groups)
	verb(d, api, model.RightEdit, create, d.createGroup)
	verb(d, api, model.RightRead, op("group", "GET", "/{id}", "One chat group: its pictures and from where people came"), d.group)
	verb(d, api, model.RightEdit, op("changeGroup", "PUT", "/{id}", "Change a chat group, its notes, or close it"), d.changeGroup)
	verb(d, api, model.RightEdit, op("addGroupCode", "POST", "/{id}/codes", "Put another picture behind those there are"), d.addGroupCode)
	verb(d, api, model.RightEdit, op("markGroupCode", "PUT", "/{id}/codes/{code_id}", "Say that a picture is full, withdrawn, or open after all"), d.markGroupCode)
}

type groupIn struct {
	Name       string `json:"name" maxLength:"200" doc:"whoever opens the address reads it"`
	Note       string `json:"note,omitempty" maxLength:"4000" doc:"for the operators"`
	CampaignID int64  `json:"campaign_id,omitempty" minimum:"0" maximum:"9007199254740991" doc:"0: none"`
	Closed     bool   `json:"closed,omitempty" doc:"nobody is shown a code"`
	Version    int64  `json:"version,omitempty" doc:"the one that was changed"`
}

func (b groupIn) input() group.Input {
	return group.Input{Name: b.Name, Note: b.Note, CampaignID: b.CampaignID, Closed: b.Closed, Version: b.Version}
}

type groupCodeBody struct {
	ID        int64      `json:"id"`
	Picture   string     `json:"picture"`
	Most      int        `json:"most" doc:"people it is shown to"`
	Shown     int        `json:"shown"`
	EndsAt    *time.Time `json:"ends_at"`
	State     string     `json:"state" enum:"live,next,full,ended,withdrawn" doc:"live: shown now; next: when those before are full"`
	Marked    bool       `json:"marked" doc:"full or withdrawn by hand"`
	CreatedBy string     `json:"created_by"`
	CreatedAt time.Time  `json:"created_at"`
}

type groupBody struct {
	ID         int64           `json:"id"`
	Name       string          `json:"name"`
	URL        string          `json:"url" doc:"to be given to people; ?c= names the channel"`
	Note       string          `json:"note"`
	CampaignID int64           `json:"campaign_id"`
	Closed     bool            `json:"closed"`
	Short      string          `json:"short" doc:"why another picture is needed; empty: none is"`
	Seen       int64           `json:"seen" doc:"browsers that were shown a picture"`
	Said       int64           `json:"said" doc:"of them, those who said they joined"`
	Codes      []groupCodeBody `json:"codes"`
	Version    int64           `json:"version"`
	UpdatedBy  string          `json:"updated_by"`
	UpdatedAt  time.Time       `json:"updated_at"`
}

func (d *Door) viewGroup(g group.Whole) groupBody {
	out := groupBody{g.ID, g.Name, strings.TrimSuffix(d.PublicURL, "/") + "/g/" + g.Code, g.Note, g.CampaignID, g.Closed, g.Short, g.Seen, g.Said, []groupCodeBody{}, g.Version, g.UpdatedBy, g.UpdatedAt.UTC()}
	now, live := d.Groups.Now(), false
	for i := range g.Codes {
		c := &g.Codes[i]
		state := "next"
		switch {
		case c.State == model.FanGroupWithdrawn:
			state = "withdrawn"
		case c.State == model.FanGroupFull || c.Shown >= c.Most:
			state = "full"
		case !c.Holds(now):
			state = "ended"
		case !live && !g.Closed:
			state, live = "live", true
		}
		out.Codes = append(out.Codes, groupCodeBody{c.ID, c.Picture, c.Most, c.Shown, c.EndsAt, state, c.State != model.FanGroupOpen, c.CreatedBy, c.CreatedAt.UTC()})
	}
	return out
}

type (
	groupOut  struct{ Body groupBody }
	groupsOut struct{ Body respond.Page[groupBody] }
)

func (d *Door) groups(ctx context.Context, in *PageIn) (*groupsOut, error) {
	return page(in, "groups", func(before int64, limit int) ([]groupBody, error) {
		all, err := d.Groups.List(ctx, before, limit)
		out := make([]groupBody, 0, len(all))
		for _, g := range all {
			out = append(out, d.viewGroup(g))
		}
		return out, err
	}, func(g groupBody) int64 { return g.ID }, func(p respond.Page[groupBody]) *groupsOut { return &groupsOut{p} })
}

func (d *Door) createGroup(ctx context.Context, in *struct{ Body groupIn }) (*groupOut, error) {
	g, err := d.Groups.Save(ctx, OperatorFrom(ctx), 0, in.Body.input())
	if err != nil {
		return nil, err
	}
	return &groupOut{d.viewGroup(g)}, nil
}

// GroupPath names a chat group.
type GroupPath struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

type groupChannelBody struct {
	Channel string `json:"channel" doc:"empty: the address alone"`
	Seen    int64  `json:"seen"`
	Said    int64  `json:"said"`
}

type groupWholeOut struct {
	Body struct {
		Group    groupBody          `json:"group"`
		Channels []groupChannelBody `json:"channels" doc:"the most first"`
	}
}

func (d *Door) group(ctx context.Context, in *GroupPath) (*groupWholeOut, error) {
	g, err := d.Groups.One(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	channels, err := d.Groups.Channels(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &groupWholeOut{}
	out.Body.Group, out.Body.Channels = d.viewGroup(g), make([]groupChannelBody, 0, len(channels))
	for _, c := range channels {
		out.Body.Channels = append(out.Body.Channels, groupChannelBody(c))
	}
	return out, nil
}

func (d *Door) changeGroup(ctx context.Context, in *struct {
	GroupPath
	Body groupIn
}) (*groupOut, error) {
	g, err := d.Groups.Save(ctx, OperatorFrom(ctx), in.ID, in.Body.input())
	if err != nil {
		return nil, err
	}
	return &groupOut{d.viewGroup(g)}, nil
}

func (d *Door) addGroupCode(ctx context.Context, in *struct {
	GroupPath
	Body struct {
		Picture string     `json:"picture" maxLength:"64" doc:"address of an uploaded picture"`
		Most    int        `json:"most" doc:"people it is shown to, 1 to 500"`
		EndsAt  *time.Time `json:"ends_at,omitempty" doc:"group codes hold for seven days; absent: for ever"`
	}
}) (*groupOut, error) {
	b := in.Body
	g, err := d.Groups.AddCode(ctx, OperatorFrom(ctx), in.ID, model.FanGroupCode{Picture: b.Picture, Most: b.Most, EndsAt: b.EndsAt})
	if err != nil {
		return nil, err
	}
	return &groupOut{d.viewGroup(g)}, nil
}

func (d *Door) markGroupCode(ctx context.Context, in *struct {
	GroupPath
	CodeID int64 `path:"code_id" minimum:"1" maximum:"9007199254740991"`
	Body   struct {
		State model.FanGroupCodeState `json:"state" enum:"open,full,withdrawn"`
	}
}) (*groupOut, error) {
	g, err := d.Groups.MarkCode(ctx, OperatorFrom(ctx), in.ID, in.CodeID, in.Body.State)
	if err != nil {
		return nil, err
	}
	return &groupOut{d.viewGroup(g)}, nil
}
