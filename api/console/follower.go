package console

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/api/respond"
	"loudou/model"
)

func (d *Door) registerFollower(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/followers" + path, Summary: summary, Tags: []string{"followers"}, MaxBodyBytes: 64 << 10}
	}
	verb(d, api, model.RightRead, op("listFollowers", "GET", "", "Followers, the latest first"), d.listFollowers)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "followersFile", Method: "GET", Path: "/console/v1/followers.csv", Summary: "The same as CSV, openids masked", Tags: []string{"followers"}}, d.followersFile)
	verb(d, api, model.RightRead, op("follower", "GET", "/{id}", "One follower and the history of follows"), d.follower)
	verb(d, api, model.RightRead, op("followerStory", "GET", "/{id}/story", "What a follower did and was told, in both apps, the latest first"), d.followerStory)
	d.registerFanDesk(api)
	d.registerFanBulk(api)
}

type tagBody struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Fans int64  `json:"fans" doc:"as WeChat last counted them"`
}

func viewTags(tags []model.Tag) []tagBody {
	out := make([]tagBody, 0, len(tags))
	for _, t := range tags {
		out = append(out, tagBody(t))
	}
	return out
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
	Remark         string     `json:"remark" doc:"ours, kept at WeChat; there are no nicknames any more"`
	Blocked        bool       `json:"blocked"`
	Tags           []tagBody  `json:"tags"`
}

func viewFollower(f model.Follower) FollowerBody {
	return FollowerBody{ID: f.ID, OpenID: f.OpenID.Masked(), HasUnionID: f.UnionID != "", PersonID: f.PersonID, Following: f.Subscribed, FollowedAt: f.SubscribedAt, UnfollowedAt: f.UnsubscribedAt,
		SubscribeScene: f.SubscribeScene, CameFrom: f.CameFrom(), Scene: f.Scene, Follows: f.Follows, Remark: f.Remark, Blocked: f.Blocked, Tags: viewTags(f.Tags)}
}

// FollowerFilter is exported because huma fills only exported embedded structs.
type FollowerFilter struct {
	Q         string `query:"q" maxLength:"100" doc:"a word of the remark, or the beginning of an openid"`
	Tag       int64  `query:"tag" minimum:"1" doc:"absent: any"`
	Following string `query:"following" enum:"true,false," doc:"empty: both"`
	Blocked   string `query:"blocked" enum:"true,false," doc:"empty: both"`
	Source    string `query:"source" maxLength:"64" doc:"subscribe_scene"`
	Scene     string `query:"scene" maxLength:"64" doc:"QR code of the last follow"`
	From      string `query:"from" format:"date" doc:"first day of the last follow, Asia/Shanghai"`
	To        string `query:"to" format:"date" doc:"last day, included"`
}

func (f FollowerFilter) read() (model.FollowerFilter, error) {
	out := model.FollowerFilter{Word: strings.TrimSpace(f.Q), TagID: f.Tag, Source: f.Source, Scene: f.Scene, Following: yesOrNo(f.Following), Blocked: yesOrNo(f.Blocked)}
	if f.Source != "" && !model.SubscribeSource(f.Source) {
		return out, model.Refuse(model.ErrInvalid, model.CodeInvalid, "没有这种来源").Field("source", "没有这种来源")
	}
	var err error
	out.From, out.To, err = days(f.From, f.To)
	return out, err
}

func yesOrNo(s string) *bool {
	if s == "" {
		return nil
	}
	v := s == "true"
	return &v
}

func (f FollowerFilter) scope() string {
	return strings.Join([]string{"followers", f.Q, strconv.FormatInt(f.Tag, 10), f.Following, f.Blocked, f.Source, f.Scene, f.From, f.To}, "\x00")
}

type followersOut struct {
	Body struct {
		Items         []FollowerBody `json:"items"`
		NextPageToken string         `json:"next_page_token"`
		Following     int64          `json:"following"`
		Known         int64          `json:"known"`
		Tags          []tagBody      `json:"tags" doc:"every tag of the account"`
	}
}

func (d *Door) listFollowers(ctx context.Context, in *struct {
	Paging
	FollowerFilter
}) (*followersOut, error) {
	f, err := in.read()
	if err != nil {
		return nil, err
	}
	before, err := respond.FromPageToken(in.scope(), in.PageToken)
	if err != nil {
		return nil, err
	}
	rows, err := d.Followers.List(ctx, f, before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	p := pageOf(rows, in.PageSize, in.scope(), func(f model.Follower) int64 { return f.ID }, viewFollower)
	out := &followersOut{}
	out.Body.Items, out.Body.NextPageToken = p.Items, p.NextPageToken
	if out.Body.Following, out.Body.Known, err = d.Followers.Count(ctx); err != nil {
		return nil, err
	}
	tags, err := d.Followers.Tags(ctx)
	out.Body.Tags = viewTags(tags)
	return out, err
}

func (d *Door) followersFile(_ context.Context, in *struct{ FollowerFilter }) (*huma.StreamResponse, error) {
	f, err := in.read()
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		before := int64(0)
		sendCSV(c, "followers.csv", []string{"编号", "openid（已遮盖）", "备注", "标签", "状态", "关注时间", "取关时间", "来源", "二维码", "关注次数", "有 unionid", "已拉黑"}, func() ([][]string, error) {
			page, err := d.Followers.List(c.Request.Context(), f, before, 500)
			if err != nil {
				return nil, err
			}
			rows := make([][]string, 0, len(page))
			for _, f := range page {
				before = f.ID
				names := make([]string, 0, len(f.Tags))
				for _, t := range f.Tags {
					names = append(names, t.Name)
				}
				state := "已取关"
				if f.Subscribed {
					state = "关注中"
				}
				rows = append(rows, []string{strconv.FormatInt(f.ID, 10), f.OpenID.Masked(), f.Remark, strings.Join(names, "、"), state, clockText(f.SubscribedAt), clockText(f.UnsubscribedAt),
					f.CameFrom(), f.Scene, strconv.FormatInt(f.Follows, 10), yes(f.UnionID != ""), yes(f.Blocked)})
			}
			return rows, nil
		})
	}}, nil
}

// clockText is a time as files show it: Beijing time, empty where there is none.
func clockText(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.In(model.Shanghai).Format(time.DateTime)
}

func yes(b bool) string {
	if b {
		return "是"
	}
	return ""
}

type followerOut struct {
	Body struct {
		FollowerBody
		Mini    bool             `json:"mini" doc:"was in the Mini Program, as far as the unionid tells"`
		Opens   int64            `json:"opens" doc:"of the Mini Program"`
		Orders  int64            `json:"orders" doc:"paid"`
		Net     model.Fen        `json:"net" doc:"fen paid less refunds"`
		History []followerChange `json:"history"`
	}
}

type followerChange struct {
	Kind  string    `json:"kind" enum:"follow,unfollow,gone"`
	Scene string    `json:"scene"`
	At    time.Time `json:"at"`
}

// FollowerID is exported because huma fills only exported embedded structs.
type FollowerID struct {
	ID int64 `path:"id" minimum:"1"`
}

func (d *Door) follower(ctx context.Context, in *FollowerID) (*followerOut, error) {
	f, history, err := d.Followers.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	sums, err := d.Figures.FanSums(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &followerOut{}
	out.Body.FollowerBody = viewFollower(f)
	out.Body.Mini, out.Body.Opens, out.Body.Orders, out.Body.Net = sums.Mini, sums.Opens, sums.Orders, sums.Net
	out.Body.History = make([]followerChange, 0, len(history))
	for _, h := range history {
		out.Body.History = append(out.Body.History, followerChange{h.Kind, h.Scene, h.At})
	}
	return out, nil
}

type storyLine struct {
	At    time.Time `json:"at"`
	Kind  string    `json:"kind" doc:"follow, unfollow, gone, tag, untag, remark, block, unblock; an event's type; push, reply, order, paid, refunded"`
	Text  string    `json:"text"`
	Ref   string    `json:"ref" doc:"an order's number; courses/1 or articles/1; of a message, the rule that answered"`
	State string    `json:"state"`
	By    string    `json:"by" doc:"the operator"`
	Fen   model.Fen `json:"fen"`
}

type storyOut struct{ Body respond.Page[storyLine] }

func (d *Door) followerStory(ctx context.Context, in *struct {
	FollowerID
	Paging
}) (*storyOut, error) {
	scope := "story" + strconv.FormatInt(in.ID, 10)
	at, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	var before *time.Time
	if at > 0 {
		t := time.UnixMilli(at).UTC()
		before = &t
	}
	f, _, err := d.Followers.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	lines, next, err := d.Figures.Fan(ctx, f, before, in.PageSize)
	if err != nil {
		return nil, err
	}
	items := make([]storyLine, 0, len(lines))
	for _, l := range lines {
		items = append(items, storyLine(l))
	}
	token := ""
	if next != nil {
		token = respond.PageToken(scope, next.UnixMilli())
	}
	return &storyOut{respond.NewPage(items, token)}, nil
}
