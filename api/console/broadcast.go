package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/broadcast"
	"loudou/service/figure"
)

func (d *Door) registerBroadcast(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/broadcasts" + path, Summary: summary, Tags: []string{"broadcasts"}, MaxBodyBytes: 64 << 10}
	}
	create, remove := op("createBroadcast", "POST", "", "Write a mass send; nothing leaves the house"), op("deleteBroadcast", "DELETE", "/{id}", "Take away one that was never given to WeChat")
	create.DefaultStatus, remove.DefaultStatus = http.StatusCreated, http.StatusNoContent
	verb(d, api, model.RightRead, op("listBroadcasts", "GET", "", "Mass sends, the newest first"), d.listBroadcasts)
	verb(d, api, model.RightRead, op("broadcastQuota", "GET", "/quota", "What may still be sent today and this month"), d.broadcastQuota)
	verb(d, api, model.RightRead, op("broadcastCalendar", "GET", "/calendar", "What is planned and what went out in a month"), d.broadcastCalendar)
	verb(d, api, model.RightRead, op("broadcastHours", "GET", "/hours", "When fans read, and how mass sends of each hour were read"), d.broadcastHours)
	verb(d, api, model.RightRead, op("broadcastAudience", "GET", "/audience", "Tags to send to, and whom previews went to of late"), d.broadcastAudience)
	verb(d, api, model.RightEdit, create, d.createBroadcast)
	verb(d, api, model.RightRead, op("getBroadcast", "GET", "/{id}", "One mass send with its previews, confirmations and results"), d.getBroadcast)
	verb(d, api, model.RightEdit, op("saveBroadcast", "PUT", "/{id}", "Change it while nothing has left the house"), d.saveBroadcast)
	verb(d, api, model.RightEdit, remove, d.deleteBroadcast)
	verb(d, api, model.RightEdit, op("previewBroadcast", "POST", "/{id}/preview", "Show it to one colleague on the phone"), d.previewBroadcast)
	verb(d, api, model.RightEdit, op("submitBroadcast", "POST", "/{id}/submit", "Ask a colleague for their yes"), d.submitBroadcast)
	verb(d, api, model.RightConfirm, op("confirmBroadcast", "POST", "/{id}/confirm", "Say yes to what it says now, and to whom"), d.confirmBroadcast)
	verb(d, api, model.RightConfirm, op("returnBroadcast", "POST", "/{id}/return", "Send it back to its writer with a word"), d.returnBroadcast)
	verb(d, api, model.RightEdit, op("sendBroadcast", "POST", "/{id}/send", "Let it go, now or at a time"), d.sendBroadcast)
	verb(d, api, model.RightEdit, op("cancelBroadcast", "POST", "/{id}/cancel", "Take back one that waits for its time"), d.cancelBroadcast)
	verb(d, api, model.RightEdit, op("againBroadcast", "POST", "/{id}/again", "Send one that failed once more"), d.againBroadcast)
	verb(d, api, model.RightEdit, op("askBroadcast", "POST", "/{id}/ask", "Ask WeChat how it went"), d.askBroadcast)
}

type broadcastInput struct {
	ToAll    bool     `json:"to_all"`
	TagID    int      `json:"tag_id,omitempty" minimum:"0" maximum:"2147483647"`
	TagName  string   `json:"tag_name,omitempty" maxLength:"60"`
	Kind     string   `json:"kind" enum:"text,mpnews,images"`
	Content  string   `json:"content,omitempty" maxLength:"4000" doc:"of kind text"`
	MediaIDs []string `json:"media_ids,omitempty" maxItems:"20" doc:"of kind images: WeChat's media_ids"`
	DraftID  *int64   `json:"draft_id,omitempty" minimum:"1" maximum:"9007199254740991" nullable:"true" doc:"of kind mpnews"`
	Reprint  bool     `json:"reprint,omitempty" doc:"send though an article is judged a reprint"`
	Version  int64    `json:"version,omitempty" minimum:"1"`
}

func (in broadcastInput) read() broadcast.Input {
	return broadcast.Input{ToAll: in.ToAll, TagID: in.TagID, TagName: in.TagName, Kind: model.BroadcastKind(in.Kind), Content: in.Content, MediaIDs: in.MediaIDs, DraftID: in.DraftID, Reprint: in.Reprint, Version: in.Version}
}

type broadcastSendBody struct {
	Round      int                  `json:"round"`
	State      model.BroadcastState `json:"state" enum:"sending,sent,done,failed,unknown"`
	MsgID      string               `json:"msg_id"`
	Total      *int64               `json:"total" doc:"fans it was meant for; null while WeChat has not said"`
	Filtered   *int64               `json:"filtered" doc:"of those, who could be sent to"`
	Sent       *int64               `json:"sent"`
	Errors     *int64               `json:"errors"`
	Error      string               `json:"error"`
	Calls      int                  `json:"calls"`
	By         string               `json:"by"`
	CreatedAt  time.Time            `json:"created_at"`
	FinishedAt *time.Time           `json:"finished_at"`
	Growth     *broadcastGrowthBody `json:"growth,omitempty" doc:"who came and who left after it; absent before WeChat took it, and in lists"`
}

type broadcastGrowthBody struct {
	Came      int64   `json:"came" doc:"follows within 24 hours of it, of those who came back too"`
	Left      int64   `json:"left" doc:"unfollows within 24 hours of it"`
	UsualCame float64 `json:"usual_came" doc:"a day, in the two weeks before"`
	UsualLeft float64 `json:"usual_left" doc:"a day, in the two weeks before"`
	Final     bool    `json:"final" doc:"the 24 hours are over"`
}

func viewBroadcastSend(s model.BroadcastSend) broadcastSendBody {
	b := broadcastSendBody{Round: s.Round, State: s.State, Total: s.Total, Filtered: s.Filtered, Sent: s.Sent, Errors: s.Errors, Error: s.LastError, Calls: s.Calls, By: s.Operator, CreatedAt: s.CreatedAt, FinishedAt: s.FinishedAt}
	if s.MsgID != nil {
		b.MsgID = *s.MsgID
	}
	return b
}

// BroadcastBody is a mass send in a list.
type BroadcastBody struct {
	ID        int64                `json:"id"`
	Title     string               `json:"title"`
	ToAll     bool                 `json:"to_all"`
	TagID     int                  `json:"tag_id"`
	TagName   string               `json:"tag_name"`
	Kind      model.BroadcastKind  `json:"kind" enum:"text,mpnews,images"`
	State     model.BroadcastState `json:"state" enum:"draft,waiting,confirmed,scheduled,sending,sent,done,failed,unknown,cancelled"`
	PlannedAt *time.Time           `json:"planned_at"`
	Error     string               `json:"error"`
	Version   int64                `json:"version"`
	CreatedBy string               `json:"created_by"`
	UpdatedBy string               `json:"updated_by"`
	SentBy    string               `json:"sent_by"`
	CreatedAt time.Time            `json:"created_at"`
	UpdatedAt time.Time            `json:"updated_at"`
	Send      *broadcastSendBody   `json:"send,omitempty" doc:"the latest time it was given to WeChat"`
}

func viewBroadcast(b model.Broadcast, s *model.BroadcastSend) BroadcastBody {
	out := BroadcastBody{ID: b.ID, Title: b.Title, ToAll: b.ToAll, TagID: b.TagID, TagName: b.TagName, Kind: b.Kind, State: b.State, PlannedAt: b.PlannedAt, Error: b.LastError, Version: b.Version,
		CreatedBy: b.CreatedBy, UpdatedBy: b.UpdatedBy, SentBy: b.SentBy, CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt}
	if s != nil {
		one := viewBroadcastSend(*s)
		out.Send = &one
	}
	return out
}

func viewBroadcastLine(l broadcast.Line) BroadcastBody { return viewBroadcast(l.Broadcast, l.Send) }

type broadcastPreviewBody struct {
	Account   string    `json:"account"`
	By        string    `json:"by"`
	CreatedAt time.Time `json:"created_at"`
}

type broadcastConfirmationBody struct {
	Operator  string    `json:"operator"`
	Comment   string    `json:"comment"`
	CreatedAt time.Time `json:"created_at"`
}

type broadcastWhole struct {
	BroadcastBody
	Content       string                      `json:"content"`
	MediaIDs      []string                    `json:"media_ids"`
	DraftID       *int64                      `json:"draft_id"`
	ArticleID     int64                       `json:"article_id" doc:"of the draft; 0 without one"`
	Reprint       bool                        `json:"reprint"`
	Sends         []broadcastSendBody         `json:"sends"`
	Previews      []broadcastPreviewBody      `json:"previews" doc:"of what it says now"`
	Confirmations []broadcastConfirmationBody `json:"confirmations" doc:"of what it says now"`
	TwoPerson     bool                        `json:"two_person" doc:"a preview and another person's yes are needed"`
	AskedByMe     bool                        `json:"asked_by_me" doc:"who asked cannot confirm"`
	AskedBy       string                      `json:"asked_by"`
	Missing       string                      `json:"missing" doc:"why sending would be refused now; empty when it would not"`
}

type broadcastOut struct{ Body broadcastWhole }

func (d *Door) broadcastAnswer(ctx context.Context, v broadcast.View, err error) (*broadcastOut, error) {
	if err != nil {
		return nil, err
	}
	var latest *model.BroadcastSend
	if len(v.Sends) > 0 {
		latest = &v.Sends[0]
	}
	b := broadcastWhole{BroadcastBody: viewBroadcast(v.Broadcast, latest), Content: v.Content, MediaIDs: v.MediaIDs(), DraftID: v.DraftID, Reprint: v.Reprint, Sends: []broadcastSendBody{}, Previews: []broadcastPreviewBody{}, Confirmations: []broadcastConfirmationBody{},
		TwoPerson: v.TwoPerson, AskedByMe: v.AskedByID != 0 && v.AskedByID == OperatorFrom(ctx).ID, AskedBy: v.AskedBy, Missing: v.Missing}
	if v.DraftID != nil {
		draft, err := d.Drafts.Get(ctx, *v.DraftID)
		if err != nil && !errors.Is(err, model.ErrNotFound) {
			return nil, err
		}
		b.ArticleID = draft.ArticleID
	}
	for _, s := range v.Sends {
		one := viewBroadcastSend(s)
		if s.AcceptedAt != nil {
			g, err := d.Figures.GrowthAfter(ctx, *s.AcceptedAt)
			if err != nil {
				return nil, err
			}
			one.Growth = &broadcastGrowthBody{Came: g.Came, Left: g.Left, UsualCame: g.UsualCame, UsualLeft: g.UsualLeft, Final: d.Figures.Now().Sub(*s.AcceptedAt) >= 24*time.Hour}
		}
		b.Sends = append(b.Sends, one)
	}
	for _, p := range v.Previews {
		b.Previews = append(b.Previews, broadcastPreviewBody{p.Account, p.Operator, p.CreatedAt})
	}
	for _, c := range v.Confirmations {
		b.Confirmations = append(b.Confirmations, broadcastConfirmationBody{c.Operator, c.Comment, c.CreatedAt})
	}
	return &broadcastOut{b}, nil
}

type broadcastsOut struct{ Body respond.Page[BroadcastBody] }

func (d *Door) listBroadcasts(ctx context.Context, in *struct {
	Paging
	State string `query:"state" enum:"draft,waiting,confirmed,scheduled,sending,sent,done,failed,unknown,cancelled"`
}) (*broadcastsOut, error) {
	scope := "broadcasts " + in.State
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	rows, err := d.Broadcasts.List(ctx, model.BroadcastState(in.State), before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	return &broadcastsOut{Body: pageOf(rows, in.PageSize, scope, func(l broadcast.Line) int64 { return l.ID }, viewBroadcastLine)}, nil
}

type broadcastQuotaOut struct {
	Body struct {
		DayLimit  int64 `json:"day_limit" doc:"-1 while WeChat does not say"`
		DayLeft   int64 `json:"day_left"`
		AllToday  int64 `json:"all_today" doc:"sends to all followers today; one may go"`
		AllMonth  int64 `json:"all_month" doc:"of a 服务号 four may go a month"`
		Month     int64 `json:"month" doc:"sends of this month; a fan of a 服务号 gets four at most"`
		Foreign   int64 `json:"foreign" doc:"of those, sent from WeChat's own console"`
		MonthMost int64 `json:"month_most"`
		Once      bool  `json:"once" doc:"a 订阅号: one send a day"`
	}
}

func (d *Door) broadcastQuota(ctx context.Context, _ *struct{}) (*broadcastQuotaOut, error) {
	q, err := d.Broadcasts.Quota(ctx)
	out := &broadcastQuotaOut{}
	b := &out.Body
	b.DayLimit, b.DayLeft, b.AllToday, b.AllMonth, b.Month, b.Foreign, b.Once, b.MonthMost = q.DayLimit, q.DayLeft, q.AllToday, q.AllMonth, q.Month, q.Foreign, q.Once, broadcast.MonthMost
	return out, err
}

type foreignSendBody struct {
	MsgID  string    `json:"msg_id"`
	Status string    `json:"status" doc:"in words; empty when it went out"`
	Total  int64     `json:"total"`
	Sent   int64     `json:"sent"`
	Errors int64     `json:"errors"`
	At     time.Time `json:"at"`
}

type broadcastCalendarOut struct {
	Body struct {
		Month   string            `json:"month"`
		Items   []BroadcastBody   `json:"items"`
		Foreign []foreignSendBody `json:"foreign" doc:"sent from WeChat's own console"`
	}
}

func (d *Door) broadcastCalendar(ctx context.Context, in *struct {
	Month string `query:"month" required:"true" pattern:"^[0-9]{4}-[0-9]{2}$"`
}) (*broadcastCalendarOut, error) {
	c, err := d.Broadcasts.Calendar(ctx, in.Month)
	out := &broadcastCalendarOut{}
	out.Body.Month, out.Body.Items, out.Body.Foreign = in.Month, []BroadcastBody{}, []foreignSendBody{}
	for _, l := range c.Lines {
		out.Body.Items = append(out.Body.Items, viewBroadcastLine(l))
	}
	for _, r := range c.Foreign {
		out.Body.Foreign = append(out.Body.Foreign, foreignSendBody{r.MsgID, model.MassWord(r.Status), r.Total, r.Sent, r.Errors, r.HappenedAt})
	}
	return out, err
}

type broadcastHoursOut struct{ Body figure.SendHours }

func (d *Door) broadcastHours(ctx context.Context, _ *struct{}) (*broadcastHoursOut, error) {
	h, err := d.Figures.SendHours(ctx)
	return &broadcastHoursOut{h}, err
}

type massTagBody struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Fans int64  `json:"fans"`
}

type broadcastAudienceOut struct {
	Body struct {
		Tags     []massTagBody `json:"tags"`
		Accounts []string      `json:"accounts" doc:"whom previews went to of late"`
	}
}

func (d *Door) broadcastAudience(ctx context.Context, _ *struct{}) (*broadcastAudienceOut, error) {
	out := &broadcastAudienceOut{}
	out.Body.Tags = []massTagBody{}
	tags, err := d.Broadcasts.Tags(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tags {
		out.Body.Tags = append(out.Body.Tags, massTagBody{t.ID, t.Name, t.Fans})
	}
	out.Body.Accounts, err = d.Broadcasts.Accounts(ctx)
	return out, err
}

func (d *Door) createBroadcast(ctx context.Context, in *struct{ Body broadcastInput }) (*broadcastOut, error) {
	v, err := d.Broadcasts.Create(ctx, OperatorFrom(ctx), in.Body.read())
	return d.broadcastAnswer(ctx, v, err)
}

func (d *Door) getBroadcast(ctx context.Context, in *ArticleID) (*broadcastOut, error) {
	v, err := d.Broadcasts.Get(ctx, in.ID)
	return d.broadcastAnswer(ctx, v, err)
}

func (d *Door) saveBroadcast(ctx context.Context, in *struct {
	ArticleID
	Body broadcastInput
}) (*broadcastOut, error) {
	v, err := d.Broadcasts.Save(ctx, OperatorFrom(ctx), in.ID, in.Body.read())
	return d.broadcastAnswer(ctx, v, err)
}

func (d *Door) deleteBroadcast(ctx context.Context, in *ArticleID) (*struct{}, error) {
	return nil, d.Broadcasts.Delete(ctx, OperatorFrom(ctx), in.ID)
}

func (d *Door) previewBroadcast(ctx context.Context, in *struct {
	ArticleID
	Body struct {
		Account string `json:"account" maxLength:"64" doc:"a WeChat name, or an openid of this account"`
	}
}) (*broadcastOut, error) {
	v, err := d.Broadcasts.Preview(ctx, OperatorFrom(ctx), in.ID, in.Body.Account)
	return d.broadcastAnswer(ctx, v, err)
}

func (d *Door) submitBroadcast(ctx context.Context, in *articleStep) (*broadcastOut, error) {
	version, _ := in.read()
	v, err := d.Broadcasts.Submit(ctx, OperatorFrom(ctx), in.ID, version)
	return d.broadcastAnswer(ctx, v, err)
}

func (d *Door) confirmBroadcast(ctx context.Context, in *articleStep) (*broadcastOut, error) {
	version, comment := in.read()
	v, err := d.Broadcasts.Confirm(ctx, OperatorFrom(ctx), in.ID, version, comment)
	return d.broadcastAnswer(ctx, v, err)
}

func (d *Door) returnBroadcast(ctx context.Context, in *articleStep) (*broadcastOut, error) {
	version, comment := in.read()
	v, err := d.Broadcasts.Return(ctx, OperatorFrom(ctx), in.ID, version, comment)
	return d.broadcastAnswer(ctx, v, err)
}

func (d *Door) sendBroadcast(ctx context.Context, in *struct {
	ArticleID
	Body *struct {
		Version int64      `json:"version,omitempty" minimum:"1"`
		At      *time.Time `json:"at,omitempty" nullable:"true" doc:"left out or past: at once"`
	}
}) (*broadcastOut, error) {
	var version int64
	var at *time.Time
	if in.Body != nil {
		version, at = in.Body.Version, in.Body.At
	}
	v, err := d.Broadcasts.Send(ctx, OperatorFrom(ctx), in.ID, version, at)
	return d.broadcastAnswer(ctx, v, err)
}

func (d *Door) cancelBroadcast(ctx context.Context, in *articleStep) (*broadcastOut, error) {
	version, _ := in.read()
	v, err := d.Broadcasts.Cancel(ctx, OperatorFrom(ctx), in.ID, version)
	return d.broadcastAnswer(ctx, v, err)
}

func (d *Door) againBroadcast(ctx context.Context, in *articleStep) (*broadcastOut, error) {
	version, _ := in.read()
	v, err := d.Broadcasts.Again(ctx, OperatorFrom(ctx), in.ID, version)
	return d.broadcastAnswer(ctx, v, err)
}

func (d *Door) askBroadcast(ctx context.Context, in *ArticleID) (*broadcastOut, error) {
	v, err := d.Broadcasts.Ask(ctx, in.ID)
	return d.broadcastAnswer(ctx, v, err)
}
