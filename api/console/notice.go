package console

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/notice"
)

func (d *Door) registerNotice(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/notices" + path, Summary: summary, Tags: []string{"notices"}, MaxBodyBytes: 64 << 10}
	}
	create, remove, again := op("createNotice", "POST", "", "Write a notice; nothing leaves the house"), op("deleteNotice", "DELETE", "/{id}", "Take away one that was never sent"), op("againNotice", "POST", "/{id}/again", "A draft of the same for those alone whom it failed to reach")
	create.DefaultStatus, remove.DefaultStatus, again.DefaultStatus = http.StatusCreated, http.StatusNoContent, http.StatusCreated
	verb(d, api, model.RightRead, op("listNotices", "GET", "", "Template messages and subscription notices, the newest first"), d.listNotices)
	verb(d, api, model.RightRead, op("noticeTemplates", "GET", "/templates", "The account's templates, as WeChat told them last"), d.noticeTemplates)
	verb(d, api, model.RightEdit, op("refreshNoticeTemplates", "POST", "/templates/refresh", "Read the templates from WeChat anew"), d.refreshNoticeTemplates)
	verb(d, api, model.RightRead, op("noticeReach", "GET", "/reach", "How many a filter would reach now: who follow and are not blocked"), d.noticeReach)
	verb(d, api, model.RightEdit, create, d.createNotice)
	verb(d, api, model.RightRead, op("getNotice", "GET", "/{id}", "One notice and how many stand where"), d.getNotice)
	verb(d, api, model.RightRead, op("noticePeople", "GET", "/{id}/people", "How many it would go to if it were confirmed now"), d.noticePeople)
	verb(d, api, model.RightEdit, op("saveNotice", "PUT", "/{id}", "Change it while nothing has left the house"), d.saveNotice)
	verb(d, api, model.RightEdit, remove, d.deleteNotice)
	verb(d, api, model.RightEdit, op("previewNotice", "POST", "/{id}/preview", "Send it to one fan, to be looked at"), d.previewNotice)
	verb(d, api, model.RightEdit, op("submitNotice", "POST", "/{id}/submit", "Ask a colleague for their yes"), d.submitNotice)
	verb(d, api, model.RightConfirm, op("confirmNotice", "POST", "/{id}/confirm", "Say yes to what it says and to so many people; it goes out at once"), d.confirmNotice)
	verb(d, api, model.RightConfirm, op("returnNotice", "POST", "/{id}/return", "Send it back to its writer with a word"), d.returnNotice)
	verb(d, api, model.RightEdit, op("sendNotice", "POST", "/{id}/send", "Let it go to so many people, where one person is enough"), d.sendNotice)
	verb(d, api, model.RightEdit, op("stopNotice", "POST", "/{id}/stop", "End it where it is; what went out stays"), d.stopNotice)
	verb(d, api, model.RightEdit, op("resumeNotice", "POST", "/{id}/resume", "Go on to those who have not had it"), d.resumeNotice)
	verb(d, api, model.RightEdit, again, d.againNotice)
	d.registerNoticeLog(api)
}

type noticeFilterBody struct {
	Q         string `json:"q,omitempty" maxLength:"100"`
	Tag       int64  `json:"tag,omitempty" minimum:"0"`
	Following string `json:"following,omitempty" enum:"true,false,"`
	Blocked   string `json:"blocked,omitempty" enum:"true,false,"`
	Source    string `json:"source,omitempty" maxLength:"64"`
	Scene     string `json:"scene,omitempty" maxLength:"64"`
	From      string `json:"from,omitempty" format:"date"`
	To        string `json:"to,omitempty" format:"date"`
}

// viewNoticeFilter is a kept filter in the words it was asked in.
func viewNoticeFilter(raw string) noticeFilterBody {
	var f model.FollowerFilter
	if json.Unmarshal([]byte(raw), &f) != nil {
		return noticeFilterBody{}
	}
	word := func(b *bool) string {
		switch {
		case b == nil:
			return ""
		case *b:
			return "true"
		}
		return "false"
	}
	day := func(t *time.Time, add int) string {
		if t == nil {
			return ""
		}
		return t.In(model.Shanghai).AddDate(0, 0, add).Format(time.DateOnly)
	}
	return noticeFilterBody{Q: f.Word, Tag: f.TagID, Following: word(f.Following), Blocked: word(f.Blocked), Source: f.Source, Scene: f.Scene, From: day(f.From, 0), To: day(f.To, -1)}
}

type noticeInput struct {
	Template  int64             `json:"template" minimum:"1" maximum:"9007199254740991" doc:"our number of the template"`
	Values    map[string]string `json:"values" doc:"by the key of the template's field; {备注} stands for the fan's remark"`
	Nameless  string            `json:"nameless,omitempty" maxLength:"20" doc:"what a fan without a remark is called"`
	URL       string            `json:"url,omitempty" maxLength:"1024"`
	MiniAppID string            `json:"mini_appid,omitempty" maxLength:"32" doc:"wins over url"`
	MiniPath  string            `json:"mini_path,omitempty" maxLength:"1024"`
	Filter    noticeFilterBody  `json:"filter"`
	Version   int64             `json:"version,omitempty" minimum:"1"`
}

func (in noticeInput) read() (notice.Input, error) {
	f, err := FollowerFilter{Q: in.Filter.Q, Tag: in.Filter.Tag, Following: in.Filter.Following, Blocked: in.Filter.Blocked, Source: in.Filter.Source, Scene: in.Filter.Scene, From: in.Filter.From, To: in.Filter.To}.read()
	return notice.Input{Template: in.Template, Values: in.Values, Nameless: in.Nameless, URL: in.URL, MiniAppID: in.MiniAppID, MiniPath: in.MiniPath, Filter: f, Version: in.Version}, err
}

// NoticeFieldBody is a place in a template that is filled in.
type NoticeFieldBody struct {
	Key      string `json:"key"`
	Label    string `json:"label"`
	Kind     string `json:"kind" doc:"thing, time …; another word in templates of old"`
	Most     int    `json:"most" doc:"characters; 0: WeChat does not say"`
	Personal bool   `json:"personal" doc:"{备注} may stand in it"`
}

func viewNoticeFields(content string) []NoticeFieldBody {
	out := []NoticeFieldBody{}
	for _, f := range model.NoticeFields(content) {
		out = append(out, NoticeFieldBody{f.Key, f.Label, f.Kind, f.Most, f.Personal()})
	}
	return out
}

type noticeTemplateBody struct {
	ID         int64             `json:"id"`
	Kind       model.NoticeKind  `json:"kind" enum:"template,subscribe"`
	TemplateID string            `json:"template_id" doc:"WeChat's"`
	Title      string            `json:"title"`
	Example    string            `json:"example"`
	Fields     []NoticeFieldBody `json:"fields"`
	FetchedAt  time.Time         `json:"fetched_at"`
}

type noticeTemplatesOut struct {
	Body struct {
		Items []noticeTemplateBody `json:"items"`
	}
}

func (d *Door) noticeTemplates(ctx context.Context, _ *struct{}) (*noticeTemplatesOut, error) {
	list, err := d.Notices.Templates(ctx)
	if err != nil {
		return nil, err
	}
	out := &noticeTemplatesOut{}
	out.Body.Items = make([]noticeTemplateBody, 0, len(list))
	for _, t := range list {
		out.Body.Items = append(out.Body.Items, noticeTemplateBody{t.ID, t.Kind, t.TemplateID, t.Title, t.Example, viewNoticeFields(t.Content), t.FetchedAt.UTC()})
	}
	return out, nil
}

func (d *Door) refreshNoticeTemplates(ctx context.Context, in *struct{}) (*noticeTemplatesOut, error) {
	if err := d.Notices.RefreshTemplates(ctx); err != nil {
		return nil, err
	}
	return d.noticeTemplates(ctx, in)
}

type noticeSums struct {
	Waiting   int64 `json:"waiting"`
	Sending   int64 `json:"sending"`
	Sent      int64 `json:"sent" doc:"WeChat took it; whether it arrived is not told yet"`
	Delivered int64 `json:"delivered"`
	Refused   int64 `json:"refused"`
	Failed    int64 `json:"failed"`
	Unknown   int64 `json:"unknown" doc:"may have gone out or not; not sent again by itself"`
}

// FanNoticeBody is a notice in a list.
type FanNoticeBody struct {
	ID        int64             `json:"id"`
	Kind      model.NoticeKind  `json:"kind" enum:"template,subscribe"`
	Title     string            `json:"title" doc:"the template's"`
	State     model.NoticeState `json:"state" enum:"draft,waiting,sending,done,stopped,failed"`
	Total     int64             `json:"total" doc:"people who were confirmed"`
	Sums      noticeSums        `json:"sums"`
	AgainOf   int64             `json:"again_of" doc:"the notice whose failed people it is for; 0: its filter's"`
	Filter    noticeFilterBody  `json:"filter"`
	ResumeAt  *time.Time        `json:"resume_at" doc:"set while it waits"`
	Error     string            `json:"error"`
	Swept     bool              `json:"swept" doc:"who got it is not kept any more: the log is empty, it cannot go on or go again"`
	Version   int64             `json:"version"`
	UpdatedBy string            `json:"updated_by"`
	SentBy    string            `json:"sent_by"`
	SentAt    *time.Time        `json:"sent_at"`
	EndedAt   *time.Time        `json:"ended_at"`
	UpdatedAt time.Time         `json:"updated_at"`
}

func viewNotice(n model.Notice, s notice.Sums) FanNoticeBody {
	b := FanNoticeBody{ID: n.ID, Kind: n.Kind, Title: n.Title, State: n.State, Total: n.Total, Filter: viewNoticeFilter(n.Filter), ResumeAt: n.ResumeAt, Error: n.LastError, Swept: n.Swept != "", Version: n.Version, UpdatedBy: n.UpdatedBy, SentBy: n.SentBy, SentAt: n.SentAt, EndedAt: n.EndedAt, UpdatedAt: n.UpdatedAt.UTC(),
		Sums: noticeSums{s[model.NoticeToSend], s[model.NoticeCalling], s[model.NoticeSent], s[model.NoticeDelivered], s[model.NoticeRefused], s[model.NoticeMissed], s[model.NoticeUnknown]}}
	if n.AgainOf != nil {
		b.AgainOf = *n.AgainOf
	}
	return b
}

type noticeValueBody struct {
	NoticeFieldBody
	Value string `json:"value"`
}

type noticePreviewBody struct {
	FollowerID int64     `json:"follower_id" doc:"0: no longer known"`
	Fan        string    `json:"fan" doc:"remark, or masked openid"`
	By         string    `json:"by"`
	CreatedAt  time.Time `json:"created_at"`
}

type noticeWhole struct {
	FanNoticeBody
	TemplateID string              `json:"template_id"`
	Values     []noticeValueBody   `json:"values"`
	Nameless   string              `json:"nameless"`
	URL        string              `json:"url"`
	MiniAppID  string              `json:"mini_appid"`
	MiniPath   string              `json:"mini_path"`
	Previews   []noticePreviewBody `json:"previews" doc:"of what it says now"`
	TwoPerson  bool                `json:"two_person" doc:"a preview and another person's yes are needed"`
	AskedByMe  bool                `json:"asked_by_me" doc:"who asked cannot confirm"`
	AskedBy    string              `json:"asked_by"`
	AgainID    int64               `json:"again_id" doc:"the notice for those whom this one failed to reach; 0: none"`
}

type noticeOut struct{ Body noticeWhole }

func (d *Door) noticeAnswer(ctx context.Context, v notice.View, err error) (*noticeOut, error) {
	if err != nil {
		return nil, err
	}
	b := noticeWhole{FanNoticeBody: viewNotice(v.Notice, v.Sums), TemplateID: v.TemplateID, Values: []noticeValueBody{}, Nameless: v.Nameless, URL: v.URL, MiniAppID: v.MiniAppID, MiniPath: v.MiniPath, Previews: []noticePreviewBody{},
		TwoPerson: v.TwoPerson, AskedByMe: v.AskedByID != 0 && v.AskedByID == OperatorFrom(ctx).ID, AskedBy: v.AskedBy, AgainID: v.AgainID}
	values := v.Values()
	for _, f := range viewNoticeFields(v.Content) {
		b.Values = append(b.Values, noticeValueBody{f, values[f.Key]})
	}
	openids := make([]model.OpenID, 0, len(v.Previews))
	for _, p := range v.Previews {
		openids = append(openids, model.OpenID(p.OpenID))
	}
	fans, err := d.Followers.Fans(ctx, openids)
	if err != nil {
		return nil, err
	}
	for _, p := range v.Previews {
		fan := fans[model.OpenID(p.OpenID)]
		b.Previews = append(b.Previews, noticePreviewBody{fan.ID, fanName(fan, model.OpenID(p.OpenID)), p.Operator, p.CreatedAt.UTC()})
	}
	return &noticeOut{b}, nil
}

// fanName is what a fan is called on a page: the remark, or the masked openid.
func fanName(f model.Follower, openid model.OpenID) string {
	if f.Remark != "" {
		return f.Remark
	}
	return openid.Masked()
}

type noticesOut struct{ Body respond.Page[FanNoticeBody] }

func (d *Door) listNotices(ctx context.Context, in *struct {
	Paging
	State string `query:"state" enum:"draft,waiting,sending,done,stopped,failed"`
}) (*noticesOut, error) {
	scope := "notices " + in.State
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	rows, err := d.Notices.List(ctx, model.NoticeState(in.State), before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	return &noticesOut{pageOf(rows, in.PageSize, scope, func(l notice.Line) int64 { return l.ID }, func(l notice.Line) FanNoticeBody { return viewNotice(l.Notice, l.Sums) })}, nil
}

type noticePeopleOut struct {
	Body struct {
		People int64 `json:"people"`
	}
}

func (d *Door) noticeReach(ctx context.Context, in *FollowerFilter) (*noticePeopleOut, error) {
	f, err := in.read()
	if err != nil {
		return nil, err
	}
	out := &noticePeopleOut{}
	out.Body.People, err = d.Notices.Reach(ctx, f)
	return out, err
}

// NoticeID is exported because huma fills only exported embedded structs.
type NoticeID struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

func (d *Door) noticePeople(ctx context.Context, in *NoticeID) (out *noticePeopleOut, err error) {
	out = &noticePeopleOut{}
	out.Body.People, err = d.Notices.People(ctx, in.ID)
	return out, err
}

func (d *Door) createNotice(ctx context.Context, in *struct{ Body noticeInput }) (*noticeOut, error) {
	x, err := in.Body.read()
	if err != nil {
		return nil, err
	}
	v, err := d.Notices.Create(ctx, OperatorFrom(ctx), x)
	return d.noticeAnswer(ctx, v, err)
}

func (d *Door) saveNotice(ctx context.Context, in *struct {
	NoticeID
	Body noticeInput
}) (*noticeOut, error) {
	x, err := in.Body.read()
	if err != nil {
		return nil, err
	}
	v, err := d.Notices.Save(ctx, OperatorFrom(ctx), in.ID, x)
	return d.noticeAnswer(ctx, v, err)
}

func (d *Door) getNotice(ctx context.Context, in *NoticeID) (*noticeOut, error) {
	v, err := d.Notices.Get(ctx, in.ID)
	return d.noticeAnswer(ctx, v, err)
}

func (d *Door) deleteNotice(ctx context.Context, in *NoticeID) (*struct{}, error) {
	return nil, d.Notices.Delete(ctx, OperatorFrom(ctx), in.ID)
}

func (d *Door) previewNotice(ctx context.Context, in *struct {
	NoticeID
	Body struct {
		FollowerID int64 `json:"follower_id" minimum:"1" maximum:"9007199254740991"`
	}
}) (*noticeOut, error) {
	v, err := d.Notices.Preview(ctx, OperatorFrom(ctx), in.ID, in.Body.FollowerID)
	return d.noticeAnswer(ctx, v, err)
}

// NoticeStep is exported because huma fills only exported embedded structs.
type NoticeStep struct {
	NoticeID
	Body struct {
		Version int64  `json:"version,omitempty" minimum:"1"`
		Comment string `json:"comment,omitempty" maxLength:"500"`
	}
}

// NoticeRelease is exported because huma fills only exported embedded structs.
type NoticeRelease struct {
	NoticeID
	Body struct {
		Version int64 `json:"version,omitempty" minimum:"1"`
		People  int64 `json:"people" minimum:"1" doc:"how many were confirmed; it goes to no more"`
	}
}

func (d *Door) submitNotice(ctx context.Context, in *NoticeStep) (*noticeOut, error) {
	v, err := d.Notices.Submit(ctx, OperatorFrom(ctx), in.ID, in.Body.Version)
	return d.noticeAnswer(ctx, v, err)
}

func (d *Door) returnNotice(ctx context.Context, in *NoticeStep) (*noticeOut, error) {
	v, err := d.Notices.Return(ctx, OperatorFrom(ctx), in.ID, in.Body.Version, in.Body.Comment)
	return d.noticeAnswer(ctx, v, err)
}

func (d *Door) confirmNotice(ctx context.Context, in *NoticeRelease) (*noticeOut, error) {
	v, err := d.Notices.Confirm(ctx, OperatorFrom(ctx), in.ID, in.Body.Version, in.Body.People)
	return d.noticeAnswer(ctx, v, err)
}

func (d *Door) sendNotice(ctx context.Context, in *NoticeRelease) (*noticeOut, error) {
	v, err := d.Notices.Send(ctx, OperatorFrom(ctx), in.ID, in.Body.Version, in.Body.People)
	return d.noticeAnswer(ctx, v, err)
}

func (d *Door) stopNotice(ctx context.Context, in *NoticeID) (*noticeOut, error) {
	v, err := d.Notices.Stop(ctx, OperatorFrom(ctx), in.ID)
	return d.noticeAnswer(ctx, v, err)
}

func (d *Door) resumeNotice(ctx context.Context, in *NoticeID) (*noticeOut, error) {
	v, err := d.Notices.Resume(ctx, OperatorFrom(ctx), in.ID)
	return d.noticeAnswer(ctx, v, err)
}

func (d *Door) againNotice(ctx context.Context, in *NoticeID) (*noticeOut, error) {
	v, err := d.Notices.Again(ctx, OperatorFrom(ctx), in.ID)
	return d.noticeAnswer(ctx, v, err)
}
