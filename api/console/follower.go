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

func (d *Door) registerFollower(api huma.API) {
	op := func(id, method, path, summary, tag string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: summary, Tags: []string{tag}, MaxBodyBytes: 16 << 10}
	}
	created := func(o huma.Operation) huma.Operation { o.DefaultStatus = http.StatusCreated; return o }
	verb(d, api, model.RightRead, op("listFollowers", "GET", "/followers", "Followers, the latest first", "followers"), d.listFollowers)
	verb(d, api, model.RightRead, op("follower", "GET", "/followers/{id}", "One follower and the history of follows", "followers"), d.follower)
	verb(d, api, model.RightRead, op("listSceneCodes", "GET", "/scene-codes", "QR codes with a scene", "scenes"), d.listSceneCodes)
	verb(d, api, model.RightEdit, created(op("createSceneCode", "POST", "/scene-codes", "Make a QR code with a scene", "scenes")), d.createSceneCode)
	verb(d, api, model.RightRead, op("listLinks", "GET", "/links", "Tracked links", "links"), d.listLinks)
	verb(d, api, model.RightEdit, created(op("createLink", "POST", "/links", "Make a tracked link", "links")), d.createLink)
}

type FollowerBody struct {
	ID             int64      `json:"id"`
	OpenID         string     `json:"openid" doc:"masked"`
	HasUnionID     bool       `json:"has_unionid" doc:"joined with the Mini Program's learner when both have it"`
	PersonID       int64      `json:"person_id"`
	Following      bool       `json:"following"`
	FollowedAt     *time.Time `json:"followed_at"`
	UnfollowedAt   *time.Time `json:"unfollowed_at"`
	SubscribeScene string     `json:"subscribe_scene"`
	CameFrom       string     `json:"came_from" doc:"subscribe_scene in words"`
	Scene          string     `json:"scene" doc:"QR code of the last follow"`
	Follows        int64      `json:"follows"`
}

func viewFollower(f model.Follower) FollowerBody {
	return FollowerBody{ID: f.ID, OpenID: f.OpenID.Masked(), HasUnionID: f.UnionID != "", PersonID: f.PersonID, Following: f.Subscribed, FollowedAt: f.SubscribedAt, UnfollowedAt: f.UnsubscribedAt,
		SubscribeScene: f.SubscribeScene, CameFrom: f.CameFrom(), Scene: f.Scene, Follows: f.Follows}
}

type followersOut struct {
	Body struct {
		Items         []FollowerBody `json:"items"`
		NextPageToken string         `json:"next_page_token"`
		Following     int64          `json:"following"`
		Known         int64          `json:"known"`
	}
}

func (d *Door) listFollowers(ctx context.Context, in *struct {
	PageIn
	Following string `query:"following" enum:"true,false," doc:"empty: both"`
}) (*followersOut, error) {
	var only *bool
	if in.Following != "" {
		v := in.Following == "true"
		only = &v
	}
	out, err := page(&in.PageIn, "followers"+in.Following, func(before int64, limit int) ([]FollowerBody, error) {
		all, err := d.Followers.List(ctx, only, before, limit)
		items := make([]FollowerBody, 0, len(all))
		for _, f := range all {
			items = append(items, viewFollower(f))
		}
		return items, err
	}, func(f FollowerBody) int64 { return f.ID }, func(p respond.Page[FollowerBody]) *followersOut {
		o := &followersOut{}
		o.Body.Items, o.Body.NextPageToken = p.Items, p.NextPageToken
		return o
	})
	if err != nil {
		return nil, err
	}
	out.Body.Following, out.Body.Known, err = d.Followers.Count(ctx)
	return out, err
}

type followerOut struct {
	Body struct {
		FollowerBody
		History []followerChange `json:"history"`
	}
}

type followerChange struct {
	Kind  string    `json:"kind" enum:"follow,unfollow"`
	Scene string    `json:"scene"`
	At    time.Time `json:"at"`
}

func (d *Door) follower(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"1"`
}) (*followerOut, error) {
	f, history, err := d.Followers.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &followerOut{}
	out.Body.FollowerBody = viewFollower(f)
	out.Body.History = make([]followerChange, 0, len(history))
	for _, h := range history {
		out.Body.History = append(out.Body.History, followerChange(h))
	}
	return out, nil
}

type sceneCodeBody struct {
	ID         int64      `json:"id"`
	Scene      string     `json:"scene"`
	Permanent  bool       `json:"permanent"`
	Channel    string     `json:"channel"`
	CampaignID int64      `json:"campaign_id"`
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
	b := sceneCodeBody{ID: c.ID, Scene: c.Scene, Permanent: c.Permanent, Channel: c.Channel, CampaignID: c.CampaignID, Ticket: c.Ticket, URL: c.URL, ExpiresAt: c.ExpiresAt, Scans: c.Scans, NewFans: c.NewFans, CreatedBy: c.By, CreatedAt: c.CreatedAt}
	if c.Ticket != "" {
		b.ImageURL = "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=" + url.QueryEscape(c.Ticket)
	}
	return b
}

type sceneCodesOut struct{ Body respond.Page[sceneCodeBody] }

type sceneCodeOut struct{ Body sceneCodeBody }

func (d *Door) listSceneCodes(ctx context.Context, in *PageIn) (*sceneCodesOut, error) {
	return page(in, "scene_codes", func(before int64, limit int) ([]sceneCodeBody, error) {
		all, err := d.Scenes.List(ctx, before, limit)
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
	}
}) (*sceneCodeOut, error) {
	b := in.Body
	c, err := d.Scenes.Create(ctx, OperatorFrom(ctx), model.SceneCode{Scene: b.Scene, Permanent: b.Permanent, Channel: b.Channel, CampaignID: b.CampaignID})
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
