package console

import (
	"context"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/figure"
)

func (d *Door) registerFigure(api huma.API) {
	tags := []string{"figures"}
	get := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: "GET", Path: "/console/v1" + path, Summary: summary, Tags: tags}
	}
	verb(d, api, model.RightRead, get("kpi", "/kpi", "Figures of the account"), d.kpi)
	verb(d, api, model.RightRead, get("articleKPI", "/articles/{id}/kpi", "Figures of an article"), d.articleKPI)
	verb(d, api, model.RightRead, get("courseKPI", "/courses/{id}/kpi", "Figures of a course"), d.courseKPI)
	verb(d, api, model.RightRead, get("funnel", "/funnel", "The house's funnel, from reading to paying"), d.houseFunnel)
	verb(d, api, model.RightRead, get("live", "/live", "What happens now"), d.liveView)
	verb(d, api, model.RightRead, get("attribution", "/attribution", "Orders and money by what led to them"), d.attribution)
	verb(d, api, model.RightRead, get("retention", "/retention", "Who comes back"), d.retention)
	verb(d, api, model.RightRead, get("leftOut", "/events/left-out", "Events that count nowhere, by reason"), d.leftOut)
	ask := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: "POST", Path: "/console/v1" + path, Summary: summary, Tags: tags, MaxBodyBytes: 16 << 10}
	}
	verb(d, api, model.RightRead, ask("queryFunnel", "/funnels/query", "Any funnel"), d.queryFunnel)
	verb(d, api, model.RightRead, ask("funnelPeople", "/funnels/query/people", "The people behind a bar of a funnel"), d.funnelPeople)
}

// Range is two days, both included; embedded, so exported: huma overlooks what is not.
type Range struct {
	From string `query:"from" required:"true" doc:"first day, 2026-01-31, Asia/Shanghai"`
	To   string `query:"to" required:"true" doc:"last day, included"`
}

type figuresOut struct {
	Body struct {
		Figures map[string]figure.Figure `json:"figures"`
	}
}

func viewFigures(f map[string]figure.Figure, err error) (*figuresOut, error) {
	if err != nil {
		return nil, err
	}
	out := &figuresOut{}
	out.Body.Figures = f
	return out, nil
}

func (d *Door) kpi(ctx context.Context, in *Range) (*figuresOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	return viewFigures(d.Figures.Account(ctx, span))
}

// ThingRange is one thing in a range; exported, for huma overlooks what is not.
type ThingRange struct {
	ID int64 `path:"id" minimum:"1"`
	Range
}

func (d *Door) articleKPI(ctx context.Context, in *ThingRange) (*figuresOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	return viewFigures(d.Figures.Article(ctx, in.ID, span))
}

func (d *Door) courseKPI(ctx context.Context, in *ThingRange) (*figuresOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	return viewFigures(d.Figures.Course(ctx, in.ID, span))
}

type houseOut struct{ Body figure.House }

func (d *Door) houseFunnel(ctx context.Context, in *struct {
	Range
	ArticleID int64 `query:"article_id" minimum:"1"`
	CourseID  int64 `query:"course_id" minimum:"1"`
}) (*houseOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	h, err := d.Figures.HouseFunnel(ctx, span, in.ArticleID, in.CourseID)
	if err != nil {
		return nil, err
	}
	return &houseOut{h}, nil
}

type liveOut struct{ Body figure.LiveView }

func (d *Door) liveView(ctx context.Context, in *struct {
	ArticleID int64  `query:"article_id" minimum:"1"`
	CourseID  int64  `query:"course_id" minimum:"1"`
	Since     string `query:"since" maxLength:"20" doc:"id of the newest step already shown"`
}) (*liveOut, error) {
	since, err := strconv.ParseInt("0"+in.Since, 10, 64)
	if err != nil {
		return nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请求内容有误").Field("since", "应为事件的编号")
	}
	v, err := d.Figures.Live(ctx, in.ArticleID, in.CourseID, since)
	if err != nil {
		return nil, err
	}
	return &liveOut{v}, nil
}

type creditsOut struct {
	Body struct {
		Items []figure.Credit `json:"items"`
		AsOf  time.Time       `json:"as_of"`
		Rule  string          `json:"rule"`
	}
}

var modelNames = map[model.AttributionModel]string{
	model.AttributeLast: "末次非直接", model.AttributeFirst: "首次", model.AttributeLinear: "线性（各触点均分）", model.AttributePosition: "位置（首 40、末 40、中间均分 20）", model.AttributeDecay: "时间衰减（每 7 天减半）",
}

// sharedRule is how credit is shared, whatever for.
const sharedRule = "有其他触点时不计直接打开；同一渠道 30 分钟内的触点算一次；分不尽的分给余数最大者；退款按原订单的归因、计在退款当天。"

func (d *Door) attribution(ctx context.Context, in *struct {
	Range
	Model        model.AttributionModel `query:"model" default:"last" enum:"last,first,linear,position,decay"`
	Level        string                 `query:"level" default:"channel" enum:"channel,article,campaign,code,sharer"`
	LookbackDays int                    `query:"lookback_days" default:"30" minimum:"1" maximum:"366"`
}) (*creditsOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	items, err := d.Figures.Attribution(ctx, span, in.Model, in.Level, time.Duration(in.LookbackDays)*24*time.Hour)
	if err != nil {
		return nil, err
	}
	out := &creditsOut{}
	out.Body.Items, out.Body.AsOf = items, model.Milli(d.Figures.Now())
	out.Body.Rule = "支付时间在范围内的订单，按付款前 " + strconv.Itoa(in.LookbackDays) + " 天内的触点归因：" + modelNames[in.Model] +
		"；" + sharedRule + "各行之和等于合计。"
	return out, nil
}

type cohortsOut struct {
	Body struct {
		Items []figure.Cohort `json:"items"`
		AsOf  time.Time       `json:"as_of"`
		Rule  string          `json:"rule"`
	}
}

func (d *Door) retention(ctx context.Context, in *struct {
	Range
	Kind string `query:"kind" default:"new" enum:"new,active"`
	Unit string `query:"unit" default:"day" enum:"day,week,month"`
}) (*cohortsOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	items, err := d.Figures.Retention(ctx, span, in.Kind, in.Unit)
	if err != nil {
		return nil, err
	}
	out := &cohortsOut{}
	out.Body.Items, out.Body.AsOf = items, model.Milli(d.Figures.Now())
	out.Body.Rule = map[string]string{"new": "首次关注或首次打开小程序落在该期的人", "active": "该期活跃的人"}[in.Kind] +
		"中，第 n " + map[string]string{"day": "天", "week": "周", "month": "月"}[in.Unit] + "活跃（有使用行为）的人数；未过完的期留空。"
	return out, nil
}

type leftOutOut struct{ Body figure.LeftOut }

func (d *Door) leftOut(ctx context.Context, in *Range) (*leftOutOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	v, err := d.Figures.LeftOut(ctx, span)
	if err != nil {
		return nil, err
	}
	return &leftOutOut{v}, nil
}

type funnelIn struct {
	From        string            `json:"from" maxLength:"10"`
	To          string            `json:"to" maxLength:"10"`
	Steps       []funnelStep      `json:"steps" minItems:"2" maxItems:"10"`
	WindowHours *int              `json:"window_hours,omitempty" minimum:"0" maximum:"8784" doc:"from the entry, its end included; default 168"`
	Order       model.FunnelOrder `json:"order,omitempty" enum:"ordered,strict,any" default:"ordered"`
	Same        string            `json:"same,omitempty" doc:"property all steps share: article_id, course_id, lesson_id, campaign_id"`
	Breakdown   string            `json:"breakdown,omitempty" doc:"property the people are grouped by: channel, code, share_id, scene, appid or an id"`
	BreakdownAt string            `json:"breakdown_at,omitempty" doc:"whose value: entry (default), last, or the number of a step"`
	Compare     bool              `json:"compare,omitempty" doc:"also the same length directly before"`
}

type funnelStep struct {
	Type       model.EventType `json:"type" maxLength:"32"`
	ArticleID  int64           `json:"article_id,omitempty" minimum:"1"`
	CourseID   int64           `json:"course_id,omitempty" minimum:"1"`
	LessonID   int64           `json:"lesson_id,omitempty" minimum:"1"`
	CampaignID int64           `json:"campaign_id,omitempty" minimum:"1"`
	Channel    string          `json:"channel,omitempty" maxLength:"64"`
	Code       string          `json:"code,omitempty" maxLength:"64"`
}

func (in *funnelIn) question() (figure.Question, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	q := figure.Question{Span: span, Window: 7 * 24 * time.Hour, Order: in.Order, Same: in.Same, Breakdown: in.Breakdown, At: in.BreakdownAt}
	for _, s := range in.Steps {
		q.Steps = append(q.Steps, figure.Step(s))
	}
	if in.WindowHours != nil {
		q.Window = time.Duration(*in.WindowHours) * time.Hour
	}
	if q.Order == "" {
		q.Order = model.FunnelOrdered
	}
	return q, err
}

type funnelOut struct {
	Body struct {
		figure.Answer
		Previous *figure.Answer `json:"previous,omitempty"`
	}
}

func (d *Door) queryFunnel(ctx context.Context, in *struct{ Body funnelIn }) (*funnelOut, error) {
	q, err := in.Body.question()
	if err != nil {
		return nil, err
	}
	out := &funnelOut{}
	if out.Body.Answer, err = d.Figures.Funnel(ctx, q); err != nil {
		return nil, err
	}
	if in.Body.Compare {
		q.Span = q.Span.Before()
		before, err := d.Figures.Funnel(ctx, q)
		if err != nil {
			return nil, err
		}
		out.Body.Previous = &before
	}
	return out, nil
}

type entrantBody struct {
	PersonID   int64     `json:"person_id"`
	FollowerID int64     `json:"follower_id" doc:"the fan's page; 0: never followed"`
	LearnerID  int64     `json:"learner_id" doc:"the learner's page; 0: never in the Mini Program, or erased"`
	EnteredAt  time.Time `json:"entered_at"`
	LastAt     time.Time `json:"last_at" doc:"last step of the counted attempt"`
	Reached    int       `json:"reached" doc:"steps, the entry included"`
}

type entrantsOut struct{ Body respond.Page[entrantBody] }

func (d *Door) funnelPeople(ctx context.Context, in *struct {
	Step int `query:"step" required:"true" minimum:"1" maximum:"10"`
	PeoplePage
	Body funnelIn
}) (*entrantsOut, error) {
	q, err := in.Body.question()
	if err != nil {
		return nil, err
	}
	return in.people("funnel people", func(after int64, limit int) ([]figure.Entrant, bool, error) {
		return d.Figures.FunnelPeople(ctx, q, in.Step, after, limit)
	})
}
