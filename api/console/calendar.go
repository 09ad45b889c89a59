package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/plan"
)

func (d *Door) registerCalendar(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/calendar" + path, Summary: summary, Tags: []string{"calendar"}, MaxBodyBytes: 32 << 10}
	}
	create := op("createPiece", "POST", "/pieces", "Plan a piece")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("calendar", "GET", "", "What is planned to go out on a span of days, gaps and clashes, and the mass sends of those days"), d.calendar)
	verb(d, api, model.RightRead, op("piece", "GET", "/pieces/{id}", "One planned piece"), d.piece)
	verb(d, api, model.RightEdit, create, d.createPiece)
	verb(d, api, model.RightEdit, op("savePiece", "PUT", "/pieces/{id}", "Change a planned piece"), d.savePiece)
	verb(d, api, model.RightEdit, op("movePiece", "POST", "/pieces/{id}/move", "Put a piece on another day or into another place"), d.movePiece)
	verb(d, api, model.RightEdit, op("removePiece", "DELETE", "/pieces/{id}", "Take a piece off the calendar; article and mass send stay"), d.removePiece)
	verb(d, api, model.RightEdit, op("saveWeekTemplate", "PUT", "/template", "Write the columns of a week"), d.saveWeekTemplate)
	verb(d, api, model.RightEdit, op("fillWeek", "POST", "/fill", "Fill the empty places of a week from the template, once"), d.fillWeek)
}

// PieceBody is a planned piece as the console shows it.
type PieceBody struct {
	ID             int64              `json:"id"`
	Day            string             `json:"day"`
	Slot           int                `json:"slot"`
	Title          string             `json:"title" doc:"empty: the column is known, the subject not yet"`
	Column         string             `json:"column"`
	Author         string             `json:"author"`
	State          model.ArticleState `json:"state" enum:"idea,draft,layout,waiting,confirmed,published" doc:"by what is linked; typed only where nothing is"`
	Hand           model.ArticleState `json:"hand" enum:"idea,draft,layout" doc:"as typed"`
	TargetKPI      string             `json:"target_kpi"`
	Target         int64              `json:"target" doc:"ten-thousandths, people or fen"`
	Hypothesis     string             `json:"hypothesis"`
	ArticleID      *int64             `json:"article_id"`
	ArticleTitle   string             `json:"article_title"`
	BroadcastID    *int64             `json:"broadcast_id"`
	BroadcastTitle string             `json:"broadcast_title"`
	Clash          bool               `json:"clash" doc:"shares its place with another"`
	Version        int64              `json:"version"`
	UpdatedBy      string             `json:"updated_by"`
	UpdatedAt      time.Time          `json:"updated_at"`
}

func viewPiece(p plan.Piece) PieceBody {
	return PieceBody{ID: p.ID, Day: model.DayName(p.Day), Slot: p.Slot, Title: p.Title, Column: p.ColumnName, Author: p.Author, State: p.Stage, Hand: p.Hand, TargetKPI: p.TargetKPI, Target: p.Target, Hypothesis: p.Hypothesis,
		ArticleID: p.ArticleID, ArticleTitle: p.ArticleTitle, BroadcastID: p.BroadcastID, BroadcastTitle: p.BroadcastTitle, Clash: p.Clash, Version: p.Version, UpdatedBy: p.UpdatedBy, UpdatedAt: p.UpdatedAt}
}

type weekColumn struct {
	Weekday int    `json:"weekday" doc:"1 Monday to 7 Sunday"`
	Slot    int    `json:"slot"`
	Column  string `json:"column" maxLength:"100"`
	Author  string `json:"author,omitempty" maxLength:"100"`
}

type gapBody struct {
	Day    string `json:"day"`
	Slot   int    `json:"slot"`
	Column string `json:"column"`
	Author string `json:"author"`
}

type fillBody struct {
	Week     string    `json:"week"`
	FilledBy string    `json:"filled_by"`
	FilledAt time.Time `json:"filled_at"`
}

type daySend struct {
	ID    int64     `json:"id" doc:"0: sent from WeChat's own console"`
	Title string    `json:"title"`
	State string    `json:"state"`
	At    time.Time `json:"at"`
}

type templateBody struct {
	Columns   []weekColumn `json:"columns"`
	Version   int64        `json:"version" doc:"0: none was written yet"`
	UpdatedBy string       `json:"updated_by"`
	UpdatedAt time.Time    `json:"updated_at"`
}

func viewTemplate(t model.PlanTemplate) templateBody {
	b := templateBody{Columns: []weekColumn{}, Version: t.Version, UpdatedBy: t.UpdatedBy, UpdatedAt: t.UpdatedAt}
	for _, c := range t.List() {
		b.Columns = append(b.Columns, weekColumn(c))
	}
	return b
}

type calendarOut struct {
	Body struct {
		Items    []PieceBody  `json:"items"`
		Gaps     []gapBody    `json:"gaps" doc:"places the template gives to a column and nobody filled, from today on"`
		Sends    []daySend    `json:"sends" doc:"mass sends of these days"`
		Template templateBody `json:"template"`
		Fills    []fillBody   `json:"fills" doc:"weeks that were filled from the template"`
		Today    string       `json:"today"`
	}
}

func (d *Door) calendar(ctx context.Context, in *struct {
	From string `query:"from" required:"true" doc:"2026-11-24"`
	To   string `query:"to" required:"true"`
}) (*calendarOut, error) {
	from, to, err := DaySpan{From: in.From, To: in.To}.days()
	if err != nil {
		return nil, err
	}
	c, err := d.Plan.Calendar(ctx, from, to)
	if err != nil {
		return nil, err
	}
	out := &calendarOut{}
	b := &out.Body
	b.Items, b.Gaps, b.Fills, b.Template, b.Today = []PieceBody{}, []gapBody{}, []fillBody{}, viewTemplate(c.Template), model.Day(d.Plan.Now())
	for _, p := range c.Pieces {
		b.Items = append(b.Items, viewPiece(p))
	}
	for _, g := range c.Gaps {
		b.Gaps = append(b.Gaps, gapBody{model.DayName(g.Day), g.Slot, g.Column, g.Author})
	}
	for _, f := range c.Fills {
		b.Fills = append(b.Fills, fillBody{model.DayName(f.Week), f.FilledBy, f.FilledAt})
	}
	b.Sends, err = d.sendsOf(ctx, from, to)
	return out, err
}

// sendsOf are the mass sends, planned and gone, of the days from … to.
func (d *Door) sendsOf(ctx context.Context, from, to int) ([]daySend, error) {
	out := []daySend{}
	add := func(s daySend) {
		if n := model.DayNumber(s.At); n >= from && n <= to {
			out = append(out, s)
		}
	}
	for m := from / 100; m <= to/100; m = nextMonth(m) {
		c, err := d.Broadcasts.Calendar(ctx, model.DayStart(m*100+1).Format("2006-01"))
		if err != nil {
			return nil, err
		}
		for _, l := range c.Lines {
			at := l.UpdatedAt
			if l.Send != nil {
				at = l.Send.CreatedAt
			} else if l.PlannedAt != nil {
				at = *l.PlannedAt
			}
			add(daySend{l.ID, l.Title, string(l.State), at})
		}
		for _, f := range c.Foreign {
			state := model.BroadcastDone
			if !model.MassOK(f.Status) {
				state = model.BroadcastFailed
			}
			add(daySend{0, "微信后台群发", string(state), f.HappenedAt})
		}
	}
	return out, nil
}

// nextMonth is the month after 202611.
func nextMonth(m int) int {
	if m%100 == 12 {
		return (m/100+1)*100 + 1
	}
	return m + 1
}

type pieceOut struct{ Body PieceBody }

func pieceAnswer(p plan.Piece, err error) (*pieceOut, error) {
	if err != nil {
		return nil, err
	}
	return &pieceOut{Body: viewPiece(p)}, nil
}

func (d *Door) piece(ctx context.Context, in *ArticleID) (*pieceOut, error) {
	return pieceAnswer(d.Plan.Piece(ctx, in.ID))
}

// pieceInput is what an operator writes. state is one of the first three: the rest follows what is linked.
type pieceInput struct {
	Day         string             `json:"day" maxLength:"10"`
	Slot        int                `json:"slot"`
	Title       string             `json:"title,omitempty" maxLength:"200"`
	Column      string             `json:"column,omitempty" maxLength:"200"`
	Author      string             `json:"author,omitempty" maxLength:"200"`
	State       model.ArticleState `json:"state,omitempty" maxLength:"16"`
	TargetKPI   string             `json:"target_kpi,omitempty" maxLength:"32"`
	Target      int64              `json:"target,omitempty"`
	Hypothesis  string             `json:"hypothesis,omitempty" maxLength:"1000"`
	ArticleID   *int64             `json:"article_id,omitempty" nullable:"true"`
	BroadcastID *int64             `json:"broadcast_id,omitempty" nullable:"true"`
	Version     int64              `json:"version,omitempty" minimum:"0"`
}

func (b pieceInput) read() (model.PlanFields, error) {
	day, err := dayOf("day", b.Day)
	if b.State == "" {
		b.State = model.ArticleIdea
	}
	return model.PlanFields{Day: day, Slot: b.Slot, Title: b.Title, ColumnName: b.Column, Author: b.Author, Hand: b.State, TargetKPI: b.TargetKPI, Target: b.Target, Hypothesis: b.Hypothesis, ArticleID: b.ArticleID, BroadcastID: b.BroadcastID}, err
}

func (d *Door) createPiece(ctx context.Context, in *struct{ Body pieceInput }) (*pieceOut, error) {
	f, err := in.Body.read()
	if err != nil {
		return nil, err
	}
	return pieceAnswer(d.Plan.AddPiece(ctx, OperatorFrom(ctx), f))
}

func (d *Door) savePiece(ctx context.Context, in *struct {
	ArticleID
	Body pieceInput
}) (*pieceOut, error) {
	f, err := in.Body.read()
	if err != nil {
		return nil, err
	}
	return pieceAnswer(d.Plan.SavePiece(ctx, OperatorFrom(ctx), in.ID, in.Body.Version, f))
}

func (d *Door) movePiece(ctx context.Context, in *struct {
	ArticleID
	Body struct {
		Version int64  `json:"version" minimum:"1"`
		Day     string `json:"day" maxLength:"10"`
		Slot    int    `json:"slot"`
	}
}) (*pieceOut, error) {
	day, err := dayOf("day", in.Body.Day)
	if err != nil {
		return nil, err
	}
	return pieceAnswer(d.Plan.MovePiece(ctx, OperatorFrom(ctx), in.ID, in.Body.Version, day, in.Body.Slot))
}

func (d *Door) removePiece(ctx context.Context, in *ArticleID) (*struct{}, error) {
	return nil, d.Plan.RemovePiece(ctx, OperatorFrom(ctx), in.ID)
}

func (d *Door) saveWeekTemplate(ctx context.Context, in *struct {
	Body struct {
		Columns []weekColumn `json:"columns" maxItems:"56"`
		Version int64        `json:"version" minimum:"0"`
	}
}) (*struct{ Body templateBody }, error) {
	columns := make([]model.PlanColumn, 0, len(in.Body.Columns))
	for _, c := range in.Body.Columns {
		columns = append(columns, model.PlanColumn(c))
	}
	t, err := d.Plan.SaveTemplate(ctx, OperatorFrom(ctx), in.Body.Version, columns)
	if err != nil {
		return nil, err
	}
	return &struct{ Body templateBody }{viewTemplate(t)}, nil
}

type filledOut struct {
	Body struct {
		Made int `json:"made"`
	}
}

func (d *Door) fillWeek(ctx context.Context, in *struct {
	Body struct {
		Week string `json:"week" maxLength:"10" doc:"its Monday"`
	}
}) (*filledOut, error) {
	monday, err := dayOf("week", in.Body.Week)
	if err != nil {
		return nil, err
	}
	out := &filledOut{}
	if monday == 0 {
		return nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("week", "请选一周")
	}
	out.Body.Made, err = d.Plan.Fill(ctx, OperatorFrom(ctx), monday)
	return out, err
}
