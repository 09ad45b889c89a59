package console

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/model"
)

// registerFanDesk is what an operator does for fans: answers, tags, remarks, the black list.
func (d *Door) registerFanDesk(api huma.API) {
	op := func(id, method, path, summary, tag string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: summary, Tags: []string{tag}, MaxBodyBytes: 64 << 10}
	}
	created := func(o huma.Operation) huma.Operation { o.DefaultStatus = http.StatusCreated; return o }
	verb(d, api, model.RightRead, op("followerQuota", "GET", "/followers/{id}/quota", "The windows in which this follower may be written to now, and what of each is used", "followers"), d.followerQuota)
	verb(d, api, model.RightEdit, op("sayToFollower", "POST", "/followers/{id}/messages", "Send a customer-service message, once for a key", "followers"), d.sayToFollower)
	verb(d, api, model.RightEdit, op("remarkFollower", "PUT", "/followers/{id}/remark", "Name a follower, for us alone", "followers"), d.remarkFollower)
	verb(d, api, model.RightEdit, op("tagFollowers", "POST", "/followers/tagging", "Give a tag to followers, or take it from them", "followers"), d.tagFollowers)
	verb(d, api, model.RightEdit, op("blockFollowers", "POST", "/followers/blocking", "Put followers on the black list, or take them off", "followers"), d.blockFollowers)
	verb(d, api, model.RightOwn, op("exportFollower", "GET", "/followers/{id}/export", "Everything we know of the human behind a follower, as a JSON file; who asked is written down", "followers"), d.exportFollower)
	verb(d, api, model.RightOwn, op("eraseFollower", "POST", "/followers/{id}/erase", "Forget the human behind a follower everywhere, on their request; sums stay", "followers"), d.eraseFollower)
	verb(d, api, model.RightRead, op("followerSync", "GET", "/followers/sync", "The latest walk through all followers at WeChat", "followers"), d.followerSync)
	verb(d, api, model.RightEdit, op("startFollowerSync", "POST", "/followers/sync", "Walk through all followers, or go on at once with a walk that waits", "followers"), d.startFollowerSync)
	verb(d, api, model.RightEdit, op("stopFollowerSync", "POST", "/followers/sync/stop", "End the walk; what it found stays", "followers"), d.stopFollowerSync)
	verb(d, api, model.RightRead, op("listTags", "GET", "/tags", "The account's tags", "tags"), d.listTags)
	verb(d, api, model.RightEdit, op("refreshTags", "POST", "/tags/refresh", "Read the tags from WeChat again", "tags"), d.refreshTags)
	verb(d, api, model.RightEdit, created(op("createTag", "POST", "/tags", "Make a tag at WeChat", "tags")), d.createTag)
	verb(d, api, model.RightEdit, op("renameTag", "PUT", "/tags/{id}", "Give a tag another name", "tags"), d.renameTag)
	verb(d, api, model.RightEdit, op("deleteTag", "DELETE", "/tags/{id}", "Take a tag away, from every follower too", "tags"), d.deleteTag)
}

type quotaOut struct {
	Body struct {
		Windows []model.Window `json:"windows" doc:"open now; the one that ends first is spent first"`
		Left    int            `json:"left" doc:"messages that may be sent now"`
		Why     string         `json:"why" doc:"why none may be sent; empty when some may"`
	}
}

func (d *Door) followerQuota(ctx context.Context, in *FollowerID) (*quotaOut, error) {
	f, _, err := d.Followers.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &quotaOut{}
	b := &out.Body
	b.Windows, b.Left, b.Why, err = d.mayWriteTo(ctx, f)
	return out, err
}

// mayWriteTo tells how many customer-service messages WeChat lets us send to a fan now, in which windows, and, where
// there is none, why not.
func (d *Door) mayWriteTo(ctx context.Context, f model.Follower) (windows []model.Window, left int, why string, err error) {
	if windows, err = d.Replies.Quota(ctx, f.OpenID); err != nil {
		return nil, 0, "", err
	}
	for _, w := range windows {
		left += max(0, w.Total-w.Used)
	}
	switch {
	case !f.Subscribed:
		why, left = "已取关，微信不让发", 0
	case len(windows) == 0:
		why = "现在不能发：48 小时内没有说过话，也没有刚刚点菜单、关注或扫码"
	case left == 0:
		why = "额度用完了，要等对方再说话、点菜单或扫码"
	}
	return windows, left, why, nil
}

type saidOut struct{ Body sendBody }

func (d *Door) sayToFollower(ctx context.Context, in *struct {
	FollowerID
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"64" doc:"made by the client for this message; the same key again is the same message"`
	Body struct {
		Message model.Message `json:"message"`
	}
}) (*saidOut, error) {
	f, _, err := d.Followers.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !f.Subscribed {
		return nil, model.Refuse(model.ErrConflict, model.CodeConflict, "没有发：已取关，微信不让发")
	}
	sent, err := d.Replies.Say(ctx, OperatorFrom(ctx), f, in.Key, in.Body.Message)
	if err != nil {
		return nil, err
	}
	return &saidOut{viewSend(sent)}, nil
}

func (d *Door) remarkFollower(ctx context.Context, in *struct {
	FollowerID
	Body struct {
		Remark string `json:"remark" maxLength:"100"`
	}
}) (*followerOut, error) {
	if err := d.Followers.SetRemark(ctx, OperatorFrom(ctx), in.ID, in.Body.Remark); err != nil {
		return nil, err
	}
	return d.follower(ctx, &FollowerID{in.ID})
}

type doneOut struct {
	Body struct {
		Changed int `json:"changed" doc:"followers who were not so before"`
	}
}

func (d *Door) tagFollowers(ctx context.Context, in *struct {
	Body struct {
		IDs   []int64 `json:"ids" minItems:"1" maxItems:"1000"`
		TagID int64   `json:"tag_id" minimum:"0"`
		On    bool    `json:"on"`
	}
}) (*doneOut, error) {
	out, err := &doneOut{}, error(nil)
	out.Body.Changed, err = d.Followers.TagFollowers(ctx, OperatorFrom(ctx), in.Body.TagID, in.Body.IDs, in.Body.On)
	return out, err
}

func (d *Door) blockFollowers(ctx context.Context, in *struct {
	Body struct {
		IDs []int64 `json:"ids" minItems:"1" maxItems:"1000"`
		On  bool    `json:"on"`
	}
}) (*doneOut, error) {
	out, err := &doneOut{}, error(nil)
	out.Body.Changed, err = d.Followers.BlockFollowers(ctx, OperatorFrom(ctx), in.Body.IDs, in.Body.On)
	return out, err
}

type tagsOut struct {
	Body struct {
		Items []tagBody `json:"items"`
	}
}

type tagOut struct{ Body tagBody }

type tagNameIn struct {
	Name string `json:"name" minLength:"1" maxLength:"60"`
}

func (d *Door) listTags(ctx context.Context, _ *struct{}) (*tagsOut, error) {
	tags, err := d.Followers.Tags(ctx)
	if err != nil {
		return nil, err
	}
	out := &tagsOut{}
	out.Body.Items = viewTags(tags)
	return out, nil
}

func (d *Door) refreshTags(ctx context.Context, in *struct{}) (*tagsOut, error) {
	if err := d.Followers.RefreshTags(ctx); err != nil {
		return nil, err
	}
	return d.listTags(ctx, in)
}

func (d *Door) createTag(ctx context.Context, in *struct{ Body tagNameIn }) (*tagOut, error) {
	t, err := d.Followers.CreateTag(ctx, OperatorFrom(ctx), in.Body.Name)
	if err != nil {
		return nil, err
	}
	return &tagOut{tagBody(t)}, nil
}

func (d *Door) renameTag(ctx context.Context, in *struct {
	ID   int64 `path:"id" minimum:"0"`
	Body tagNameIn
}) (*tagsOut, error) {
	if err := d.Followers.RenameTag(ctx, OperatorFrom(ctx), in.ID, in.Body.Name); err != nil {
		return nil, err
	}
	return d.listTags(ctx, &struct{}{})
}

func (d *Door) deleteTag(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"0"`
}) (*struct{}, error) {
	return nil, d.Followers.DeleteTag(ctx, OperatorFrom(ctx), in.ID)
}

type syncBody struct {
	ID         int64      `json:"id" doc:"0: there was none yet"`
	State      string     `json:"state" enum:"running,done,failed,stopped,"`
	Phase      string     `json:"phase" enum:"pages,gone,blocked,"`
	Total      int64      `json:"total" doc:"as WeChat says; 0 until the first page is through"`
	Seen       int64      `json:"seen"`
	Fresh      int64      `json:"fresh" doc:"followed at WeChat and not here"`
	Unchanged  int64      `json:"unchanged"`
	Gone       int64      `json:"gone" doc:"followed here and no longer at WeChat"`
	Unreadable int64      `json:"unreadable" doc:"among those seen: WeChat's words about them could not be read"`
	ResumeAt   *time.Time `json:"resume_at" doc:"set while it waits"`
	LastError  string     `json:"last_error"`
	By         string     `json:"by"`
	StartedAt  *time.Time `json:"started_at"`
	EndedAt    *time.Time `json:"ended_at"`
}

type syncOut struct{ Body syncBody }

func viewSync(s model.FollowerSync) *syncOut {
	b := syncBody{ID: s.ID, State: s.State, Phase: s.Phase, Total: s.Total, Seen: s.Seen, Fresh: s.Fresh, Unchanged: s.Unchanged, Gone: s.Gone, Unreadable: s.Unreadable,
		ResumeAt: s.ResumeAt, LastError: s.LastError, By: s.By, EndedAt: s.EndedAt}
	if s.ID > 0 {
		b.StartedAt = &s.StartedAt
	}
	return &syncOut{b}
}

func (d *Door) followerSync(ctx context.Context, _ *struct{}) (*syncOut, error) {
	s, err := d.Followers.LastSync(ctx)
	return viewSync(s), err
}

func (d *Door) startFollowerSync(ctx context.Context, _ *struct{}) (*syncOut, error) {
	s, err := d.Followers.StartSync(ctx, OperatorFrom(ctx))
	return viewSync(s), err
}

func (d *Door) stopFollowerSync(ctx context.Context, _ *struct{}) (*syncOut, error) {
	if err := d.Followers.StopSync(ctx, OperatorFrom(ctx)); err != nil {
		return nil, err
	}
	return d.followerSync(ctx, nil)
}

func (d *Door) exportFollower(ctx context.Context, in *FollowerID) (*huma.StreamResponse, error) {
	var file bytes.Buffer // whole before the status is said
	if err := d.Privacy.Export(ctx, OperatorFrom(ctx), in.ID, &file); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		c.Header("Content-Disposition", `attachment; filename="follower-`+strconv.FormatInt(in.ID, 10)+`.json"`)
		c.Data(http.StatusOK, "application/json; charset=utf-8", file.Bytes())
	}}, nil
}

func (d *Door) eraseFollower(ctx context.Context, in *struct {
	FollowerID
	Body struct {
		Reason string `json:"reason" maxLength:"800" doc:"who asked for it, and when"`
	}
}) (*struct{}, error) {
	return nil, d.Privacy.Erase(ctx, OperatorFrom(ctx), in.ID, in.Body.Reason)
}
