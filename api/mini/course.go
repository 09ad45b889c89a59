package mini

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/course"
)

func (d *Door) registerCourse(api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniCourses", Method: "GET", Path: "/mini/v1/courses", Summary: "Courses on sale, the newest first"}, d.courses)
	verb(d, api, huma.Operation{OperationID: "miniCourse", Method: "GET", Path: "/mini/v1/courses/{id}", Summary: "A course, its lessons, and what this learner may do with it here"}, d.course)
}

// IDPath is one of our numbers in an address. It is exported because an embedded type that is not is not read.
type IDPath struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

// CourseCard is a course in a list. It is exported because the document leaves out fields of an embedded
// type that is not.
type CourseCard struct {
	ID            int64                `json:"id"`
	Title         string               `json:"title"`
	Cover         string               `json:"cover" doc:"address a phone can load; may be empty"`
	Category      string               `json:"category"`
	Teacher       string               `json:"teacher"`
	Price         *model.Fen           `json:"price,omitempty" doc:"fen; absent where this terminal may not be sold to"`
	OriginalPrice *model.Fen           `json:"original_price,omitempty" doc:"fen, struck through"`
	LessonCount   int                  `json:"lesson_count"`
	Owned         bool                 `json:"owned"`
	Actions       []model.CourseAction `json:"actions" doc:"buy, claim, learn, trial: what this learner may do on this terminal"`
}

func (d *Door) viewCourse(s course.Shown) CourseCard {
	b := CourseCard{ID: s.ID, Title: s.Title, Cover: d.Media.Public(s.Cover), Category: s.Category, Teacher: s.Teacher,
		LessonCount: s.LessonCount, Owned: s.Owned, Actions: s.Offer.Actions}
	if s.Offer.ShowPrice {
		price := s.Price
		b.Price, b.OriginalPrice = &price, s.OriginalPrice
	}
	return b
}

type coursesOut struct{ Body respond.Page[CourseCard] }

func (d *Door) courses(ctx context.Context, in *struct {
	PageSize  int    `query:"page_size" default:"20" minimum:"1" maximum:"50"`
	PageToken string `query:"page_token" maxLength:"64"`
	Q         string `query:"q" maxLength:"50"`
	Category  string `query:"category" maxLength:"20"`
}) (*coursesOut, error) {
	scope := "mini.courses\x00" + in.Q + "\x00" + in.Category
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	shown, next, err := d.Courses.Shop(ctx, CallerFrom(ctx), course.Filter{Q: in.Q, Category: in.Category, Before: before, Limit: in.PageSize})
	if err != nil {
		return nil, err
	}
	items := make([]CourseCard, 0, len(shown))
	for _, s := range shown {
		items = append(items, d.viewCourse(s))
	}
	return &coursesOut{Body: respond.NewPage(items, respond.PageToken(scope, next))}, nil
}

type miniLesson struct {
	ID              int64            `json:"id"`
	Chapter         string           `json:"chapter"`
	Title           string           `json:"title"`
	Kind            model.LessonKind `json:"kind"`
	Seconds         int              `json:"seconds"`
	Trial           bool             `json:"trial"`
	Playable        bool             `json:"playable" doc:"owned, or a trial"`
	PositionSeconds int              `json:"position_seconds"`
	Finished        bool             `json:"finished"`
}

type courseOut struct {
	Body struct {
		CourseCard
		Intro   string       `json:"intro" doc:"HTML, cleaned"`
		Vias    []model.Via  `json:"vias" doc:"roads of payment open here, the preferred one first"`
		Refund  string       `json:"refund,omitempty" doc:"when the money can come back, in Chinese; absent where nothing is paid here"`
		Lessons []miniLesson `json:"lessons"`
	}
}

func (d *Door) course(ctx context.Context, in *IDPath) (*courseOut, error) {
	who := CallerFrom(ctx)
	s, lessons, err := d.Courses.Page(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	done, err := d.Progress.OfCourse(ctx, who.LearnerID, in.ID)
	if err != nil {
		return nil, err
	}
	out := &courseOut{}
	out.Body.CourseCard, out.Body.Intro, out.Body.Vias = d.viewCourse(s), d.Media.SignHTML(s.Intro), s.Offer.Vias
	if s.Offer.ShowPrice && s.Price > 0 {
		out.Body.Refund = s.RefundRule.Words()
	}
	out.Body.Lessons = make([]miniLesson, 0, len(lessons))
	for _, l := range lessons {
		p := done[l.ID]
		out.Body.Lessons = append(out.Body.Lessons, miniLesson{ID: l.ID, Chapter: l.Chapter, Title: l.Title, Kind: l.Kind, Seconds: l.Seconds, Trial: l.Trial,
			Playable: s.Owned || l.Trial, PositionSeconds: p.Position, Finished: p.FinishedAt != nil})
	}
	return out, nil
}
