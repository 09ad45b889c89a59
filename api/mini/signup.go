package mini

import (
	"context"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/limit"
	"loudou/service/signup"
)

func (d *Door) registerSignup(api huma.API) {
	const path = "/mini/v1/campaigns/{id}/signup"
	verb(d, api, huma.Operation{OperationID: "miniSignup", Method: "GET", Path: path, Summary: "What a campaign's sign-up list (报名) asks, and what the learner handed in"}, d.signup)
	verb(d, api, huma.Operation{OperationID: "miniSignUp", Method: "PUT", Path: path, Summary: "Sign up, or change what was handed in; who comes when all places are taken waits (候补). The event campaign_join is the service's: a phone sends none"}, d.signUp)
	verb(d, api, huma.Operation{OperationID: "miniCancelSignup", Method: "DELETE", Path: path, Summary: "Cancel one's sign-up; the place goes to who waits longest"}, d.cancelSignup)
}

// signupsPerLearner bounds how often one learner signs up, changes and cancels.
var signupsPerLearner = limit.Rate{N: 60, Per: time.Hour, Burst: 20}

type signupFieldBody struct {
	Key      int              `json:"key"`
	Kind     model.SignupKind `json:"kind" enum:"text,lines,phone,single,multiple"`
	Label    string           `json:"label"`
	Required bool             `json:"required"`
	Options  []string         `json:"options" doc:"of single and multiple"`
}

// signupAnswerBody is one answer, in and out alike.
type signupAnswerBody struct {
	Key    int      `json:"key" minimum:"1" maximum:"1000000"`
	Values []string `json:"values" maxItems:"20" doc:"one; several of multiple; of phone: given, for the number the learner gave by WeChat's button"`
}

type signupMine struct {
	State   model.SignupState  `json:"state" enum:"joined,waiting,cancelled"`
	Ahead   int64              `json:"ahead" doc:"how many wait before them, while they wait"`
	Answers []signupAnswerBody `json:"answers"`
	At      time.Time          `json:"at"`
}

type signupOut struct {
	Body struct {
		CampaignID int64             `json:"campaign_id"`
		Campaign   string            `json:"campaign"`
		Title      string            `json:"title"`
		Fields     []signupFieldBody `json:"fields"`
		Phase      model.SignupPhase `json:"phase" enum:"off,before,open,over"`
		From       time.Time         `json:"from"`
		To         time.Time         `json:"to" doc:"until before it one may sign up, change and cancel"`
		Places     *int64            `json:"places,omitempty" doc:"absent: any number"`
		Left       *int64            `json:"left,omitempty" doc:"free places; absent: any number"`
		Phone      string            `json:"phone" doc:"the learner's own, masked; empty while none was given"`
		AfterText  string            `json:"after_text,omitempty" doc:"to who signed up"`
		Mine       *signupMine       `json:"mine,omitempty" doc:"absent: never signed up"`
	}
}

func viewSignup(m signup.Mine) *signupOut {
	out := &signupOut{}
	b, f := &out.Body, m.Form
	from, to := f.Span(m.Campaign)
	b.CampaignID, b.Campaign, b.Title, b.Phase, b.From, b.To, b.Places = m.Campaign.ID, m.Campaign.Name, f.Title, m.Phase, from.UTC(), to.UTC(), f.Places
	b.Fields = make([]signupFieldBody, 0, len(f.Fields))
	for _, x := range f.Fields {
		b.Fields = append(b.Fields, signupFieldBody{x.Key, x.Kind, x.Label, x.Required, append([]string{}, x.Options...)})
	}
	if left := f.Left(); left >= 0 {
		b.Left = &left
	}
	if m.Phone != nil {
		b.Phone = m.Phone.Masked()
	}
	g := m.Signup
	if g == nil {
		return out
	}
	mine := signupMine{State: g.State, Ahead: m.Ahead, Answers: []signupAnswerBody{}, At: g.CreatedAt.UTC()}
	for _, a := range g.Answers {
		mine.Answers = append(mine.Answers, signupAnswerBody{a.Key, a.Values})
	}
	b.Mine = &mine
	if g.State != model.SignupCancelled {
		b.AfterText = f.AfterText
	}
	return out
}

func (d *Door) signup(ctx context.Context, in *IDPath) (*signupOut, error) {
	m, err := d.Signups.Look(ctx, CallerFrom(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return viewSignup(m), nil
}

func (d *Door) signUp(ctx context.Context, in *struct {
	IDPath
	Body struct {
		_       struct{}           `additionalProperties:"true"`
		Answers []signupAnswerBody `json:"answers" maxItems:"8"`
	}
}) (*signupOut, error) {
	given := map[int][]string{}
	for _, a := range in.Body.Answers {
		given[a.Key] = a.Values
	}
	return d.changeSignup(ctx, func(who model.Caller) (signup.Mine, error) { return d.Signups.Put(ctx, who, in.ID, given) })
}

func (d *Door) cancelSignup(ctx context.Context, in *IDPath) (*signupOut, error) {
	return d.changeSignup(ctx, func(who model.Caller) (signup.Mine, error) { return d.Signups.Cancel(ctx, who, in.ID) })
}

func (d *Door) changeSignup(ctx context.Context, do func(who model.Caller) (signup.Mine, error)) (*signupOut, error) {
	who := CallerFrom(ctx)
	if wait, ok := d.Limits.Allow(ctx, "signup:"+strconv.FormatInt(who.LearnerID, 10), signupsPerLearner); !ok {
		return nil, respond.TooMany(wait)
	}
	m, err := do(who)
	if err != nil {
		return nil, err
	}
	return viewSignup(m), nil
}
