package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/review"
)

func (d *Door) registerReview(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/reviews" + path, Summary: summary, Tags: []string{"reviews"}, MaxBodyBytes: 32 << 10}
	}
	create := op("writeReview", "POST", "", "Open a review by hand, about anything")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("reviews", "GET", "", "Reviews (PDCA), the latest first"), d.reviews)
	verb(d, api, model.RightRead, op("review", "GET", "/{id}", "One review"), d.review)
	verb(d, api, model.RightEdit, create, d.writeReview)
	verb(d, api, model.RightEdit, op("refreshReview", "POST", "/{id}/refresh", "Fill in the figures anew, while nobody decided"), d.refreshReview)
	verb(d, api, model.RightEdit, op("decideReview", "POST", "/{id}/decide", "Say what was seen and what follows; a next step becomes a task"), d.decideReview)
	verb(d, api, model.RightEdit, op("reopenReview", "POST", "/{id}/reopen", "Take a decision back"), d.reopenReview)
}

// ReviewBody is a review as the console shows it.
type ReviewBody struct {
	ID         int64                `json:"id"`
	Kind       model.ReviewKind     `json:"kind" enum:"article,campaign,free"`
	SubjectID  int64                `json:"subject_id" doc:"0 for a free one"`
	Title      string               `json:"title"`
	Stage      model.ReviewState    `json:"stage" enum:"open,acting,closed"`
	KPI        string               `json:"kpi"`
	Aim        string               `json:"aim" doc:"what was aimed at, and what came of it"`
	Met        *bool                `json:"met"`
	Hypothesis string               `json:"hypothesis"`
	From       string               `json:"from"`
	To         string               `json:"to"`
	Figures    []model.ReviewFigure `json:"figures"`
	FiguresAt  *time.Time           `json:"figures_at"`
	Finding    string               `json:"finding"`
	Decision   string               `json:"decision" enum:",keep,change,stop"`
	Next       string               `json:"next"`
	Owner      string               `json:"owner"`
	OwnerID    int64                `json:"owner_id"`
	Due        string               `json:"due"`
	TaskID     int64                `json:"task_id"`
	TaskDay    string               `json:"task_day"`
	OpenedAt   time.Time            `json:"opened_at"`
	OpenedBy   string               `json:"opened_by"`
	DecidedAt  *time.Time           `json:"decided_at"`
	DecidedBy  string               `json:"decided_by"`
	Version    int64                `json:"version"`
}

func viewReview(r review.Item) ReviewBody {
	b := ReviewBody{ID: r.ID, Kind: r.Kind, Title: r.Title, Stage: r.Stage, KPI: r.KPI, Aim: r.Aim(), Met: r.Met, Hypothesis: r.Hypothesis, Figures: r.Figures(), FiguresAt: model.UTC(r.FactsAt), Finding: r.Finding, Decision: r.Decision, Next: r.Next,
		Owner: r.Owner, OwnerID: r.OwnerID, Due: dayText(r.DueDay), TaskDay: dayText(r.TaskDay), OpenedAt: r.OpenedAt.UTC(), OpenedBy: r.OpenedBy, DecidedAt: model.UTC(r.DecidedAt), DecidedBy: r.DecidedBy, Version: r.Version, From: dayText(r.FirstDay), To: dayText(r.LastDay)}
	if r.SubjectID != nil {
		b.SubjectID = *r.SubjectID
	}
	if r.TaskID != nil {
		b.TaskID = *r.TaskID
	}
	return b
}

type reviewOut struct{ Body ReviewBody }

func reviewAnswer(r review.Item, err error) (*reviewOut, error) {
	if err != nil {
		return nil, err
	}
	return &reviewOut{viewReview(r)}, nil
}

type reviewsOut struct{ Body respond.Page[ReviewBody] }

func (d *Door) reviews(ctx context.Context, in *struct {
	Paging
	Stage string `query:"stage" enum:"open,acting,closed"`
}) (*reviewsOut, error) {
	scope := "reviews:" + in.Stage
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	list, err := d.Reviews.List(ctx, model.ReviewState(in.Stage), before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	return &reviewsOut{pageOf(list, in.PageSize, scope, func(r review.Item) int64 { return r.ID }, viewReview)}, nil
}

func (d *Door) review(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}) (*reviewOut, error) {
	return reviewAnswer(d.Reviews.One(ctx, in.ID))
}

func (d *Door) writeReview(ctx context.Context, in *struct {
	Body struct {
		Title      string `json:"title" maxLength:"500"`
		Hypothesis string `json:"hypothesis" maxLength:"2000"`
	}
}) (*reviewOut, error) {
	return reviewAnswer(d.Reviews.Write(ctx, OperatorFrom(ctx), in.Body.Title, in.Body.Hypothesis))
}

type reviewStep struct {
	ID   int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
	Body struct {
		Version int64 `json:"version" minimum:"1"`
	}
}

func (d *Door) refreshReview(ctx context.Context, in *reviewStep) (*reviewOut, error) {
	return reviewAnswer(d.Reviews.Refresh(ctx, OperatorFrom(ctx), in.ID, in.Body.Version))
}

func (d *Door) reopenReview(ctx context.Context, in *reviewStep) (*reviewOut, error) {
	return reviewAnswer(d.Reviews.Reopen(ctx, OperatorFrom(ctx), in.ID, in.Body.Version))
}

func (d *Door) decideReview(ctx context.Context, in *struct {
	ID   int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
	Body struct {
		Version  int64  `json:"version" minimum:"1"`
		Finding  string `json:"finding" maxLength:"4000"`
		Decision string `json:"decision" maxLength:"16" doc:"keep, change, stop"`
		Next     string `json:"next,omitempty" maxLength:"400" doc:"what to do, in one sentence: it becomes a task"`
		OwnerID  int64  `json:"owner_id,omitempty" minimum:"0" maximum:"9007199254740991" doc:"0: who decides"`
		Due      string `json:"due,omitempty" maxLength:"10"`
	}
}) (*reviewOut, error) {
	b := in.Body
	due, err := dayOf("due", b.Due)
	if err != nil {
		return nil, err
	}
	return reviewAnswer(d.Reviews.Decide(ctx, OperatorFrom(ctx), in.ID, b.Version, model.ReviewDecision{Finding: b.Finding, Decision: b.Decision, Next: b.Next, OwnerID: b.OwnerID, DueDay: due}))
}
