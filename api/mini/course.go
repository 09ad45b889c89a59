package mini

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/course"
)

func (d *Door) registerCourse(api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniCourses", Method: "GET", Path: "/mini/v1/courses", Summary: "Courses on sale, the newest first"}, d.courses)
	verb(d, api, huma.Operation{OperationID: "miniCategories", Method: "GET", Path: "/mini/v1/categories", Summary: "Categories that have courses on sale, the fullest first"}, d.categories)
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
	Kind          string               `json:"kind" enum:"course,bundle" doc:"bundle (专栏): several courses sold together, which has no lessons of its own"`
	Title         string               `json:"title"`
	Cover         string               `json:"cover" doc:"address a phone can load; may be empty"`
	Category      string               `json:"category"`
	Teacher       string               `json:"teacher"`
	Price         *model.Fen           `json:"price,omitempty" doc:"fen; absent where this terminal may not be sold to"`
	OriginalPrice *model.Fen           `json:"original_price,omitempty" doc:"fen, struck through"`
	FlashUntil    *time.Time           `json:"flash_until,omitempty" doc:"price is a flash price until then, and original_price what it costs afterwards"`
	SaleFrom      *time.Time           `json:"sale_from,omitempty" doc:"not sold before then; absent once it is"`
	SaleUntil     *time.Time           `json:"sale_until,omitempty" doc:"sold until then"`
	NotSold       string               `json:"not_sold,omitempty" doc:"why nobody can buy it now, in Chinese: before its time, after it, stopped, no seats left"`
	SeatsLeft     *int64               `json:"seats_left,omitempty" doc:"how many may still buy; absent where any number may"`
	LessonCount   int                  `json:"lesson_count" doc:"a bundle's: of all its courses"`
	CourseCount   int                  `json:"course_count,omitempty" doc:"how many courses are in the bundle"`
	Owned         bool                 `json:"owned"`
	Actions       []model.CourseAction `json:"actions" doc:"buy, claim, learn, trial, gift, pay, certificate: what this learner may do on this terminal"`
}

func (d *Door) viewCourse(s course.Shown) CourseCard {
	b := CourseCard{ID: s.ID, Kind: s.Kind(), CourseCount: len(s.Members), Title: s.Title, Cover: d.Media.Public(s.Cover), Category: s.Category, Teacher: s.Teacher,
		LessonCount: s.LessonCount, Owned: s.Owned, Actions: s.Offer.Actions}
	if s.Offer.ShowPrice {
		price := s.Offer.Price
		b.Price, b.OriginalPrice = &price, s.OriginalPrice
		if s.Offer.Flash {
			was := s.Price
			b.OriginalPrice, b.FlashUntil = &was, s.FlashUntil
		}
		b.SaleUntil, b.SeatsLeft = s.SaleUntil, s.SeatsLeft()
	}
	if b.NotSold = s.Offer.NotSold; b.NotSold != "" {
		b.SaleFrom, b.SaleUntil = s.Offer.Opens, nil
	}
	return b
}

type coursesOut struct{ Body respond.Page[CourseCard] }

func (d *Door) courses(ctx context.Context, in *struct {
	PageSize  int    `query:"page_size" default:"20" minimum:"1" maximum:"50"`
	PageToken string `query:"page_token" maxLength:"64"`
	Q         string `query:"q" maxLength:"50" doc:"in the title, the teacher or the category"`
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

type categoriesOut struct {
	Body struct {
		Items []categoryBody `json:"items"`
	}
}

type categoryBody struct {
	Name    string `json:"name" doc:"ask for its courses with category"`
	Courses int    `json:"courses" doc:"on sale"`
}

func (d *Door) categories(ctx context.Context, _ *struct{}) (*categoriesOut, error) {
	all, err := d.Courses.Categories(ctx)
	if err != nil {
		return nil, err
	}
	out := &categoriesOut{}
	out.Body.Items = make([]categoryBody, 0, len(all))
	for _, c := range all {
		out.Body.Items = append(out.Body.Items, categoryBody{Name: c.Name, Courses: c.Courses})
	}
	return out, nil
}

type miniLesson struct {
	ID              int64                `json:"id"`
	Chapter         string               `json:"chapter"`
	Title           string               `json:"title"`
	Kind            model.LessonKind     `json:"kind"`
	Seconds         int                  `json:"seconds"`
	Trial           bool                 `json:"trial"`
	Playable        bool                 `json:"playable" doc:"owned and released, or a trial"`
	PositionSeconds int                  `json:"position_seconds"`
	Finished        bool                 `json:"finished"`
	Quiz            bool                 `json:"quiz" doc:"it has a quiz, and is finished by passing it"`
	Homework        *lessonHomework      `json:"homework,omitempty" doc:"it has homework (作业), for who has the course"`
	Actions         []model.CourseAction `json:"actions" doc:"learn, trial: what the learner may do with it now"`
	Reason          string               `json:"reason,omitempty" doc:"why it cannot be opened now, in Chinese"`
	OpensAt         *time.Time           `json:"opens_at,omitempty" doc:"when the plan releases it, where that is known"`
}

type lessonHomework struct {
	Title  string              `json:"title"`
	State  model.HomeworkState `json:"state" enum:",waiting,marked,returned" doc:"of the latest hand-in; empty: none yet"`
	Counts bool                `json:"counts" doc:"the lesson is finished by passing it"`
}

// unpaidOrder is opened and paid at GET /mini/v1/orders/{out_trade_no}.
type unpaidOrder struct {
	OutTradeNo string          `json:"out_trade_no"`
	Kind       model.OrderKind `json:"kind" enum:"self,gift" doc:"gift: bought for a friend"`
	Amount     model.Fen       `json:"amount" doc:"fen"`
	ExpiresAt  time.Time       `json:"expires_at" doc:"last moment to pay"`
}

// MemberCard is a course in a bundle. It is exported because the document leaves out fields of an embedded type that is not.
type MemberCard struct {
	CourseCard
	State string `json:"state" enum:"owned,locked" doc:"owned: this learner may open it, by the bundle or otherwise"`
	Page  bool   `json:"page" doc:"its own page can be opened; a course that was taken out of the shop has one for owners alone"`
}

type courseOut struct {
	Body struct {
		CourseCard
		Intro   string       `json:"intro" doc:"HTML, cleaned"`
		Vias    []model.Via  `json:"vias" doc:"roads of payment open here, the preferred one first"`
		Refund  string       `json:"refund,omitempty" doc:"when the money can come back, in Chinese; absent where nothing is paid here"`
		Lessons []miniLesson `json:"lessons"`
		Members []MemberCard `json:"members,omitempty" doc:"a bundle's courses, in order"`
		Mine    int          `json:"members_owned,omitempty" doc:"how many of them this learner may open"`

		Unpaid      []unpaidOrder    `json:"unpaid" doc:"this learner's orders of the course that wait for their money and can be paid on this terminal: actions has pay"`
		Certificate *certificateBody `json:"certificate,omitempty" doc:"the one this learner took"`
	}
}

func (d *Door) course(ctx context.Context, in *IDPath) (*courseOut, error) {
	who := CallerFrom(ctx)
	s, lessons, err := d.Courses.Page(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	unpaid, err := d.Orders.Unpaid(ctx, who.LearnerID, in.ID)
	if err != nil {
		return nil, err
	}
	s, unpaid = d.Courses.Waiting(s, who, unpaid)
	done, err := d.Progress.OfCourse(ctx, who.LearnerID, in.ID)
	if err != nil {
		return nil, err
	}
	out := &courseOut{}
	out.Body.CourseCard, out.Body.Intro, out.Body.Vias = d.viewCourse(s), d.Media.SignHTML(s.Intro), s.Offer.Vias
	if s.Offer.ShowPrice && s.Price > 0 {
		out.Body.Refund = s.RefundRule.Words()
	}
	out.Body.Unpaid = make([]unpaidOrder, 0, len(unpaid))
	for _, o := range unpaid {
		out.Body.Unpaid = append(out.Body.Unpaid, unpaidOrder{OutTradeNo: o.OutTradeNo, Kind: o.Kind, Amount: o.Amount, ExpiresAt: o.ExpiresAt})
	}
	out.Body.Lessons = make([]miniLesson, 0, len(lessons))
	homework, err := d.Homework.OfCourse(ctx, who.LearnerID, in.ID)
	if err != nil {
		return nil, err
	}
	plan, err := d.Courses.Plan(ctx, who, s, lessons)
	if err != nil {
		return nil, err
	}
	for _, l := range lessons {
		p, x := done[l.ID], plan[l.ID]
		out.Body.Lessons = append(out.Body.Lessons, miniLesson{ID: l.ID, Chapter: l.Chapter, Title: l.Title, Kind: l.Kind, Seconds: l.Seconds, Trial: l.Trial,
			Playable: len(x.Actions) > 0, PositionSeconds: p.Position, Finished: p.FinishedAt != nil, Quiz: l.Quiz != nil, Actions: x.Actions, Reason: x.Why, OpensAt: x.OpensAt})
		if h, ok := homework[l.ID]; ok {
			out.Body.Lessons[len(out.Body.Lessons)-1].Homework = &lessonHomework{Title: h.Title, State: h.State, Counts: h.Counts}
		}
	}
	members, err := d.Courses.ShownMembers(ctx, who, s.Row)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		card := MemberCard{CourseCard: d.viewCourse(m), State: "locked", Page: m.Visible(m.Owned)}
		if m.Owned {
			card.State, out.Body.Mine = "owned", out.Body.Mine+1
		}
		out.Body.Members = append(out.Body.Members, card)
	}
	if s.Owned {
		if err := d.certificateOf(ctx, who, s, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}
