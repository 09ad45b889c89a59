package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/figure"
	"loudou/service/iteration"
)

func (d *Door) registerQuality(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/courses/{id}" + path, Summary: summary, Tags: []string{"courses"}, MaxBodyBytes: 16 << 10}
	}
	begin := op("beginIteration", "POST", "/iterations", "Plan the next version of a course as a task, with the figures as they are now")
	begin.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("courseQuality", "GET", "/quality", "Where learners of a course stop, what they finish, why money went back"), d.courseQuality)
	verb(d, api, model.RightRead, op("courseQualityPeople", "GET", "/quality/people", "The people behind a number of a course's quality"), d.courseQualityPeople)
	verb(d, api, model.RightRead, op("iterations", "GET", "/iterations", "The next versions of a course with their figures before and after"), d.iterations)
	verb(d, api, model.RightEdit, begin, d.beginIteration)
}

type qualityOut struct{ Body figure.Quality }

func (d *Door) courseQuality(ctx context.Context, in *ThingRange) (*qualityOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	q, err := d.Figures.Quality(ctx, in.ID, span)
	if err != nil {
		return nil, err
	}
	return &qualityOut{q}, nil
}

func (d *Door) courseQualityPeople(ctx context.Context, in *struct {
	ThingRange
	Part     figure.QualityPart `query:"part" required:"true" enum:"learners,completed,learning,exercisers,commenters,refunded,stopped,reached,finished,went_on,left,place"`
	LessonID int64              `query:"lesson_id" minimum:"1" maximum:"9007199254740991"`
	Tenth    int                `query:"tenth" minimum:"1" maximum:"10" doc:"of a lesson's length, for part place"`
	Reason   string             `query:"reason" maxLength:"2000" doc:"of refunds, for part refunded; absent: any"`
	Bare     bool               `query:"bare" doc:"refunds with no reason written, for part refunded"`
	PeoplePage
}) (*entrantsOut, error) {
	span, err := figure.ParseSpan(in.From, in.To)
	if err != nil {
		return nil, err
	}
	which := figure.QualityWhich{Part: in.Part, Lesson: in.LessonID, Tenth: in.Tenth, Reason: in.Reason, Bare: in.Bare}
	return in.people("course people", func(after int64, limit int) ([]figure.Entrant, bool, error) {
		return d.Figures.QualityPeople(ctx, in.ID, span, which, after, limit)
	})
}

type iterationBody struct {
	ID        int64           `json:"id"`
	LessonID  int64           `json:"lesson_id" doc:"0: the whole course"`
	Title     string          `json:"title"`
	Note      string          `json:"note"`
	From      string          `json:"from" doc:"whose beginners the figures are of"`
	To        string          `json:"to"`
	Task      TaskBody        `json:"task"`
	Removed   bool            `json:"removed" doc:"the task was taken away"`
	Before    []model.Measure `json:"before" doc:"as they were when it was made"`
	Again     []model.Measure `json:"again" doc:"of the same beginners, counted now"`
	After     []model.Measure `json:"after" doc:"of those who began since it was done; empty while there are none"`
	AfterFrom string          `json:"after_from" doc:"empty until the task is done"`
	AfterTo   string          `json:"after_to"`
	Gone      bool            `json:"gone" doc:"its lesson is no longer in the course"`
	CreatedBy string          `json:"created_by"`
	CreatedAt time.Time       `json:"created_at"`
}

func viewIteration(v iteration.View, now time.Time) iterationBody {
	some := func(m []model.Measure) []model.Measure {
		if m == nil {
			return []model.Measure{}
		}
		return m
	}
	return iterationBody{ID: v.ID, LessonID: v.LessonID, Title: v.Title, Note: v.Note, From: model.DayName(v.FirstDay), To: model.DayName(v.LastDay), Task: viewTask(v.Task, model.TaskOnce, now), Removed: v.Task.RemovedAt != nil,
		Before: some(v.Then), Again: some(v.Again), After: some(v.After), AfterFrom: dayText(v.AfterFrom), AfterTo: dayText(v.AfterTo), Gone: v.Gone, CreatedBy: v.CreatedBy, CreatedAt: v.CreatedAt.UTC()}
}

type iterationsOut struct {
	Body struct {
		Items []iterationBody `json:"items"`
	}
}

func (d *Door) iterations(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}) (*iterationsOut, error) {
	list, err := d.Iterations.List(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &iterationsOut{}
	out.Body.Items = []iterationBody{}
	for _, v := range list {
		out.Body.Items = append(out.Body.Items, viewIteration(v, d.Plan.Now()))
	}
	return out, nil
}

type iterationOut struct{ Body iterationBody }

func (d *Door) beginIteration(ctx context.Context, in *struct {
	ID   int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
	Body struct {
		From      string `json:"from" maxLength:"10" doc:"whose beginners the figures are of, 2026-01-31"`
		To        string `json:"to" maxLength:"10"`
		LessonID  int64  `json:"lesson_id,omitempty" minimum:"0" maximum:"9007199254740991" doc:"0: the whole course"`
		Title     string `json:"title" maxLength:"200"`
		Note      string `json:"note,omitempty" maxLength:"2000"`
		Day       string `json:"day,omitempty" maxLength:"10" doc:"of the task; empty: none yet"`
		Estimated int    `json:"estimated_minutes,omitempty" minimum:"0" maximum:"1440"`
	}
}) (*iterationOut, error) {
	b := in.Body
	span, err := figure.ParseSpan(b.From, b.To)
	if err != nil {
		return nil, err
	}
	day, err := dayOf("day", b.Day)
	if err != nil {
		return nil, err
	}
	v, err := d.Iterations.Begin(ctx, OperatorFrom(ctx), in.ID, iteration.Input{LessonID: b.LessonID, FirstDay: span.First, LastDay: span.Last, Title: b.Title, Note: b.Note, Day: day, Estimated: b.Estimated})
	if err != nil {
		return nil, err
	}
	return &iterationOut{viewIteration(v, d.Plan.Now())}, nil
}
