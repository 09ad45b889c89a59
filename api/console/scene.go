package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
)

func (d *Door) registerScene(api huma.API) {
	op := func(id, method, path, summary, tag string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: summary, Tags: []string{tag}, MaxBodyBytes: 16 << 10}
	}
	created := func(o huma.Operation) huma.Operation { o.DefaultStatus = http.StatusCreated; return o }
	verb(d, api, model.RightRead, op("listSceneCodes", "GET", "/scene-codes", "QR codes with a scene", "scenes"), d.listSceneCodes)
	verb(d, api, model.RightEdit, created(op("createSceneCode", "POST", "/scene-codes", "Make a QR code with a scene", "scenes")), d.createSceneCode)
	verb(d, api, model.RightRead, op("sceneCode", "GET", "/scene-codes/{id}", "One QR code", "scenes"), d.sceneCode)
	verb(d, api, model.RightRead, op("sceneLine", "GET", "/scene-codes/{id}/line", "What a QR code brought, by day", "scenes"), d.sceneLine)
	verb(d, api, model.RightEdit, op("changeSceneCode", "PUT", "/scene-codes/{id}", "Give a QR code another channel, campaign or tag, or put it out of use", "scenes"), d.changeSceneCode)
	d.registerSceneBatch(api)
	verb(d, api, model.RightRead, op("listLinks", "GET", "/links", "Tracked links", "links"), d.listLinks)
	verb(d, api, model.RightEdit, created(op("createLink", "POST", "/links", "Make a tracked link", "links")), d.createLink)
}

type sceneCodeBody struct {
	ID         int64      `json:"id"`
	Scene      string     `json:"scene"`
	Permanent  bool       `json:"permanent"`
	Channel    string     `json:"channel"`
	CampaignID int64      `json:"campaign_id"`
	TagID      int64      `json:"tag_id" doc:"put on whoever scans; 0: none"`
	BatchID    int64      `json:"batch_id" doc:"0: made alone"`
	DisabledAt *time.Time `json:"disabled_at" doc:"out of use: no tag, not renewed; scans count on"`
	Revision   int64      `json:"revision"`
	Ticket     string     `json:"ticket"`
	URL        string     `json:"url" doc:"what the code says"`
	ImageURL   string     `json:"image_url" doc:"WeChat's picture of it"`
	ExpiresAt  *time.Time `json:"expires_at"`
	Scans      int64      `json:"scans"`
	NewFans    int64      `json:"new_fans"`
	CreatedBy  string     `json:"created_by"`
	CreatedAt  time.Time  `json:"created_at"`
}

func viewSceneCode(c model.SceneCode) sceneCodeBody {
	b := sceneCodeBody{ID: c.ID, Scene: c.Scene, Permanent: c.Permanent, Channel: c.Channel, CampaignID: c.CampaignID, TagID: c.TagID, BatchID: c.BatchID, DisabledAt: c.DisabledAt, Revision: c.Revision,
		Ticket: c.Ticket, URL: c.URL, ExpiresAt: c.ExpiresAt, Scans: c.Scans, NewFans: c.NewFans, CreatedBy: c.By, CreatedAt: c.CreatedAt}
	if c.Ticket != "" {
		b.ImageURL = "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=" + url.QueryEscape(c.Ticket)
	}
	return b
}

type sceneCodesOut struct{ Body respond.Page[sceneCodeBody] }

type sceneCodeOut struct{ Body sceneCodeBody }

func (d *Door) listSceneCodes(ctx context.Context, in *struct {
	PageIn
	BatchID int64 `query:"batch_id" minimum:"1" maximum:"9007199254740991" doc:"only those made at once"`
}) (*sceneCodesOut, error) {
	return page(&in.PageIn, "scene_codes", func(before int64, limit int) ([]sceneCodeBody, error) {
		all, err := d.Scenes.List(ctx, in.BatchID, before, limit)
		out := make([]sceneCodeBody, 0, len(all))
		for _, c := range all {
			out = append(out, viewSceneCode(c))
		}
		return out, err
	}, func(c sceneCodeBody) int64 { return c.ID }, func(p respond.Page[sceneCodeBody]) *sceneCodesOut { return &sceneCodesOut{p} })
}

func (d *Door) createSceneCode(ctx context.Context, in *struct {
	Body struct {
		Scene      string `json:"scene" maxLength:"64"`
		Permanent  bool   `json:"permanent,omitempty"`
		Channel    string `json:"channel,omitempty" maxLength:"64"`
		CampaignID int64  `json:"campaign_id,omitempty" minimum:"1" maximum:"9007199254740991"`
		TagID      int64  `json:"tag_id,omitempty" minimum:"1" maximum:"9007199254740991"`
	}
}) (*sceneCodeOut, error) {
	b := in.Body
	c, err := d.Scenes.Create(ctx, OperatorFrom(ctx), model.SceneCode{Scene: b.Scene, Permanent: b.Permanent, Channel: b.Channel, CampaignID: b.CampaignID, TagID: b.TagID})
	if err != nil {
		return nil, err
	}
	return &sceneCodeOut{viewSceneCode(c)}, nil
}

func (d *Door) changeSceneCode(ctx context.Context, in *struct {
	SceneCodePath
	Body struct {
		Channel    string `json:"channel" maxLength:"64"`
		CampaignID int64  `json:"campaign_id" minimum:"0" maximum:"9007199254740991"`
		TagID      int64  `json:"tag_id" minimum:"0" maximum:"9007199254740991"`
		Disabled   bool   `json:"disabled"`
		Revision   int64  `json:"revision" minimum:"1" maximum:"9007199254740991" doc:"the one that was seen"`
	}
}) (*sceneCodeOut, error) {
	b := in.Body
	c, err := d.Scenes.Change(ctx, OperatorFrom(ctx), in.ID, model.SceneCode{Channel: b.Channel, CampaignID: b.CampaignID, TagID: b.TagID, Revision: b.Revision}, b.Disabled)
	if err != nil {
		return nil, err
	}
	return &sceneCodeOut{viewSceneCode(c)}, nil
}

type linkBody struct {
	ID         int64     `json:"id"`
	Code       string    `json:"code"`
	URL        string    `json:"url" doc:"the address to spread"`
	Target     string    `json:"target"`
	Channel    string    `json:"channel"`
	CampaignID int64     `json:"campaign_id"`
	ArticleID  int64     `json:"article_id"`
	Clicks     int64     `json:"clicks"`
	Robots     int64     `json:"robots" doc:"previews and crawlers, not in clicks"`
	CreatedBy  string    `json:"created_by"`
	CreatedAt  time.Time `json:"created_at"`
}

func (d *Door) viewLink(l model.Link) linkBody {
	return linkBody{ID: l.ID, Code: l.Code, URL: strings.TrimSuffix(d.PublicURL, "/") + "/r/" + l.Code, Target: l.Target, Channel: l.Channel, CampaignID: l.CampaignID, ArticleID: l.ArticleID, Clicks: l.Clicks, Robots: l.Robots, CreatedBy: l.By, CreatedAt: l.CreatedAt}
}

type linksOut struct{ Body respond.Page[linkBody] }

type linkOut struct{ Body linkBody }

func (d *Door) listLinks(ctx context.Context, in *PageIn) (*linksOut, error) {
	return page(in, "links", func(before int64, limit int) ([]linkBody, error) {
		all, err := d.Campaigns.Links(ctx, before, limit)
		out := make([]linkBody, 0, len(all))
		for _, l := range all {
			out = append(out, d.viewLink(l))
		}
		return out, err
	}, func(l linkBody) int64 { return l.ID }, func(p respond.Page[linkBody]) *linksOut { return &linksOut{p} })
}

func (d *Door) createLink(ctx context.Context, in *struct {
	Body struct {
		Target     string `json:"target" maxLength:"2048"`
		Channel    string `json:"channel,omitempty" maxLength:"64"`
		CampaignID int64  `json:"campaign_id,omitempty" minimum:"1" maximum:"9007199254740991"`
		ArticleID  int64  `json:"article_id,omitempty" minimum:"1" maximum:"9007199254740991"`
	}
}) (*linkOut, error) {
	b := in.Body
	l, err := d.Campaigns.CreateLink(ctx, OperatorFrom(ctx), model.Link{Target: b.Target, Channel: b.Channel, CampaignID: b.CampaignID, ArticleID: b.ArticleID})
	if err != nil {
		return nil, err
	}
	return &linkOut{d.viewLink(l)}, nil
}
