package console

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/course"
)

func (d *Door) registerCourse(api huma.API) {
	tags := []string{"courses"}
	op := func(id, method, path, what string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: what, Tags: tags}
	}
	create := op("addCourse", "POST", "/courses", "Draft a course")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("listCourses", "GET", "/courses", "Courses, the newest first"), d.listCourses)
	verb(d, api, model.RightEdit, create, d.addCourse)
	verb(d, api, model.RightRead, op("course", "GET", "/courses/{id}", "A course with its lessons, its prices and what each terminal is offered"), d.course)
	verb(d, api, model.RightEdit, op("changeCourse", "PUT", "/courses/{id}", "Change a course; fields left out stay"), d.changeCourse)
	verb(d, api, model.RightRead, op("courseWaiting", "GET", "/courses/{id}/waiting", "Who holds an unpaid order for the course, by the price it was placed at: to be said before a price is changed"), d.courseWaiting)
	verb(d, api, model.RightEdit, op("publishCourse", "POST", "/courses/{id}/publish", "Put a course on sale (上架)"), d.moveCourse(func(ctx context.Context, by model.Operator, id int64) (model.Course, error) {
		return d.Courses.Publish(ctx, by, id)
	}))
	verb(d, api, model.RightEdit, op("unpublishCourse", "POST", "/courses/{id}/unpublish", "Take a course out of the shop (下架); who owns it learns on"), d.moveCourse(func(ctx context.Context, by model.Operator, id int64) (model.Course, error) {
		return d.Courses.Unpublish(ctx, by, id)
	}))
	verb(d, api, model.RightEdit, op("stopCourse", "POST", "/courses/{id}/stop", "End the sale (停售) and keep the page"), d.moveCourse(func(ctx context.Context, by model.Operator, id int64) (model.Course, error) {
		return d.Courses.Stop(ctx, by, id)
	}))
	d.registerMembers(api, op)
}

// IDPath is one of our numbers in an address. It is exported because an embedded type that is not is not read.
type IDPath struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

// maybe is a field that may be left out, be null, or have a value; the three mean different things.
type maybe[T any] struct {
	Sent  bool
	Value *T // nil: null
}

// UnmarshalJSON is only called for a field that was sent.
func (m *maybe[T]) UnmarshalJSON(b []byte) error {
	m.Sent = true
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	return json.Unmarshal(b, &m.Value)
}

// Schema describes the value itself, nullable.
func (m maybe[T]) Schema(r huma.Registry) *huma.Schema {
	s := *r.Schema(reflect.TypeFor[T](), true, "")
	s.Nullable = true
	return &s
}

// CourseBody is a course in a list. It is exported because the document leaves out fields of an embedded type
// that is not.
type CourseBody struct {
	ID            int64              `json:"id"`
	Kind          string             `json:"kind" enum:"course,bundle" doc:"bundle (专栏): several courses sold together, which has no lessons of its own"`
	Title         string             `json:"title"`
	Price         model.Fen          `json:"price" doc:"fen"`
	OriginalPrice *model.Fen         `json:"original_price" nullable:"true" doc:"fen, struck through"`
	Cover         string             `json:"cover"`
	Category      string             `json:"category"`
	Teacher       string             `json:"teacher"`
	RefundRule    refundRuleBody     `json:"refund_rule"`
	Sale          saleBody           `json:"sale"`
	SeatsTaken    int64              `json:"seats_taken" doc:"by orders that may still be paid or are, since there are seats"`
	Certificate   bool               `json:"certificate" doc:"who finishes every lesson may take a certificate"`
	Playing       playingBody        `json:"playing"`
	Status        model.CourseStatus `json:"status" enum:"draft,on_sale,stopped,withdrawn"`
	LessonCount   int                `json:"lesson_count" doc:"a bundle's: of all its courses"`
	CourseCount   int                `json:"course_count" doc:"how many courses are in the bundle"`
	GoodsID       string             `json:"goods_id" doc:"number at virtual payment; empty where none is needed"`
	GoodsStatus   model.GoodsStatus  `json:"goods_status" doc:"empty, pending, published or failed"`
	GoodsError    string             `json:"goods_error"`
	Version       int64              `json:"version" doc:"send it back with a change"`
	UpdatedBy     string             `json:"updated_by"`
	PublishedAt   *time.Time         `json:"published_at" nullable:"true"`
	CreatedAt     time.Time          `json:"created_at"`
	UpdatedAt     time.Time          `json:"updated_at"`
}

func viewCourse(c course.Row) CourseBody {
	return CourseBody{ID: c.ID, Kind: c.Kind(), CourseCount: len(c.Members), Title: c.Title, Price: c.Price, OriginalPrice: c.OriginalPrice, Cover: c.Cover, Category: c.Category, Teacher: c.Teacher,
		RefundRule: viewRule(c.RefundRule), Sale: viewSale(c.Sale), SeatsTaken: c.SeatsTaken, Certificate: c.Certificate, Playing: playingBody(c.Playing), Status: c.Status, LessonCount: c.LessonCount, GoodsID: c.GoodsID, GoodsStatus: c.GoodsStatus, GoodsError: c.GoodsError,
		Version: c.Version, UpdatedBy: c.UpdatedBy, PublishedAt: c.PublishedAt, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
}

// playingBody is how a learner's phone plays a course.
type playingBody struct {
	Watermark bool `json:"watermark" doc:"the learner's number runs over films, sounds and texts"`
	NoForward bool `json:"no_forward" doc:"what was not played yet cannot be skipped"`
}

// refundRuleBody is a refund rule as the console shows it.
type refundRuleBody struct {
	Days    int              `json:"days" doc:"since payment, within which a learner may ask; 0: never"`
	Minutes *int             `json:"minutes" nullable:"true" doc:"watched at most; null: however many"`
	Lessons *int             `json:"lessons" nullable:"true" doc:"finished at most; null: however many"`
	Over    model.RefundOver `json:"over" enum:"person,refuse" doc:"what happens to who studied more"`
	Words   string           `json:"words" doc:"as buyers read it"`
}

func viewRule(r model.RefundRule) refundRuleBody {
	return refundRuleBody{Days: r.Days, Minutes: r.Minutes, Lessons: r.Lessons, Over: r.Over, Words: r.Words()}
}

// saleBody is when a course is sold and its flash price, as the console reads and writes it; written, it replaces the whole.
type saleBody struct {
	SaleFrom   *time.Time `json:"sale_from,omitempty" nullable:"true" doc:"sold from; null: as soon as it is on sale"`
	SaleUntil  *time.Time `json:"sale_until,omitempty" nullable:"true" doc:"sold until; null: no end"`
	FlashPrice *model.Fen `json:"flash_price,omitempty" nullable:"true" doc:"fen, in force from flash_from until flash_until; null: none"`
	FlashFrom  *time.Time `json:"flash_from,omitempty" nullable:"true"`
	FlashUntil *time.Time `json:"flash_until,omitempty" nullable:"true"`
	Seats      *int64     `json:"seats,omitempty" nullable:"true" doc:"how many may buy; null: any number"`
}

func viewSale(s model.Sale) saleBody {
	return saleBody{SaleFrom: s.SaleFrom, SaleUntil: s.SaleUntil, FlashPrice: s.FlashPrice, FlashFrom: s.FlashFrom, FlashUntil: s.FlashUntil, Seats: s.Seats}
}

// refundRuleIn is a refund rule an operator wrote; it replaces the whole.
type refundRuleIn struct {
	Days    int              `json:"days"`
	Minutes *int             `json:"minutes,omitempty" nullable:"true"`
	Lessons *int             `json:"lessons,omitempty" nullable:"true"`
	Over    model.RefundOver `json:"over"`
}

type coursesOut struct{ Body respond.Page[CourseBody] }

func (d *Door) listCourses(ctx context.Context, in *struct {
	PageSize  int    `query:"page_size" default:"20" minimum:"1" maximum:"100"`
	PageToken string `query:"page_token" maxLength:"64"`
	Q         string `query:"q" maxLength:"50"`
	Status    string `query:"status" enum:"draft,on_sale,stopped,withdrawn"`
	Category  string `query:"category" maxLength:"20"`
}) (*coursesOut, error) {
	scope := "console.courses\x00" + in.Q + "\x00" + in.Status + "\x00" + in.Category
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	rows, next, err := d.Courses.List(ctx, course.Filter{Q: in.Q, Status: model.CourseStatus(in.Status), Category: in.Category, Before: before, Limit: in.PageSize})
	if err != nil {
		return nil, err
	}
	items := make([]CourseBody, 0, len(rows))
	for _, r := range rows {
		items = append(items, viewCourse(r))
	}
	return &coursesOut{Body: respond.NewPage(items, respond.PageToken(scope, next))}, nil
}

// CourseFields is what an operator types. A text left out stays as it is; original_price null is none.
type CourseFields struct {
	Intro         *string          `json:"intro,omitempty" doc:"HTML; cleaned"`
	Cover         *string          `json:"cover,omitempty" doc:"address of an uploaded picture, or an https address"`
	Category      *string          `json:"category,omitempty"`
	Teacher       *string          `json:"teacher,omitempty"`
	OriginalPrice maybe[model.Fen] `json:"original_price,omitempty" doc:"fen; null or 0 for none"`
	RefundRule    *refundRuleIn    `json:"refund_rule,omitempty" doc:"counts for orders placed from now on"`
	Sale          *saleBody        `json:"sale,omitempty" doc:"when it is sold, and its flash price; counts from now on"`
	Certificate   *bool            `json:"certificate,omitempty" doc:"who finishes every lesson may take a certificate"`
	Playing       *playingBody     `json:"playing,omitempty" doc:"how the phone plays it; counts from now on"`
}

func (in CourseFields) draft(title *string, price *model.Fen) course.Draft {
	d := course.Draft{Title: title, Price: price, Intro: in.Intro, Cover: in.Cover, Category: in.Category, Teacher: in.Teacher, Certificate: in.Certificate}
	if x := in.Playing; x != nil {
		p := model.Playing(*x)
		d.Playing = &p
	}
	if r := in.RefundRule; r != nil {
		d.RefundRule = &model.RefundRule{Days: r.Days, Minutes: r.Minutes, Lessons: r.Lessons, Over: r.Over}
	}
	if x := in.Sale; x != nil {
		d.Sale = &model.Sale{SaleFrom: x.SaleFrom, SaleUntil: x.SaleUntil, FlashPrice: x.FlashPrice, FlashFrom: x.FlashFrom, FlashUntil: x.FlashUntil, Seats: x.Seats}
	}
	if in.OriginalPrice.Sent {
		none := model.Fen(0)
		if d.OriginalPrice = in.OriginalPrice.Value; d.OriginalPrice == nil {
			d.OriginalPrice = &none
		}
	}
	return d
}

type courseOut struct {
	Body struct {
		CourseBody
		Intro   string       `json:"intro"`
		DraftOf int64        `json:"draft_of" doc:"this is the draft of that course; 0: it is a course"`
		DraftID int64        `json:"draft_id" doc:"of the course's draft; 0: none"`
		Lessons []LessonBody `json:"lessons" doc:"in order, without their texts"`
		Prices  []priceBody  `json:"prices" doc:"history, the newest first"`
		Offers  []offerBody  `json:"offers" doc:"what a stranger is offered, by terminal"`
		Members []CourseBody `json:"members" doc:"a bundle's courses, in order"`
		Bundles []bundleLine `json:"bundles" doc:"the bundles the course is in"`
	}
}

type bundleLine struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
}

type priceBody struct {
	Price         model.Fen  `json:"price"`
	OriginalPrice *model.Fen `json:"original_price" nullable:"true"`
	FlashPrice    *model.Fen `json:"flash_price,omitempty" doc:"fen, in force from flash_from until flash_until, unless a newer line says otherwise"`
	FlashFrom     *time.Time `json:"flash_from,omitempty"`
	FlashUntil    *time.Time `json:"flash_until,omitempty"`
	By            string     `json:"by"`
	At            time.Time  `json:"at"`
}

type offerBody struct {
	Platform  model.Platform       `json:"platform"`
	Actions   []model.CourseAction `json:"actions"`
	ShowPrice bool                 `json:"show_price"`
	Vias      []model.Via          `json:"vias"`
}

type waitingOut struct {
	Body struct {
		Items []waitingBody `json:"items"`
	}
}

type waitingBody struct {
	Price  model.Fen `json:"price" doc:"fen; the course's when the orders were placed, and what they will pay, less their coupons"`
	People int64     `json:"people"`
}

func (d *Door) courseWaiting(ctx context.Context, in *IDPath) (*waitingOut, error) {
	if _, err := d.Courses.Get(ctx, in.ID); err != nil {
		return nil, err
	}
	list, err := d.Orders.Waiting(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &waitingOut{}
	out.Body.Items = []waitingBody{}
	for _, w := range list {
		out.Body.Items = append(out.Body.Items, waitingBody{Price: w.Price, People: w.People})
	}
	return out, nil
}

func (d *Door) course(ctx context.Context, in *IDPath) (*courseOut, error) {
	return d.wholeCourse(ctx, in.ID)
}

func (d *Door) wholeCourse(ctx context.Context, id int64) (*courseOut, error) {
	r, err := d.Courses.Desk(ctx, id)
	if err != nil {
		return nil, err
	}
	draft, err := d.Courses.DraftID(ctx, id)
	if err != nil {
		return nil, err
	}
	lessons, err := d.Courses.Lessons(ctx, id)
	if err != nil {
		return nil, err
	}
	prices, err := d.Courses.Prices(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &courseOut{}
	out.Body.CourseBody, out.Body.Intro, out.Body.DraftID = viewCourse(r), r.Intro, draft
	if r.DraftOf != nil {
		out.Body.DraftOf = *r.DraftOf
	}
	out.Body.Lessons, out.Body.Prices, out.Body.Offers = []LessonBody{}, []priceBody{}, []offerBody{}
	out.Body.Members, out.Body.Bundles = []CourseBody{}, []bundleLine{}
	members, err := d.Courses.Members(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		out.Body.Members = append(out.Body.Members, viewCourse(m))
	}
	bundles, err := d.Courses.Bundles(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, b := range bundles {
		out.Body.Bundles = append(out.Body.Bundles, bundleLine{ID: b.ID, Title: b.Title})
	}
	for _, l := range lessons {
		out.Body.Lessons = append(out.Body.Lessons, viewLesson(l))
	}
	for _, p := range prices {
		out.Body.Prices = append(out.Body.Prices, priceBody{Price: p.Price, OriginalPrice: p.OriginalPrice, FlashPrice: p.FlashPrice, FlashFrom: p.FlashFrom, FlashUntil: p.FlashUntil, By: p.OperatorName, At: p.CreatedAt})
	}
	for _, p := range []model.Platform{model.PlatformAndroid, model.PlatformIOS, model.PlatformOHOS, model.PlatformWindows, model.PlatformMac} {
		o := d.Courses.Preview(r, p)
		out.Body.Offers = append(out.Body.Offers, offerBody{Platform: p, Actions: o.Actions, ShowPrice: o.ShowPrice, Vias: o.Vias})
	}
	return out, nil
}

func (d *Door) addCourse(ctx context.Context, in *struct {
	Body struct {
		Kind  string    `json:"kind,omitempty" enum:"course,bundle" doc:"cannot be changed later; course when left out"`
		Title string    `json:"title"`
		Price model.Fen `json:"price" doc:"fen; 0 is free"`
		CourseFields
	}
}) (*courseOut, error) {
	draft := in.Body.draft(&in.Body.Title, &in.Body.Price)
	draft.Bundle = in.Body.Kind == "bundle"
	c, err := d.Courses.Create(ctx, OperatorFrom(ctx), draft)
	if err != nil {
		return nil, err
	}
	return d.wholeCourse(ctx, c.ID)
}

func (d *Door) changeCourse(ctx context.Context, in *struct {
	IDPath
	Body struct {
		Title   *string    `json:"title,omitempty"`
		Price   *model.Fen `json:"price,omitempty" doc:"fen; counts for orders placed from now on"`
		Version int64      `json:"version,omitempty" minimum:"0" doc:"the one that was read; 409 when somebody saved since"`
		CourseFields
	}
}) (*courseOut, error) {
	if _, err := d.Courses.Change(ctx, OperatorFrom(ctx), in.ID, in.Body.Version, in.Body.draft(in.Body.Title, in.Body.Price)); err != nil {
		return nil, err
	}
	return d.wholeCourse(ctx, in.ID)
}

func (d *Door) moveCourse(move func(context.Context, model.Operator, int64) (model.Course, error)) func(context.Context, *movedCourse) (*courseOut, error) {
	return func(ctx context.Context, in *movedCourse) (*courseOut, error) {
		if _, err := move(ctx, OperatorFrom(ctx), in.ID); err != nil {
			return nil, err
		}
		return d.wholeCourse(ctx, in.ID)
	}
}

// movedCourse may come with an empty object or with nothing.
type movedCourse struct {
	IDPath
	Body *struct{} `required:"false"`
}
