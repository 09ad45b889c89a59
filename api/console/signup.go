package console

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/signup"
)

func (d *Door) registerSignup(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/campaigns/{id}/" + path, Summary: summary, Tags: []string{"campaigns"}, MaxBodyBytes: 32 << 10}
	}
	verb(d, api, model.RightRead, op("signup", "GET", "signup", "A campaign's sign-up form (报名表), and how many signed up and came"), d.signup)
	verb(d, api, model.RightEdit, op("saveSignup", "PUT", "signup", "Make or change a campaign's sign-up form; more places go to who waits"), d.saveSignup)
	verb(d, api, model.RightRead, op("signups", "GET", "signups", "Who signed up"), d.signups)
	verb(d, api, model.RightRead, op("signupsFile", "GET", "signups.csv", "Who signed up as CSV, phone numbers masked"), d.signupsFile)
	verb(d, api, model.RightOwn, op("signupsPhones", "POST", "signups/phones", "Who signed up as CSV with whole phone numbers; who took it is written down"), d.signupsWhole)
	verb(d, api, model.RightEdit, op("markSignups", "PUT", "signups/marks", "Keep who was there and who was not"), d.markSignups)
	verb(d, api, model.RightEdit, op("noteSignup", "PUT", "signups/{signup_id}/note", "Write a note on a sign-up"), d.noteSignup)
}

type (
	signupFieldBody struct {
		Key      int              `json:"key" minimum:"0" maximum:"1000000" doc:"0: a new question; it gets its own"`
		Kind     model.SignupKind `json:"kind" enum:"text,lines,phone,single,multiple" doc:"phone: by WeChat's button, kept sealed with the learner"`
		Label    string           `json:"label" maxLength:"200"`
		Required bool             `json:"required"`
		Options  []string         `json:"options,omitempty" maxItems:"50" doc:"of single and multiple"`
	}
	signupFormBody struct {
		Open      bool              `json:"open"`
		Title     string            `json:"title" maxLength:"200"`
		Fields    []signupFieldBody `json:"fields" maxItems:"20"`
		Places    *int64            `json:"places,omitempty" doc:"absent: any number"`
		StartsAt  *time.Time        `json:"starts_at,omitempty" doc:"absent: the campaign's first day"`
		EndsAt    *time.Time        `json:"ends_at,omitempty" doc:"absent: the end of the campaign's last day"`
		AfterText string            `json:"after_text,omitempty" maxLength:"2000" doc:"said to who signed up"`
		Version   int64             `json:"version,omitempty" doc:"the one that was changed; absent: none was there"`
	}
	signupBoardBody struct {
		Joined    int64 `json:"joined" doc:"have a place"`
		Waiting   int64 `json:"waiting" doc:"wait for one"`
		Cancelled int64 `json:"cancelled"`
		Came      int64 `json:"came" doc:"of those with a place"`
		Absent    int64 `json:"absent" doc:"of those with a place"`
	}
	signupOut struct {
		Body struct {
			Form  *signupFormBody   `json:"form" doc:"null: there is none"`
			Phase model.SignupPhase `json:"phase" enum:"off,before,open,over"`
			From  time.Time         `json:"from" doc:"from when people sign up"`
			To    time.Time         `json:"to" doc:"until before when"`
			Board signupBoardBody   `json:"board"`
			Path  string            `json:"path" doc:"of the page in the Mini Program"`
			AppID string            `json:"appid" doc:"of the Mini Program"`
			By    string            `json:"updated_by"`
		}
	}
)

func (d *Door) viewSignup(ctx context.Context, l signup.List) (*signupOut, error) {
	out := &signupOut{}
	b, f := &out.Body, l.Form
	from, to := f.Span(l.Campaign)
	b.Phase, b.From, b.To, b.By, b.AppID = l.Phase, from.UTC(), to.UTC(), f.UpdatedBy, d.MiniAppID
	b.Path = fmt.Sprintf("pages/signup/index?campaign_id=%d", l.Campaign.ID)
	if f.ID == 0 {
		return out, nil
	}
	x := signupFormBody{Open: f.Open, Title: f.Title, Fields: []signupFieldBody{}, Places: f.Places, StartsAt: utc(f.StartsAt), EndsAt: utc(f.EndsAt), AfterText: f.AfterText, Version: f.Version}
	for _, q := range f.Fields {
		x.Fields = append(x.Fields, signupFieldBody{q.Key, q.Kind, q.Label, q.Required, q.Options})
	}
	b.Form = &x
	n, err := d.Signups.Board(ctx, l.Campaign.ID)
	if err != nil {
		return nil, err
	}
	b.Board = signupBoardBody(n)
	return out, nil
}

func (d *Door) signup(ctx context.Context, in *CampaignPath) (*signupOut, error) {
	l, err := d.Signups.Of(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return d.viewSignup(ctx, l)
}

func (d *Door) saveSignup(ctx context.Context, in *struct {
	CampaignPath
	Body signupFormBody
}) (*signupOut, error) {
	b := in.Body
	f := model.SignupForm{Open: b.Open, Title: b.Title, Places: b.Places, StartsAt: b.StartsAt, EndsAt: b.EndsAt, AfterText: b.AfterText, Version: b.Version}
	for _, x := range b.Fields {
		f.Fields = append(f.Fields, model.SignupField{Key: x.Key, Kind: x.Kind, Label: x.Label, Required: x.Required, Options: x.Options})
	}
	l, err := d.Signups.Save(ctx, OperatorFrom(ctx), in.ID, f)
	if err != nil {
		return nil, err
	}
	return d.viewSignup(ctx, l)
}

// SignupFilter is what the list and its file can be narrowed and sorted by.
type SignupFilter struct {
	State string `query:"state" enum:"joined,waiting,cancelled"`
	Came  string `query:"came" enum:"came,absent,unmarked" doc:"unmarked: of those with a place"`
	Q     string `query:"q" maxLength:"100" doc:"words of an answer or the note, or a learner's number"`
	Order string `query:"order" enum:"newest,oldest" default:"newest" doc:"in which order they came"`
}

func (f SignupFilter) filter(limit int) signup.Filter {
	return signup.Filter{State: model.SignupState(f.State), Came: f.Came, Query: f.Q, Oldest: f.Order == "oldest", Limit: limit}
}

type (
	signupAnswerBody struct {
		Key    int              `json:"key"`
		Kind   model.SignupKind `json:"kind" enum:"text,lines,phone,single,multiple"`
		Label  string           `json:"label" doc:"the question as it was asked"`
		Values []string         `json:"values"`
	}
	signupLineBody struct {
		ID          int64              `json:"id"`
		LearnerID   int64              `json:"learner_id"`
		State       model.SignupState  `json:"state" enum:"joined,waiting,cancelled"`
		Line        int64              `json:"line" doc:"the order of coming"`
		Answers     []signupAnswerBody `json:"answers"`
		Phone       string             `json:"phone" doc:"masked; empty where it was not given for this campaign"`
		Came        model.SignupCame   `json:"came" enum:",came,absent"`
		CameBy      string             `json:"came_by"`
		Note        string             `json:"note"`
		NoteBy      string             `json:"note_by"`
		NoteVersion int64              `json:"note_version"`
		At          time.Time          `json:"at" doc:"when they first signed up"`
		JoinedAt    *time.Time         `json:"joined_at" nullable:"true" doc:"since when a place is theirs"`
	}
	signupsOut struct{ Body respond.Page[signupLineBody] }
	signupLine struct{ Body signupLineBody }
)

func viewSignupLine(g model.Signup, phones map[int64]model.Phone) signupLineBody {
	b := signupLineBody{g.ID, g.LearnerID, g.State, g.Line, []signupAnswerBody{}, "", g.Came, g.CameBy, g.Note, g.NoteBy, g.NoteVersion, g.CreatedAt.UTC(), utc(g.JoinedAt)}
	for _, a := range g.Answers {
		b.Answers = append(b.Answers, signupAnswerBody{a.Key, a.Kind, a.Label, a.Values})
	}
	if p, ok := phones[g.LearnerID]; ok && g.Phoned() {
		b.Phone = p.Masked()
	}
	return b
}

func (d *Door) signups(ctx context.Context, in *struct {
	CampaignPath
	SignupFilter
	Paging
}) (*signupsOut, error) {
	scope := fmt.Sprintf("signups %d %s %s %s %s", in.ID, in.State, in.Came, in.Order, in.Q)
	from, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	if _, err := d.Campaigns.One(ctx, in.ID); err != nil {
		return nil, err
	}
	f := in.filter(in.PageSize + 1)
	f.From = from
	list, err := d.Signups.All(ctx, in.ID, f)
	if err != nil {
		return nil, err
	}
	phones, err := d.Signups.PhonesOf(ctx, list)
	if err != nil {
		return nil, err
	}
	return &signupsOut{pageOf(list, in.PageSize, scope, func(g model.Signup) int64 { return g.Line }, func(g model.Signup) signupLineBody { return viewSignupLine(g, phones) })}, nil
}

func (d *Door) signupsFile(ctx context.Context, in *struct {
	CampaignPath
	SignupFilter
}) (*huma.StreamResponse, error) {
	return d.sendSignups(ctx, in.ID, in.SignupFilter, false)
}

func (d *Door) signupsWhole(ctx context.Context, in *struct {
	CampaignPath
	SignupFilter
}) (*huma.StreamResponse, error) {
	return d.sendSignups(ctx, in.ID, in.SignupFilter, true)
}

var (
	signupStates = map[model.SignupState]string{model.SignupJoined: "已报名", model.SignupWaiting: "候补", model.SignupCancelled: "已取消"}
	signupCames  = map[model.SignupCame]string{model.SignupThere: "已到场", model.SignupAbsent: "未到"}
)

// sendSignups writes the list as a file: a column for each question of the form as it is now, and one for what only an
// earlier form asked.
func (d *Door) sendSignups(ctx context.Context, id int64, in SignupFilter, whole bool) (*huma.StreamResponse, error) {
	l, err := d.Signups.Of(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := d.Signups.Exported(ctx, OperatorFrom(ctx), id, whole); err != nil {
		return nil, err
	}
	head := []string{"次序", "状态", "到场", "报名时间", "学员"}
	for _, x := range l.Form.Fields {
		label := x.Label
		if x.Kind == model.SignupPhone && !whole {
			label += "（已遮盖）"
		}
		head = append(head, label)
	}
	head = append(head, "以前问过的", "备注")
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		f := in.filter(200)
		sendCSV(c, fmt.Sprintf("signups-%d.csv", id), head, func() ([][]string, error) {
			list, err := d.Signups.All(c.Request.Context(), id, f)
			if err != nil {
				return nil, err
			}
			phones, err := d.Signups.PhonesOf(c.Request.Context(), list)
			if err != nil {
				return nil, err
			}
			rows := make([][]string, 0, len(list))
			for _, g := range list {
				f.From = g.Line
				rows = append(rows, signupRow(l.Form, g, phones, whole))
			}
			return rows, nil
		})
	}}, nil
}

func signupRow(f model.SignupForm, g model.Signup, phones map[int64]model.Phone, whole bool) []string {
	row := []string{strconv.FormatInt(g.Line, 10), signupStates[g.State], signupCames[g.Came], clockText(&g.CreatedAt), strconv.FormatInt(g.LearnerID, 10)}
	said := map[int]string{}
	for _, a := range g.Answers {
		said[a.Key] = strings.Join(a.Values, "、")
		if a.Kind != model.SignupPhone {
			continue
		}
		said[a.Key] = ""
		if p, ok := phones[g.LearnerID]; ok && whole && g.State != model.SignupCancelled { // who cancelled is not called
			said[a.Key] = p.Number
		} else if ok {
			said[a.Key] = p.Masked()
		}
	}
	for _, x := range f.Fields {
		row = append(row, said[x.Key])
		delete(said, x.Key)
	}
	var earlier []string
	for _, a := range g.Answers {
		if text, ok := said[a.Key]; ok {
			earlier = append(earlier, a.Label+"："+text)
		}
	}
	return append(row, strings.Join(earlier, "；"), g.Note)
}

func (d *Door) markSignups(ctx context.Context, in *struct {
	CampaignPath
	Body struct {
		IDs  []int64          `json:"ids" minItems:"1" maxItems:"200"`
		Came model.SignupCame `json:"came" enum:",came,absent" doc:"empty: take the mark away"`
	}
}) (*struct {
	Body struct {
		Marked int64 `json:"marked" doc:"whose mark changed; only who has a place is marked"`
	}
}, error) {
	n, err := d.Signups.Mark(ctx, OperatorFrom(ctx), in.ID, in.Body.IDs, in.Body.Came)
	if err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Marked int64 `json:"marked" doc:"whose mark changed; only who has a place is marked"`
		}
	}{}
	out.Body.Marked = n
	return out, nil
}

func (d *Door) noteSignup(ctx context.Context, in *struct {
	CampaignPath
	SignupID int64 `path:"signup_id" minimum:"1" maximum:"9007199254740991"`
	Body     struct {
		Note        string `json:"note" maxLength:"1000"`
		NoteVersion int64  `json:"note_version" minimum:"0" doc:"the one that was seen"`
	}
}) (*signupLine, error) {
	g, err := d.Signups.Note(ctx, OperatorFrom(ctx), in.ID, in.SignupID, in.Body.Note, in.Body.NoteVersion)
	if err != nil {
		return nil, err
	}
	phones, err := d.Signups.PhonesOf(ctx, []model.Signup{g})
	if err != nil {
		return nil, err
	}
	return &signupLine{viewSignupLine(g, phones)}, nil
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
