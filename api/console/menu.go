package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/menu"
)

func (d *Door) registerMenu(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/menu" + path, Summary: summary, Tags: []string{"menu"}, MaxBodyBytes: 256 << 10}
	}
	verb(d, api, model.RightRead, op("menuDraft", "GET", "/draft", "The menu on the desk"), d.menuDraft)
	verb(d, api, model.RightEdit, op("saveMenuDraft", "PUT", "/draft", "Save the draft, finished or not"), d.saveMenuDraft)
	verb(d, api, model.RightEdit, op("publishMenu", "POST", "/publish", "Check the draft and put it live"), d.publishMenu)
	verb(d, api, model.RightRead, op("menuVersions", "GET", "/versions", "Published versions, newest first"), d.menuVersions)
	verb(d, api, model.RightRead, op("compareMenus", "POST", "/compare", "How one menu differs from another, in words"), d.compareMenus)
	verb(d, api, model.RightRead, op("liveMenu", "GET", "/live", "What is live at WeChat, as a draft would be, and how it differs"), d.liveMenu)
	verb(d, api, model.RightRead, op("seeMenu", "POST", "/see", "Which menu one fan sees"), d.seeMenu)
	verb(d, api, model.RightRead, op("menuArticles", "GET", "/articles", "Published articles that a button may open, the latest first"), d.menuArticles)
	verb(d, api, model.RightRead, op("menuTaps", "GET", "/taps", "How often fans tapped what sends a key, by version"), d.menuTaps)
	verb(d, api, model.RightRead, op("menuPlans", "GET", "/plans", "What will be published at a time, and what failed to"), d.menuPlans)
	plan := op("planMenu", "POST", "/plans", "Publish the draft as it stands at a time")
	plan.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightEdit, plan, d.planMenu)
	verb(d, api, model.RightEdit, op("replanMenu", "PUT", "/plans/{id}", "Change a plan's time, note or menu"), d.replanMenu)
	verb(d, api, model.RightEdit, op("unplanMenu", "DELETE", "/plans/{id}", "Take a plan back"), d.unplanMenu)
	verb(d, api, model.RightEdit, op("restoreMenu", "POST", "/versions/{n}/restore", "Put version n live again"), d.restoreMenu)
}

type menuDraftOut struct {
	Body struct {
		Buttons     []model.MenuButton      `json:"buttons"`
		Conditional []model.ConditionalMenu `json:"conditional"`
		Revision    int64                   `json:"revision" doc:"send it back on saving to be told when somebody was faster"`
		UpdatedBy   string                  `json:"updated_by"`
		UpdatedAt   *time.Time              `json:"updated_at"`
		Version     int64                   `json:"version" doc:"live version; 0: none of ours"`
		Faults      []string                `json:"faults" doc:"what publishing would refuse"`
		Changes     []string                `json:"changes" doc:"against what is live"`
		Warnings    []menu.Warning          `json:"warnings" doc:"what WeChat takes but fans cannot use"`
		Fallback    string                  `json:"fallback" doc:"the web page of ours for a WeChat too old for it"`
	}
}

func (d *Door) viewMenuDraft(m menu.Draft) *menuDraftOut {
	out := &menuDraftOut{}
	b := &out.Body
	b.Buttons, b.Conditional, b.Revision, b.UpdatedBy, b.UpdatedAt, b.Version, b.Faults, b.Changes = m.Buttons, m.Conditional, m.Revision, m.By, m.UpdatedAt, m.Live, m.Faults, m.Changes
	if b.Faults == nil {
		b.Faults = []string{}
	}
	b.Fallback = d.PublicURL
	if b.Warnings = m.Warnings; b.Warnings == nil {
		b.Warnings = []menu.Warning{}
	}
	return out
}

func (d *Door) menuDraft(ctx context.Context, _ *struct{}) (*menuDraftOut, error) {
	m, err := d.Menus.Draft(ctx)
	if err != nil {
		return nil, err
	}
	return d.viewMenuDraft(m), nil
}

func (d *Door) saveMenuDraft(ctx context.Context, in *struct {
	Body struct {
		Buttons     []model.MenuButton      `json:"buttons" maxItems:"20"`
		Conditional []model.ConditionalMenu `json:"conditional,omitempty" maxItems:"20"`
		Revision    *int64                  `json:"revision,omitempty"`
	}
}) (*menuDraftOut, error) {
	m, err := d.Menus.Save(ctx, OperatorFrom(ctx), in.Body.Revision, model.Menu{Buttons: in.Body.Buttons, Conditional: in.Body.Conditional})
	if err != nil {
		return nil, err
	}
	return d.viewMenuDraft(m), nil
}

type menuVersionBody struct {
	VersionBody
	Buttons     []model.MenuButton      `json:"buttons"`
	Conditional []model.ConditionalMenu `json:"conditional"`
}

type menuVersionOut struct{ Body menuVersionBody }

type menuVersionsOut struct{ Body respond.Page[menuVersionBody] }

func viewMenuVersion(v menu.Version) menuVersionBody {
	b := menuVersionBody{VersionBody{Version: v.Version, Note: v.Note, RestoredFrom: v.RestoredFrom, Diff: v.Diff, By: v.By, At: v.At, Live: v.Live}, v.Buttons, v.Conditional}
	if b.Diff == nil {
		b.Diff = []string{}
	}
	return b
}

func (d *Door) publishMenu(ctx context.Context, in *struct {
	Body struct {
		Note     string `json:"note,omitempty" maxLength:"1000"`
		Revision *int64 `json:"revision,omitempty" doc:"of the draft that was looked at; another one is not published"`
	}
}) (*menuVersionOut, error) {
	v, err := d.Menus.Publish(ctx, OperatorFrom(ctx), in.Body.Note, in.Body.Revision)
	if err != nil {
		return nil, err
	}
	return &menuVersionOut{viewMenuVersion(v)}, nil
}

func (d *Door) restoreMenu(ctx context.Context, in *struct {
	N int64 `path:"n" minimum:"1"`
	NoteIn
}) (*menuVersionOut, error) {
	v, err := d.Menus.Restore(ctx, OperatorFrom(ctx), in.N, in.Body.Note)
	if err != nil {
		return nil, err
	}
	return &menuVersionOut{viewMenuVersion(v)}, nil
}

func (d *Door) menuVersions(ctx context.Context, in *PageIn) (*menuVersionsOut, error) {
	return page(in, "menu_versions", func(before int64, limit int) ([]menuVersionBody, error) {
		all, err := d.Menus.Versions(ctx, before, limit)
		out := make([]menuVersionBody, 0, len(all))
		for _, v := range all {
			out = append(out, viewMenuVersion(v))
		}
		return out, err
	}, func(v menuVersionBody) int64 { return v.Version }, func(p respond.Page[menuVersionBody]) *menuVersionsOut { return &menuVersionsOut{p} })
}
