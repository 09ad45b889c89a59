package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/plan"
)

func (d *Door) registerPlan(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/tasks" + path, Summary: summary, Tags: []string{"tasks"}, MaxBodyBytes: 16 << 10}
	}
	create := op("createTask", "POST", "", "Plan a task")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("listTasks", "GET", "", "Tasks of a span of days, with what is late, what has no day yet, and what will repeat"), d.listTasks)
	verb(d, api, model.RightRead, op("task", "GET", "/{id}", "One task"), d.task)
	verb(d, api, model.RightRead, op("reviewTasks", "GET", "/review", "Estimated against measured time of a span of days, by quadrant and by KPI"), d.reviewTasks)
	verb(d, api, model.RightEdit, create, d.createTask)
	verb(d, api, model.RightEdit, op("saveTask", "PUT", "/{id}", "Change a task"), d.saveTask)
	verb(d, api, model.RightEdit, op("moveTask", "POST", "/{id}/move", "Put a task into another quadrant, day or time"), d.moveTask)
	for _, step := range []struct {
		id, name, summary string
		do                func(context.Context, model.Operator, int64, int64) (model.Task, error)
	}{
		{"startTask", "start", "Start a task's clock; what else its owner runs is paused", d.startTask},
		{"pauseTask", "pause", "Stop a task's clock for now", d.pauseTask},
		{"finishTask", "done", "Finish a task", d.finishTask},
		{"reopenTask", "reopen", "Make a finished task one to do again", d.reopenTask},
		{"removeTask", "remove", "Take a task away; undo brings it back", d.removeTask},
		{"undoTask", "undo", "Take the last change of a task back", d.undoTask},
	} {
		verb(d, api, model.RightEdit, op(step.id, "POST", "/{id}/"+step.name, step.summary), func(ctx context.Context, in *taskStep) (*taskOut, error) {
			t, err := step.do(ctx, OperatorFrom(ctx), in.ID, in.Body.Version)
			return d.taskAnswer(ctx, t, err)
		})
	}
}

// Each verb looks its service up when it is called: a door may be mounted before it is furnished.
func (d *Door) startTask(ctx context.Context, by model.Operator, id, version int64) (model.Task, error) {
	return d.Plan.Start(ctx, by, id, version)
}

func (d *Door) pauseTask(ctx context.Context, by model.Operator, id, version int64) (model.Task, error) {
	return d.Plan.Pause(ctx, by, id, version)
}

func (d *Door) finishTask(ctx context.Context, by model.Operator, id, version int64) (model.Task, error) {
	return d.Plan.Done(ctx, by, id, version)
}

func (d *Door) reopenTask(ctx context.Context, by model.Operator, id, version int64) (model.Task, error) {
	return d.Plan.Reopen(ctx, by, id, version)
}

func (d *Door) removeTask(ctx context.Context, by model.Operator, id, version int64) (model.Task, error) {
	return d.Plan.Remove(ctx, by, id, version)
}

func (d *Door) undoTask(ctx context.Context, by model.Operator, id, version int64) (model.Task, error) {
	return d.Plan.Undo(ctx, by, id, version)
}

// TaskBody is a task as the console shows it.
type TaskBody struct {
	ID        int64            `json:"id"`
	Title     string           `json:"title"`
	Important bool             `json:"important"`
	Urgent    bool             `json:"urgent"`
	Day       string           `json:"day" doc:"2026-11-24; empty: on no day yet"`
	Start     *int             `json:"start" doc:"minute of the day, Asia/Shanghai; null: any time"`
	Estimated int              `json:"estimated_minutes"`
	Actual    int              `json:"actual_minutes" doc:"measured up to now"`
	State     model.TaskState  `json:"state" enum:"todo,doing,done"`
	StartedAt *time.Time       `json:"started_at" doc:"of the run that goes on"`
	DoneAt    *time.Time       `json:"done_at"`
	KPI       string           `json:"kpi" doc:"the figure it serves; empty: none"`
	OwnerID   int64            `json:"owner_id"`
	Owner     string           `json:"owner"`
	Repeat    model.TaskRepeat `json:"repeat" enum:",daily,weekdays,weekly"`
	Version   int64            `json:"version"`
	Undoable  bool             `json:"undoable"`
	UpdatedBy string           `json:"updated_by"`
	UpdatedAt time.Time        `json:"updated_at"`
}

func viewTask(t model.Task, repeat model.TaskRepeat, now time.Time) TaskBody {
	return TaskBody{ID: t.ID, Title: t.Title, Important: t.Important, Urgent: t.Urgent, Day: dayText(t.Day), Start: t.Start, Estimated: t.Estimated, Actual: t.Actual(now), State: t.State, StartedAt: t.StartedAt, DoneAt: t.DoneAt,
		KPI: t.KPI, OwnerID: t.OwnerID, Owner: t.Owner, Repeat: repeat, Version: t.Version, Undoable: t.Undo != "", UpdatedBy: t.UpdatedBy, UpdatedAt: t.UpdatedAt}
}

func dayText(day int) string {
	if day == 0 {
		return ""
	}
	return model.DayName(day)
}

// dayOf reads a day of the caller's, 0 for "".
func dayOf(field, text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	t, err := model.ParseDay(text)
	if err != nil {
		return 0, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field(field, "日期应为 2026-01-31 的写法")
	}
	return model.DayNumber(t), nil
}

// DaySpan is whole days, both ends included.
type DaySpan struct {
	From    string `query:"from" required:"true" doc:"2026-11-24"`
	To      string `query:"to" required:"true"`
	OwnerID int64  `query:"owner_id" minimum:"0" doc:"0: everybody's"`
}

func (in DaySpan) days() (from, to int, err error) {
	if from, err = dayOf("from", in.From); err != nil {
		return 0, 0, err
	}
	if to, err = dayOf("to", in.To); err != nil {
		return 0, 0, err
	}
	if from == 0 || to == 0 || from > to {
		return 0, 0, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查日期").Field("to", "结束日期不能早于开始日期")
	}
	return from, to, nil
}

type taskOut struct{ Body TaskBody }

func (d *Door) taskAnswer(ctx context.Context, t model.Task, err error) (*taskOut, error) {
	if err != nil {
		return nil, err
	}
	repeat, err := d.Plan.Repeat(ctx, t)
	if err != nil {
		return nil, err
	}
	return &taskOut{Body: viewTask(t, repeat, d.Plan.Now())}, nil
}

type personBody struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type comingBody struct {
	Day       string `json:"day"`
	Title     string `json:"title"`
	Important bool   `json:"important"`
	Urgent    bool   `json:"urgent"`
	Start     *int   `json:"start"`
	Estimated int    `json:"estimated_minutes"`
	Owner     string `json:"owner"`
}

type tasksOut struct {
	Body struct {
		Items   []TaskBody   `json:"items"`
		Late    []TaskBody   `json:"late" doc:"unfinished, of days before today"`
		Someday []TaskBody   `json:"someday" doc:"unfinished, on no day yet"`
		Coming  []comingBody `json:"coming" doc:"what repeating tasks will make after today"`
		People  []personBody `json:"people" doc:"who may be given tasks"`
		Me      int64        `json:"me"`
		Today   string       `json:"today"`
		AsOf    time.Time    `json:"as_of"`
	}
}

func (d *Door) listTasks(ctx context.Context, in *struct{ DaySpan }) (*tasksOut, error) {
	from, to, err := in.days()
	if err != nil {
		return nil, err
	}
	v, err := d.Plan.Days(ctx, from, to, in.OwnerID)
	if err != nil {
		return nil, err
	}
	people, err := d.Plan.People(ctx)
	if err != nil {
		return nil, err
	}
	now := d.Plan.Now()
	view := func(all []model.Task) []TaskBody {
		out := make([]TaskBody, 0, len(all))
		for _, t := range all {
			repeat := model.TaskOnce
			if t.SeriesID != nil {
				repeat = v.Repeats[*t.SeriesID]
			}
			out = append(out, viewTask(t, repeat, now))
		}
		return out
	}
	out := &tasksOut{}
	b := &out.Body
	b.Items, b.Late, b.Someday, b.Coming, b.People = view(v.Tasks), view(v.Late), view(v.Someday), []comingBody{}, []personBody{}
	for _, c := range v.Coming {
		b.Coming = append(b.Coming, comingBody{Day: model.DayName(c.Day), Title: c.Series.Title, Important: c.Series.Important, Urgent: c.Series.Urgent, Start: c.Series.Start, Estimated: c.Series.Estimated, Owner: c.Series.Owner})
	}
	for _, o := range people {
		b.People = append(b.People, personBody{o.ID, o.Name})
	}
	b.Me, b.Today, b.AsOf = OperatorFrom(ctx).ID, model.Day(now), now.UTC()
	return out, nil
}

func (d *Door) task(ctx context.Context, in *ArticleID) (*taskOut, error) {
	t, err := d.Plan.Get(ctx, in.ID)
	return d.taskAnswer(ctx, t, err)
}

// taskInput is what an operator writes.
type taskInput struct {
	Title     string           `json:"title" maxLength:"200"`
	Important bool             `json:"important"`
	Urgent    bool             `json:"urgent"`
	Day       string           `json:"day,omitempty" maxLength:"10" doc:"empty: on no day yet"`
	Start     *int             `json:"start,omitempty" nullable:"true" doc:"minute of the day"`
	Estimated int              `json:"estimated_minutes,omitempty"`
	Actual    *int             `json:"actual_minutes,omitempty" nullable:"true" doc:"corrects what was measured"`
	KPI       string           `json:"kpi,omitempty" maxLength:"32"`
	OwnerID   int64            `json:"owner_id,omitempty" minimum:"0" doc:"0: oneself"`
	Repeat    model.TaskRepeat `json:"repeat,omitempty" enum:",daily,weekdays,weekly"`
	Ever      bool             `json:"ever,omitempty" doc:"the next ones of a repeating task follow this one"`
	Version   int64            `json:"version,omitempty" minimum:"0"`
}

func (b taskInput) read() (plan.Input, error) {
	day, err := dayOf("day", b.Day)
	return plan.Input{TaskFields: model.TaskFields{Title: b.Title, Important: b.Important, Urgent: b.Urgent, Start: b.Start, Estimated: b.Estimated, KPI: b.KPI, OwnerID: b.OwnerID},
		Day: day, Repeat: b.Repeat, Ever: b.Ever, Actual: b.Actual, Version: b.Version}, err
}

func (d *Door) createTask(ctx context.Context, in *struct{ Body taskInput }) (*taskOut, error) {
	input, err := in.Body.read()
	if err != nil {
		return nil, err
	}
	t, err := d.Plan.Create(ctx, OperatorFrom(ctx), input)
	return d.taskAnswer(ctx, t, err)
}

func (d *Door) saveTask(ctx context.Context, in *struct {
	ArticleID
	Body taskInput
}) (*taskOut, error) {
	input, err := in.Body.read()
	if err != nil {
		return nil, err
	}
	t, err := d.Plan.Save(ctx, OperatorFrom(ctx), in.ID, input)
	return d.taskAnswer(ctx, t, err)
}

func (d *Door) moveTask(ctx context.Context, in *struct {
	ArticleID
	Body struct {
		Version   int64   `json:"version" minimum:"1"`
		Important *bool   `json:"important,omitempty"`
		Urgent    *bool   `json:"urgent,omitempty"`
		Day       *string `json:"day,omitempty" maxLength:"10" doc:"empty: on no day"`
		Start     *int    `json:"start,omitempty" doc:"minute of the day; -1: any time"`
	}
}) (*taskOut, error) {
	p := plan.Place{Important: in.Body.Important, Urgent: in.Body.Urgent, Start: in.Body.Start}
	if in.Body.Day != nil {
		day, err := dayOf("day", *in.Body.Day)
		if err != nil {
			return nil, err
		}
		p.Day = &day
	}
	t, err := d.Plan.Move(ctx, OperatorFrom(ctx), in.ID, in.Body.Version, p)
	return d.taskAnswer(ctx, t, err)
}

// taskStep names the state the operator looked at: a step on another one is 409.
type taskStep struct {
	ArticleID
	Body struct {
		Version int64 `json:"version" minimum:"1"`
	}
}

type taskSum struct {
	Key               string `json:"key" doc:"quadrant 1 to 4, KPI, or day"`
	Tasks             int    `json:"tasks"`
	Done              int    `json:"done"`
	Estimated         int    `json:"estimated_minutes"`
	Actual            int    `json:"actual_minutes"`
	Compared          int    `json:"compared" doc:"finished, estimated and measured: only these can be compared"`
	ComparedEstimated int    `json:"compared_estimated"`
	ComparedActual    int    `json:"compared_actual"`
	Unmeasured        int    `json:"unmeasured" doc:"finished without a measured minute"`
}

func viewSum(key string, s plan.Sum) taskSum {
	return taskSum{key, s.Tasks, s.Done, s.Estimated, s.Actual, s.Compared, s.ComparedEstimated, s.ComparedActual, s.Unmeasured}
}

type taskReviewOut struct {
	Body struct {
		All       taskSum    `json:"all"`
		Quadrants []taskSum  `json:"quadrants"`
		KPIs      []taskSum  `json:"kpis"`
		Days      []taskSum  `json:"days"`
		Items     []TaskBody `json:"items"`
		AsOf      time.Time  `json:"as_of"`
	}
}

func (d *Door) reviewTasks(ctx context.Context, in *struct{ DaySpan }) (*taskReviewOut, error) {
	from, to, err := in.days()
	if err != nil {
		return nil, err
	}
	r, err := d.Plan.Review(ctx, from, to, in.OwnerID)
	if err != nil {
		return nil, err
	}
	now := d.Plan.Now()
	out := &taskReviewOut{}
	b := &out.Body
	b.All, b.AsOf, b.Items, b.KPIs = viewSum("", r.All), now.UTC(), []TaskBody{}, []taskSum{}
	for i, s := range r.ByQuadrant {
		b.Quadrants = append(b.Quadrants, viewSum(string(rune('1'+i)), s))
	}
	for _, k := range append(model.TaskKPIs[:len(model.TaskKPIs):len(model.TaskKPIs)], "") {
		if s, ok := r.ByKPI[k]; ok {
			b.KPIs = append(b.KPIs, viewSum(k, s))
		}
	}
	for t := model.DayStart(from); model.DayNumber(t) <= to; t = t.AddDate(0, 0, 1) {
		b.Days = append(b.Days, viewSum(model.Day(t), r.ByDay[model.DayNumber(t)]))
	}
	for _, t := range r.Tasks {
		b.Items = append(b.Items, viewTask(t, model.TaskOnce, now))
	}
	return out, nil
}
