package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/grant"
)

func (d *Door) registerAccess(api huma.API) {
	tags := []string{"access"}
	verb(d, api, model.RightRead, huma.Operation{OperationID: "refundFacts", Method: "GET", Path: "/console/v1/orders/{no}/refund-facts", Summary: "What a refund of the order is decided by", Tags: tags}, d.refundFacts)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "access", Method: "GET", Path: "/console/v1/learners/{learner_id}/courses/{course_id}/access", Summary: "Why a learner may see a course, or why not", Tags: tags}, d.access)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "learnerAccess", Method: "GET", Path: "/console/v1/learners/{learner_id}/access", Summary: "The courses a learner has or had to do with, and whether each is open", Tags: tags}, d.learnerAccess)
	verb(d, api, model.RightOwn, huma.Operation{OperationID: "learnerPhone", Method: "POST", Path: "/console/v1/learners/{learner_id}/phone", Summary: "A learner's phone number in clear; who saw it is written down", Tags: tags}, d.learnerPhone)
	give := huma.Operation{OperationID: "giveCourse", Method: "POST", Path: "/console/v1/learners/{learner_id}/grants", Summary: "Open a course to a learner by hand", Tags: tags, MaxBodyBytes: 4 << 10, DefaultStatus: http.StatusCreated}
	verb(d, api, model.RightMoney, give, d.giveCourse)
	verb(d, api, model.RightMoney, huma.Operation{OperationID: "takeBackGrant", Method: "POST", Path: "/console/v1/grants/{id}/take-back", Summary: "End a grant that was given by hand or brought along", Tags: tags, MaxBodyBytes: 4 << 10}, d.takeBackGrant)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "accessSuspects", Method: "GET", Path: "/console/v1/access/suspects", Summary: "Paid orders without a grant, and grants without a reason: none, when all is well", Tags: tags}, d.suspects)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "fees", Method: "GET", Path: "/console/v1/fees", Summary: "What selling cost: WeChat's fee and what is left, by channel, course or article", Tags: []string{"bills"}}, d.fees)
}

type factsOut struct {
	Body struct {
		Days            int        `json:"days" doc:"whole days since payment"`
		Rule            string     `json:"rule" doc:"the order's refund rule, in Chinese"`
		Verdict         string     `json:"verdict" enum:"allowed,person,refused" doc:"what the rule makes of a refund now"`
		VerdictWords    string     `json:"verdict_words" doc:"the same as the learner reads it"`
		Gift            string     `json:"gift,omitempty" enum:"waiting,frozen,opened,void" doc:"what became of the gift, where the order is one"`
		Apple           bool       `json:"apple" doc:"paid on iOS: only Apple gives back"`
		Lessons         int        `json:"lessons"`
		Begun           int        `json:"begun"`
		Finished        int        `json:"finished"`
		WatchedSeconds  int        `json:"watched_seconds" doc:"the furthest position of each lesson, added up"`
		TotalSeconds    int        `json:"total_seconds" doc:"of the lessons whose length is known"`
		LastStudied     *time.Time `json:"last_studied,omitempty"`
		OtherOrders     int64      `json:"other_orders" doc:"paid orders of the learner besides this one"`
		EarlierRefunds  int64      `json:"earlier_refunds"`
		EarlierRefunded model.Fen  `json:"earlier_refunded" doc:"fen"`
		Refused         int64      `json:"refused" doc:"refunds that were refused to the learner"`
		Hints           []string   `json:"hints" doc:"what should not be overlooked, in Chinese"`
	}
}

func (d *Door) refundFacts(ctx context.Context, in *OrderNoPath) (*factsOut, error) {
	_, f, err := d.Orders.RefundFacts(ctx, in.No)
	if err != nil {
		return nil, err
	}
	out := &factsOut{}
	b := &out.Body
	b.Days, b.Rule, b.Verdict, b.VerdictWords, b.Apple = f.Days, f.Rule.Words(), string(f.Verdict), f.VerdictWords, f.Apple
	b.Gift = string(f.Gift)
	b.Lessons, b.Begun, b.Finished, b.WatchedSeconds, b.TotalSeconds, b.LastStudied = f.Lessons, f.Begun, f.Finished, f.WatchedSeconds, f.TotalSeconds, f.LastStudied
	b.OtherOrders, b.EarlierRefunds, b.EarlierRefunded, b.Refused, b.Hints = f.OtherOrders, f.EarlierRefunds, f.EarlierRefunded, f.Refused, f.Hints()
	return out, nil
}

type (
	reasonBody struct {
		ID       int64             `json:"id"`
		Reason   model.GrantReason `json:"reason" enum:"order,gift,import,redeem,friend"`
		Status   model.GrantStatus `json:"status" enum:"active,frozen,revoked,expired"`
		Opens    bool              `json:"opens" doc:"this one opens the course now"`
		Why      string            `json:"why"`
		Not      string            `json:"not,omitempty" doc:"why it does not open the course"`
		OrderNo  string            `json:"order_no,omitempty"`
		BundleID int64             `json:"bundle_id,omitempty" doc:"the grant is on this bundle (专栏), and opens the course with it"`
		StartsAt time.Time         `json:"starts_at"`
		EndsAt   *time.Time        `json:"ends_at,omitempty"`
		Changes  []changeBody      `json:"changes"`
	}
	accessOut struct {
		Body struct {
			LearnerID int64        `json:"learner_id"`
			CourseID  int64        `json:"course_id"`
			Title     string       `json:"title"`
			Open      bool         `json:"open"`
			Why       string       `json:"why" doc:"in one sentence, in Chinese"`
			Grants    []reasonBody `json:"grants" doc:"all there ever were, the newest first"`
			Orders    []OrderLine  `json:"orders" doc:"of this learner for this course, the newest first"`
			AsOf      time.Time    `json:"as_of"`
		}
	}
)

func (d *Door) access(ctx context.Context, in *struct {
	LearnerID int64 `path:"learner_id" minimum:"1" maximum:"9007199254740991"`
	CourseID  int64 `path:"course_id" minimum:"1" maximum:"9007199254740991"`
}) (*accessOut, error) {
	c, err := d.Courses.Get(ctx, in.CourseID)
	if err != nil {
		return nil, err
	}
	grants, err := d.Grants.Why(ctx, in.LearnerID, in.CourseID)
	if err != nil {
		return nil, err
	}
	orders, err := d.Orders.Of(ctx, in.LearnerID, in.CourseID)
	if err != nil {
		return nil, err
	}
	if err := d.through(ctx, grants); err != nil {
		return nil, err
	}
	ids := []int64{}
	for _, g := range grants {
		ids = append(ids, g.ID)
	}
	history, err := d.Grants.History(ctx, ids)
	if err != nil {
		return nil, err
	}
	names, err := d.actors(ctx)
	if err != nil {
		return nil, err
	}
	out := &accessOut{}
	b := &out.Body
	now := d.Grants.Now()
	b.LearnerID, b.CourseID, b.Title, b.AsOf, b.Grants, b.Orders = in.LearnerID, in.CourseID, c.Title, now, []reasonBody{}, []OrderLine{}
	numbers := map[int64]string{}
	for _, o := range orders {
		b.Orders = append(b.Orders, viewLine(o))
		numbers[o.ID] = o.OutTradeNo
	}
	if slices.ContainsFunc(grants, func(g model.Grant) bool { return g.Through != 0 }) { // the order was for the bundle
		all, err := d.Orders.OfLearner(ctx, in.LearnerID)
		if err != nil {
			return nil, err
		}
		for _, o := range all {
			numbers[o.ID] = o.OutTradeNo
		}
	}
	for _, g := range grants {
		r := reasonBody{ID: g.ID, Reason: g.Reason, Status: g.Status, Opens: g.Covers(now), Why: g.Why, Not: g.Not(now), OrderNo: numbers[g.OrderID], BundleID: g.Through, StartsAt: g.StartsAt, EndsAt: g.EndsAt, Changes: []changeBody{}}
		for _, x := range history[g.ID] {
			r.Changes = append(r.Changes, changeBody{Thing: x.Thing, ID: x.ThingID, From: x.From, To: x.To, Who: string(names.of(model.Actor(x.Who))), Why: x.Why, At: x.HappenAt})
		}
		b.Grants = append(b.Grants, r)
	}
	b.Open, b.Why = model.WhyAccess(grants, orders, now)
	return out, nil
}

// through says in the words of grants on bundles which bundle opens the course.
func (d *Door) through(ctx context.Context, grants []model.Grant) error {
	ids := []int64{}
	for _, g := range grants {
		if g.Through != 0 {
			ids = append(ids, g.Through)
		}
	}
	named, err := d.Courses.Named(ctx, ids)
	if err != nil {
		return err
	}
	for i, g := range grants {
		if g.Through != 0 {
			grants[i].Why = "通过专栏「" + named[g.Through].Title + "」：" + g.Why
		}
	}
	return nil
}

type learnerAccessOut struct {
	Body struct {
		LearnerID int64        `json:"learner_id"`
		Learner   string       `json:"learner" doc:"masked openid; empty without an order"`
		Phone     string       `json:"phone" doc:"masked; empty while none was given"`
		Items     []courseOpen `json:"items"`
		Gifts     []giftLine   `json:"gifts" doc:"paid for by the learner or opened by them, the newest first; 100 at most"`
	}
}

type giftLine struct {
	OutTradeNo string           `json:"out_trade_no"`
	CourseID   int64            `json:"course_id"`
	Title      string           `json:"title"`
	Status     model.GiftStatus `json:"status" enum:"waiting,frozen,opened,void"`
	GiverID    int64            `json:"giver_id" doc:"the learner who paid"`
	LearnerID  int64            `json:"learner_id,omitempty" doc:"who opened it"`
	CreatedAt  time.Time        `json:"created_at"`
	OpenedAt   *time.Time       `json:"opened_at,omitempty"`
}

type courseOpen struct {
	CourseID int64  `json:"course_id"`
	Title    string `json:"title"`
	Open     bool   `json:"open"`
	Why      string `json:"why" doc:"in one sentence, in Chinese"`
}

func (d *Door) learnerAccess(ctx context.Context, in *struct {
	LearnerID int64 `path:"learner_id" minimum:"1" maximum:"9007199254740991"`
}) (*learnerAccessOut, error) {
	grants, err := d.Grants.All(ctx, in.LearnerID)
	if err != nil {
		return nil, err
	}
	if err := d.through(ctx, grants); err != nil {
		return nil, err
	}
	orders, err := d.Orders.OfLearner(ctx, in.LearnerID)
	if err != nil {
		return nil, err
	}
	out := &learnerAccessOut{}
	b := &out.Body
	b.LearnerID, b.Items = in.LearnerID, []courseOpen{}
	byGrant, byOrder, ids := map[int64][]model.Grant{}, map[int64][]model.Order{}, []int64{}
	for _, g := range grants {
		byGrant[g.CourseID] = append(byGrant[g.CourseID], g)
		ids = append(ids, g.CourseID)
	}
	for _, o := range orders {
		byOrder[o.CourseID] = append(byOrder[o.CourseID], o)
		ids = append(ids, o.CourseID)
		if b.Learner == "" {
			b.Learner = o.OpenID.Masked()
		}
	}
	phone, ok, err := d.Learners.Phone(ctx, in.LearnerID)
	if err != nil {
		return nil, err
	}
	if ok {
		b.Phone = phone.Masked()
	}
	gifts, err := d.Gifts.OfLearner(ctx, in.LearnerID)
	if err != nil {
		return nil, err
	}
	mine := slices.Clone(ids)
	for _, g := range gifts {
		ids = append(ids, g.CourseID)
	}
	titles, err := d.Courses.Named(ctx, ids)
	if err != nil {
		return nil, err
	}
	slices.Sort(mine)
	for _, id := range slices.Compact(mine) {
		c := courseOpen{CourseID: id, Title: titles[id].Title}
		c.Open, c.Why = model.WhyAccess(byGrant[id], byOrder[id], d.Grants.Now())
		b.Items = append(b.Items, c)
	}
	b.Gifts = []giftLine{}
	for _, g := range gifts {
		b.Gifts = append(b.Gifts, giftLine{OutTradeNo: g.OutTradeNo, CourseID: g.CourseID, Title: titles[g.CourseID].Title, Status: g.Status, GiverID: g.GiverID, LearnerID: g.LearnerID, CreatedAt: g.CreatedAt, OpenedAt: g.OpenedAt})
	}
	return out, nil
}

type grantOut struct {
	Body struct {
		ID       int64      `json:"id"`
		CourseID int64      `json:"course_id"`
		StartsAt time.Time  `json:"starts_at"`
		EndsAt   *time.Time `json:"ends_at,omitempty"`
	}
}

func (d *Door) giveCourse(ctx context.Context, in *struct {
	LearnerID int64  `path:"learner_id" minimum:"1" maximum:"9007199254740991"`
	Key       string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"64" doc:"made by the client for this gift; the same key again is the same gift"`
	Body      struct {
		CourseID int64  `json:"course_id" minimum:"1" maximum:"9007199254740991"`
		Days     int    `json:"days" doc:"how long it opens the course; 0: for ever"`
		Why      string `json:"why" doc:"for whoever looks later"`
	}
}) (*grantOut, error) {
	g, err := d.Grants.Give(ctx, OperatorFrom(ctx), grant.Give{LearnerID: in.LearnerID, CourseID: in.Body.CourseID, Days: in.Body.Days, Why: in.Body.Why, Key: in.Key})
	if err != nil {
		return nil, err
	}
	out := &grantOut{}
	b := &out.Body
	b.ID, b.CourseID, b.StartsAt, b.EndsAt = g.ID, g.CourseID, g.StartsAt.UTC(), g.EndsAt
	return out, nil
}

func (d *Door) takeBackGrant(ctx context.Context, in *struct {
	ID   int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
	Body struct {
		Why string `json:"why"`
	}
}) (*struct{}, error) {
	return nil, d.Grants.TakeBack(ctx, OperatorFrom(ctx), in.ID, in.Body.Why)
}

type openBody struct {
	GrantID   int64     `json:"grant_id"`
	LearnerID int64     `json:"learner_id"`
	CourseID  int64     `json:"course_id"`
	Why       string    `json:"why"`
	StartsAt  time.Time `json:"starts_at"`
}

type suspectsOut struct {
	Body struct {
		Paid  []OrderLine `json:"paid" doc:"paid orders whose course is not open; 100 at most"`
		Opens []openBody  `json:"opens" doc:"open courses whose order holds no money; 100 at most"`
	}
}

func (d *Door) suspects(ctx context.Context, _ *struct{}) (*suspectsOut, error) {
	paid, open, err := d.Ledger.Suspects(ctx)
	if err != nil {
		return nil, err
	}
	out := &suspectsOut{}
	out.Body.Paid, out.Body.Opens = []OrderLine{}, []openBody{}
	for _, o := range paid {
		out.Body.Paid = append(out.Body.Paid, viewLine(o))
	}
	for _, g := range open {
		out.Body.Opens = append(out.Body.Opens, openBody{GrantID: g.ID, LearnerID: g.LearnerID, CourseID: g.CourseID, Why: g.Why, StartsAt: g.StartsAt})
	}
	return out, nil
}

type learnerPhoneOut struct {
	Body struct {
		Phone string `json:"phone"`
	}
}

func (d *Door) learnerPhone(ctx context.Context, in *struct {
	LearnerID int64 `path:"learner_id" minimum:"1" maximum:"9007199254740991"`
}) (*learnerPhoneOut, error) {
	phone, err := d.Learners.RevealPhone(ctx, OperatorFrom(ctx), in.LearnerID)
	if err != nil {
		return nil, err
	}
	out := &learnerPhoneOut{}
	out.Body.Phone = phone.Number
	if phone.Country != "86" {
		out.Body.Phone = "+" + phone.Country + " " + phone.Number
	}
	return out, nil
}
