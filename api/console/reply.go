package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/reply"
)

func (d *Door) registerReply(api huma.API) {
	tags := []string{"replies"}
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/replies" + path, Summary: summary, Tags: tags, MaxBodyBytes: 256 << 10}
	}
	create := op("createReply", "POST", "", "Save a new rule as a draft")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("listReplies", "GET", "", "Rules on the desk"), d.listReplies)
	verb(d, api, model.RightEdit, create, d.createReply)
	verb(d, api, model.RightEdit, op("changeReply", "PUT", "/{id}", "Change a rule's draft"), d.changeReply)
	verb(d, api, model.RightEdit, op("deleteReply", "DELETE", "/{id}", "Take a rule off the desk; it answers until the next publish"), d.deleteReply)
	verb(d, api, model.RightEdit, op("publishReplies", "POST", "/publish", "Put all drafts live at once"), d.publishReplies)
	verb(d, api, model.RightRead, op("replyChanges", "GET", "/changes", "What a publish would change, in words"), d.replyChanges)
	verb(d, api, model.RightRead, op("replyVersions", "GET", "/versions", "Published versions, newest first"), d.replyVersions)
	verb(d, api, model.RightEdit, op("restoreReplies", "POST", "/versions/{n}/restore", "Put version n live again"), d.restoreReplies)
	verb(d, api, model.RightRead, op("tryReply", "POST", "/try", "What the callback would answer"), d.tryReply)
	verb(d, api, model.RightRead, op("replyHits", "GET", "/hits", "How often each rule and keyword answered"), d.replyHits)
	verb(d, api, model.RightRead, op("replySends", "GET", "/sends", "Messages that followed an answer, and what became of them"), d.replySends)
	verb(d, api, model.RightRead, op("replyUnanswered", "GET", "/unanswered", "What fans typed that no keyword met, grouped"), d.replyUnanswered)
}

// RuleBody is a rule as it is written. Absent fields are empty; pick is all.
type RuleBody struct {
	Name     string          `json:"name" maxLength:"200"`
	Kind     model.RuleKind  `json:"kind" enum:"keyword,follow,default,scene,menu"`
	EventKey string          `json:"event_key,omitempty" maxLength:"256" doc:"scene value or menu key; empty: any"`
	Scenes   []string        `json:"scenes,omitempty" maxItems:"1000" doc:"values of many QR codes, as a batch has them; instead of event_key"`
	Keywords []model.Keyword `json:"keywords,omitempty" maxItems:"200"`
	Priority int             `json:"priority,omitempty"`
	Active   *model.Active   `json:"active,omitempty" doc:"Asia/Shanghai"`
	Pick     string          `json:"pick,omitempty" enum:"all,random"`
	Messages []model.Message `json:"messages" maxItems:"50"`
	Enabled  *bool           `json:"enabled,omitempty" doc:"default true"`

	MessageTypes []string      `json:"message_types,omitempty" maxItems:"10" doc:"default rules: text, image, voice, video, location, link; empty: any"`
	Sources      []string      `json:"sources,omitempty" maxItems:"20" doc:"follow rules: WeChat's subscribe_scene; what they say goes behind the welcome, once WeChat has told the source"`
	Interval     int           `json:"interval_seconds,omitempty" doc:"a fan hears the rule at most once in so many seconds; 0: always"`
	Dialog       *model.Dialog `json:"dialog,omitempty" doc:"what the fan's next word is answered"`
}

func (b *RuleBody) rule() model.Rule {
	r := model.Rule{Name: b.Name, Kind: b.Kind, EventKey: b.EventKey, Scenes: b.Scenes, Keywords: b.Keywords, Priority: b.Priority, Pick: b.Pick, Messages: b.Messages, Enabled: b.Enabled == nil || *b.Enabled,
		MessageTypes: b.MessageTypes, Sources: b.Sources, Interval: b.Interval, Dialog: b.Dialog}
	if b.Active != nil {
		r.Active = *b.Active
	}
	return r
}

type replyBody struct {
	ID       int64           `json:"id"`
	Name     string          `json:"name"`
	Kind     model.RuleKind  `json:"kind"`
	EventKey string          `json:"event_key"`
	Scenes   []string        `json:"scenes" doc:"values of many QR codes; instead of event_key"`
	Keywords []model.Keyword `json:"keywords"`
	Priority int             `json:"priority"`
	Active   model.Active    `json:"active"`
	Pick     string          `json:"pick"`
	Messages []model.Message `json:"messages"`
	Enabled  bool            `json:"enabled"`

	MessageTypes []string      `json:"message_types"`
	Sources      []string      `json:"sources"`
	Interval     int           `json:"interval_seconds"`
	Dialog       *model.Dialog `json:"dialog,omitempty"`

	Revision  int64           `json:"revision" doc:"send it back with a change to be told when somebody was faster"`
	State     string          `json:"state" enum:"new,changed,live,off" doc:"against what is live"`
	UpdatedBy string          `json:"updated_by"`
	UpdatedAt time.Time       `json:"updated_at"`
	Warnings  []reply.Warning `json:"warnings" doc:"what is allowed but hardly meant, at its field"`
}

func viewReply(r reply.Draft) replyBody {
	b := replyBody{ID: r.ID, Name: r.Name, Kind: r.Kind, EventKey: r.EventKey, Scenes: r.Scenes, Keywords: r.Keywords, Priority: r.Priority, Active: r.Active, Pick: r.Pick, Messages: r.Messages,
		Enabled: r.Enabled, MessageTypes: r.MessageTypes, Sources: r.Sources, Interval: r.Interval, Dialog: r.Dialog, Revision: r.Revision, State: r.State, UpdatedBy: r.By, UpdatedAt: r.UpdatedAt, Warnings: r.Warnings}
	if b.Keywords == nil {
		b.Keywords = []model.Keyword{}
	}
	if b.Warnings == nil {
		b.Warnings = []reply.Warning{}
	}
	if b.MessageTypes == nil {
		b.MessageTypes = []string{}
	}
	if b.Scenes == nil {
		b.Scenes = []string{}
	}
	if b.Sources == nil {
		b.Sources = []string{}
	}
	return b
}

type replyOut struct{ Body replyBody }

// repliesOut is the whole desk: a rule is judged by the others, so it is never cut into pages.
type repliesOut struct {
	Body struct {
		Items         []replyBody `json:"items"`
		NextPageToken string      `json:"next_page_token"`
		Version       int64       `json:"version" doc:"live version; 0: none yet"`
	}
}

func (d *Door) listReplies(ctx context.Context, _ *struct{}) (*repliesOut, error) {
	all, err := d.Replies.Drafts(ctx)
	if err != nil {
		return nil, err
	}
	out := &repliesOut{}
	out.Body.Items, out.Body.Version = make([]replyBody, 0, len(all)), d.Replies.Live()
	for _, r := range all {
		out.Body.Items = append(out.Body.Items, viewReply(r))
	}
	return out, nil
}

func (d *Door) createReply(ctx context.Context, in *struct{ Body RuleBody }) (*replyOut, error) {
	r, err := d.Replies.Create(ctx, OperatorFrom(ctx), in.Body.rule())
	if err != nil {
		return nil, err
	}
	return &replyOut{viewReply(r)}, nil
}

func (d *Door) changeReply(ctx context.Context, in *struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		RuleBody
		Revision *int64 `json:"revision,omitempty"`
	}
}) (*replyOut, error) {
	r, err := d.Replies.Change(ctx, OperatorFrom(ctx), in.ID, in.Body.Revision, in.Body.rule())
	if err != nil {
		return nil, err
	}
	return &replyOut{viewReply(r)}, nil
}

func (d *Door) deleteReply(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"1"`
}) (*struct{}, error) {
	return nil, d.Replies.Delete(ctx, OperatorFrom(ctx), in.ID)
}

type NoteIn struct {
	Body struct {
		Note string `json:"note,omitempty" maxLength:"1000"`
	}
}

type VersionBody struct {
	Version      int64     `json:"version"`
	Note         string    `json:"note"`
	RestoredFrom int64     `json:"restored_from,omitempty"`
	Diff         []string  `json:"diff"`
	By           string    `json:"by"`
	At           time.Time `json:"at"`
	Live         bool      `json:"live"`
}

type versionOut struct{ Body VersionBody }

type versionsOut struct{ Body respond.Page[VersionBody] }

func viewReplyVersion(v reply.Version) VersionBody {
	b := VersionBody{Version: v.Version, Note: v.Note, RestoredFrom: v.RestoredFrom, Diff: v.Diff, By: v.By, At: v.At, Live: v.Live}
	if b.Diff == nil {
		b.Diff = []string{}
	}
	return b
}

func (d *Door) publishReplies(ctx context.Context, in *struct {
	Body struct {
		Note string `json:"note,omitempty" maxLength:"1000"`
		Seen string `json:"seen,omitempty" maxLength:"64" doc:"of the changes that were looked at"`
	}
}) (*versionOut, error) {
	v, err := d.Replies.Publish(ctx, OperatorFrom(ctx), in.Body.Note, in.Body.Seen)
	if err != nil {
		return nil, err
	}
	return &versionOut{viewReplyVersion(v)}, nil
}

func (d *Door) restoreReplies(ctx context.Context, in *struct {
	N int64 `path:"n" minimum:"1"`
	NoteIn
}) (*versionOut, error) {
	v, err := d.Replies.Restore(ctx, OperatorFrom(ctx), in.N, in.Body.Note)
	if err != nil {
		return nil, err
	}
	return &versionOut{viewReplyVersion(v)}, nil
}

type changesOut struct {
	Body struct {
		Changes []string `json:"changes"`
		Seen    string   `json:"seen" doc:"send it back with a publish, to be told when somebody changed a draft since"`
	}
}

func (d *Door) replyChanges(ctx context.Context, _ *struct{}) (*changesOut, error) {
	c, seen, err := d.Replies.Pending(ctx)
	if err != nil {
		return nil, err
	}
	out := &changesOut{}
	out.Body.Changes, out.Body.Seen = c, seen
	return out, nil
}

// PageIn is how every list of this file is cut.
type PageIn struct {
	PageSize  int    `query:"page_size" minimum:"1" maximum:"100" default:"20"`
	PageToken string `query:"page_token" maxLength:"200"`
}

func (d *Door) replyVersions(ctx context.Context, in *PageIn) (*versionsOut, error) {
	return page(in, "reply_versions", func(before int64, limit int) ([]VersionBody, error) {
		all, err := d.Replies.Versions(ctx, before, limit)
		out := make([]VersionBody, 0, len(all))
		for _, v := range all {
			out = append(out, viewReplyVersion(v))
		}
		return out, err
	}, func(v VersionBody) int64 { return v.Version }, func(p respond.Page[VersionBody]) *versionsOut { return &versionsOut{p} })
}

// page reads one row more than asked, to know whether there is a next page.
func page[T, O any](in *PageIn, scope string, list func(before int64, limit int) ([]T, error), id func(T) int64, wrap func(respond.Page[T]) *O) (*O, error) {
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	items, err := list(before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	return wrap(pageOf(items, in.PageSize, scope, id, func(t T) T { return t })), nil
}

type unansweredOut struct {
	Body struct {
		Items []unansweredBody `json:"items"`
	}
}

type unansweredBody struct {
	Text  string    `json:"text"`
	Times int64     `json:"times"`
	Last  time.Time `json:"last_at"`
	Draft string    `json:"draft,omitempty" doc:"the rule on the desk that would answer it by now"`
}

func (d *Door) replyUnanswered(ctx context.Context, in *struct {
	Days int `query:"days" minimum:"1" maximum:"90" default:"7"`
}) (*unansweredOut, error) {
	all, err := d.Inbox.Unanswered(ctx, in.Days)
	if err != nil {
		return nil, err
	}
	texts := make([]string, 0, len(all))
	for _, u := range all {
		texts = append(texts, u.Text)
	}
	caught, err := d.Replies.Catches(ctx, texts)
	if err != nil {
		return nil, err
	}
	out := &unansweredOut{}
	out.Body.Items = make([]unansweredBody, 0, len(all))
	for i, u := range all {
		out.Body.Items = append(out.Body.Items, unansweredBody{u.Text, u.Times, u.Last, caught[i]})
	}
	return out, nil
}
