package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
)

// registerFanBulk is what is done to all fans that a filter meets, in the background.
func (d *Door) registerFanBulk(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/followers" + path, Summary: summary, Tags: []string{"followers"}}
	}
	verb(d, api, model.RightRead, op("matchingFollowers", "GET", "/matching", "How many that follow now a filter meets"), d.matchingFollowers)
	verb(d, api, model.RightRead, op("followerBulks", "GET", "/bulks", "The latest bulks, how far each is and what it changed"), d.followerBulks)
	start := op("startFollowerBulk", "POST", "/bulks", "Give a tag to all a filter meets, or take it from them, or block or unblock them, in the background")
	start.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightEdit, start, d.startFollowerBulk)
	verb(d, api, model.RightEdit, op("stopFollowerBulk", "POST", "/bulks/{id}/stop", "End one where it is; what it did stays"), d.stopFollowerBulk)
	verb(d, api, model.RightEdit, op("resumeFollowerBulk", "POST", "/bulks/{id}/resume", "Go on with one that waits, was stopped or failed"), d.resumeFollowerBulk)
	undo := op("undoFollowerBulk", "POST", "/bulks/{id}/undo", "Take back what one did, from those alone whom it changed")
	undo.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightEdit, undo, d.undoFollowerBulk)
}

type followerBulkBody struct {
	ID        int64      `json:"id"`
	State     string     `json:"state" enum:"running,done,failed,stopped"`
	Blocks    bool       `json:"blocks" doc:"it is about the black list, not a tag"`
	On        bool       `json:"on" doc:"the tag is given, the fans are blocked; else taken, unblocked"`
	TagID     int64      `json:"tag_id" doc:"0 when it blocks"`
	Tag       string     `json:"tag"`
	Undoes    int64      `json:"undoes" doc:"the bulk it takes back; 0: none"`
	UndoneBy  int64      `json:"undone_by"`
	Total     int64      `json:"total" doc:"followers when it began"`
	Seen      int64      `json:"seen"`
	Changed   int64      `json:"changed" doc:"who had not been so before"`
	Skipped   int64      `json:"skipped" doc:"had 20 tags, or WeChat would not"`
	MayUndo   bool       `json:"may_undo"`
	ResumeAt  *time.Time `json:"resume_at" doc:"set while it waits"`
	LastError string     `json:"last_error"`
	By        string     `json:"by"`
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`
}

type followerBulkOut struct{ Body followerBulkBody }

type followerBulksOut struct {
	Body struct {
		Items []followerBulkBody `json:"items"`
	}
}

type matchingOut struct {
	Body struct {
		Followers int64 `json:"followers"`
	}
}

func (d *Door) matchingFollowers(ctx context.Context, in *FollowerFilter) (*matchingOut, error) {
	f, err := in.read()
	if err != nil {
		return nil, err
	}
	out := &matchingOut{}
	out.Body.Followers, err = d.Followers.Matching(ctx, f)
	return out, err
}

func (d *Door) followerBulks(ctx context.Context, _ *struct{}) (*followerBulksOut, error) {
	all, err := d.Followers.Bulks(ctx)
	if err != nil {
		return nil, err
	}
	out := &followerBulksOut{}
	out.Body.Items = make([]followerBulkBody, 0, len(all))
	for _, b := range all {
		out.Body.Items = append(out.Body.Items, followerBulkBody(b))
	}
	return out, nil
}

func (d *Door) startFollowerBulk(ctx context.Context, in *struct {
	FollowerFilter
	Body struct {
		Kind      string `json:"kind,omitempty" enum:"tag,block" doc:"tag when left out"`
		TagID     int64  `json:"tag_id,omitempty" minimum:"1" doc:"for a tag"`
		On        bool   `json:"on"`
		Followers int64  `json:"followers,omitempty" minimum:"0" doc:"for blocking: how many were confirmed; more are not blocked"`
	}
}) (*followerBulkOut, error) {
	f, err := in.read()
	if err != nil {
		return nil, err
	}
	var b model.FollowerBulk
	if in.Body.Kind == "block" {
		b, err = d.Followers.StartBlocking(ctx, OperatorFrom(ctx), f, in.Body.On, in.Body.Followers)
	} else {
		b, err = d.Followers.StartBulk(ctx, OperatorFrom(ctx), f, in.Body.TagID, in.Body.On)
	}
	if err != nil {
		return nil, err
	}
	return &followerBulkOut{followerBulkBody(b)}, nil
}

func (d *Door) stopFollowerBulk(ctx context.Context, in *FollowerID) (*struct{}, error) {
	return nil, d.Followers.StopBulk(ctx, OperatorFrom(ctx), in.ID)
}

func (d *Door) resumeFollowerBulk(ctx context.Context, in *FollowerID) (*struct{}, error) {
	return nil, d.Followers.GoOnBulk(ctx, OperatorFrom(ctx), in.ID)
}

func (d *Door) undoFollowerBulk(ctx context.Context, in *FollowerID) (*followerBulkOut, error) {
	b, err := d.Followers.UndoBulk(ctx, OperatorFrom(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &followerBulkOut{followerBulkBody(b)}, nil
}
