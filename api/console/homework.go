package console

import (
	"context"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/homework"
)

func (d *Door) registerHomework(api huma.API) {
	op := func(id, method, path, what string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: what, Tags: []string{"homework"}, MaxBodyBytes: 64 << 10}
	}
	verb(d, api, model.RightRead, op("homeworkOfLesson", "GET", "/lessons/{id}/homework", "The homework (作业) of a lesson"), d.homeworkOfLesson)
	verb(d, api, model.RightEdit, op("setHomework", "PUT", "/lessons/{id}/homework", "Set the homework of a lesson, change it or close it; it stands at once"), d.setHomework)
	verb(d, api, model.RightRead, op("homework", "GET", "/homework", "What was handed in, the newest first; without what was handed in anew before it was marked"), d.homework)
	verb(d, api, model.RightRead, op("homeworkFile", "GET", "/homework.csv", "What was handed in, as CSV"), d.homeworkFile)
	verb(d, api, model.RightRead, op("homeworkOne", "GET", "/homework/{id}", "One hand-in"), d.homeworkOne)
	verb(d, api, model.RightEdit, op("markHomework", "POST", "/homework/{id}/mark", "Pass a hand-in, with a score or without one"), d.markHomework)
	verb(d, api, model.RightEdit, op("returnHomework", "POST", "/homework/{id}/return", "Send a hand-in back for another try"), d.returnHomework)
	verb(d, api, model.RightEdit, op("featureHomework", "PUT", "/homework/{id}/featured", "Show a marked hand-in to the others who have the course (精选), or take it from there"), d.featureHomework)
}

type homeworkTask struct {
	Title        string     `json:"title" maxLength:"240"`
	Task         string     `json:"task" maxLength:"20000" doc:"plain text"`
	DueDays      int        `json:"due_days,omitempty" minimum:"0" maximum:"365" doc:"after the learner got the course; 0: no end"`
	NeedText     bool       `json:"need_text"`
	NeedPictures bool       `json:"need_pictures"`
	Counts       bool       `json:"counts" doc:"the lesson is finished by passing it"`
	Closed       bool       `json:"closed,omitempty" doc:"nobody hands in any more; what was handed in stays"`
	UpdatedBy    string     `json:"updated_by,omitempty" readOnly:"true"`
	UpdatedAt    *time.Time `json:"updated_at,omitempty" doc:"when saving: of the homework that was looked at; absent where there was none"`
}

func viewHomework(h model.Homework) *homeworkTask {
	return &homeworkTask{Title: h.Title, Task: h.Task, DueDays: h.DueDays, NeedText: h.NeedText, NeedPictures: h.NeedPictures, Counts: h.Counts, Closed: h.Closed, UpdatedBy: h.UpdatedBy, UpdatedAt: &h.UpdatedAt}
}

type homeworkTaskOut struct {
	Body struct {
		Homework *homeworkTask `json:"homework,omitempty" doc:"absent: the lesson never had one"`
	}
}

func (d *Door) homeworkOfLesson(ctx context.Context, in *IDPath) (*homeworkTaskOut, error) {
	h, err := d.Homework.Of(ctx, in.ID)
	out := &homeworkTaskOut{}
	if h != nil {
		out.Body.Homework = viewHomework(*h)
	}
	return out, err
}

func (d *Door) setHomework(ctx context.Context, in *struct {
	IDPath
	Body homeworkTask
}) (*homeworkTaskOut, error) {
	b := in.Body
	set := model.Homework{Title: b.Title, Task: b.Task, DueDays: b.DueDays, NeedText: b.NeedText, NeedPictures: b.NeedPictures, Counts: b.Counts, Closed: b.Closed}
	if b.UpdatedAt != nil {
		set.UpdatedAt = *b.UpdatedAt
	}
	h, err := d.Homework.Set(ctx, OperatorFrom(ctx), in.ID, set)
	if err != nil {
		return nil, err
	}
	out := &homeworkTaskOut{}
	out.Body.Homework = viewHomework(h)
	return out, nil
}

type handedBody struct {
	ID            int64               `json:"id"`
	CourseID      int64               `json:"course_id"`
	CourseTitle   string              `json:"course_title"`
	LessonID      int64               `json:"lesson_id"`
	HomeworkTitle string              `json:"homework_title"`
	LearnerID     int64               `json:"learner_id"`
	Number        int                 `json:"number" doc:"which hand-in of the learner it is"`
	Content       string              `json:"content"`
	Pictures      []string            `json:"pictures" doc:"addresses good for a few hours"`
	State         model.HomeworkState `json:"state" enum:"waiting,marked,returned,replaced"`
	Check         string              `json:"check" enum:"checking,pass,review,risky,unknown" doc:"what WeChat's content check said of the worst of it"`
	Late          bool                `json:"late"`
	Score         *int                `json:"score" nullable:"true"`
	Words         string              `json:"words"`
	MarkedBy      string              `json:"marked_by"`
	MarkedAt      *time.Time          `json:"marked_at" nullable:"true"`
	Featured      bool                `json:"featured"`
	At            time.Time           `json:"at"`
}

// viewHanded names the courses and tasks of hand-ins.
func (d *Door) viewHanded(ctx context.Context, list ...model.HomeworkSubmission) ([]handedBody, error) {
	courses, tasks := make([]int64, 0, len(list)), make([]int64, 0, len(list))
	for _, s := range list {
		courses, tasks = append(courses, s.CourseID), append(tasks, s.HomeworkID)
	}
	named, err := d.Courses.Named(ctx, courses)
	if err != nil {
		return nil, err
	}
	titles, err := d.Homework.Titles(ctx, tasks)
	if err != nil {
		return nil, err
	}
	out := make([]handedBody, 0, len(list))
	for _, s := range list {
		b := handedBody{ID: s.ID, CourseID: s.CourseID, CourseTitle: named[s.CourseID].Title, LessonID: s.LessonID, HomeworkTitle: titles[s.HomeworkID], LearnerID: s.LearnerID, Number: s.Number, Content: s.Content,
			Pictures: make([]string, 0, len(s.Pictures)), State: s.State, Check: s.Check(), Late: s.Late, Score: s.Score, Words: s.Words, MarkedBy: s.MarkedBy, MarkedAt: s.MarkedAt, Featured: s.Featured, At: s.CreatedAt.UTC()}
		for _, p := range s.Pictures {
			b.Pictures = append(b.Pictures, d.Media.Sign(p.Address))
		}
		out = append(out, b)
	}
	return out, nil
}

// HandedFilter says which hand-ins are meant.
type HandedFilter struct {
	CourseID  int64  `query:"course_id" minimum:"0" maximum:"9007199254740991"`
	LessonID  int64  `query:"lesson_id" minimum:"0" maximum:"9007199254740991"`
	LearnerID int64  `query:"learner_id" minimum:"0" maximum:"9007199254740991"`
	State     string `query:"state" enum:"waiting,marked,returned,replaced"`
	Late      bool   `query:"late" doc:"only those handed in too late"`
	Featured  bool   `query:"featured" doc:"only the good ones"`
	Oldest    bool   `query:"oldest" doc:"the oldest first"`
}

func (f HandedFilter) filter(before int64, limit int) homework.Filter {
	return homework.Filter{CourseID: f.CourseID, LessonID: f.LessonID, LearnerID: f.LearnerID, State: model.HomeworkState(f.State), Late: f.Late, Featured: f.Featured, Oldest: f.Oldest, Before: before, Limit: limit}
}

type (
	handedOut     struct{ Body handedBody }
	handedListOut struct{ Body respond.Page[handedBody] }
)

func (d *Door) homework(ctx context.Context, in *struct {
	PageIn
	HandedFilter
}) (*handedListOut, error) {
	return page(&in.PageIn, fmt.Sprintf("homework %+v", in.HandedFilter), func(before int64, limit int) ([]handedBody, error) {
		list, err := d.Homework.List(ctx, in.filter(before, limit))
		if err != nil {
			return nil, err
		}
		return d.viewHanded(ctx, list...)
	}, func(b handedBody) int64 { return b.ID }, func(p respond.Page[handedBody]) *handedListOut { return &handedListOut{p} })
}

var homeworkStates = map[model.HomeworkState]string{model.HomeworkWaiting: "待批改", model.HomeworkMarked: "已批改", model.HomeworkReturned: "退回重交", model.HomeworkReplaced: "已重交"}

// homeworkFile writes down who took the list out before the first line leaves.
func (d *Door) homeworkFile(ctx context.Context, in *struct{ HandedFilter }) (*huma.StreamResponse, error) {
	if err := d.Homework.Exported(ctx, OperatorFrom(ctx), in.filter(0, 0)); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		before := int64(0)
		sendCSV(c, "homework.csv", []string{"编号", "课程", "作业", "学员", "第几次", "文字", "图片张数", "状态", "迟交", "得分", "评语", "批改人", "精选", "提交时间"}, func() ([][]string, error) {
			list, err := d.Homework.List(c.Request.Context(), in.filter(before, 500))
			if err != nil {
				return nil, err
			}
			bodies, err := d.viewHanded(c.Request.Context(), list...)
			rows := make([][]string, 0, len(bodies))
			yes := map[bool]string{true: "是", false: "否"}
			for _, b := range bodies {
				before = b.ID
				score := ""
				if b.Score != nil {
					score = fmt.Sprint(*b.Score)
				}
				rows = append(rows, []string{fmt.Sprint(b.ID), b.CourseTitle, b.HomeworkTitle, fmt.Sprint(b.LearnerID), fmt.Sprint(b.Number), b.Content, fmt.Sprint(len(b.Pictures)), homeworkStates[b.State], yes[b.Late], score, b.Words, b.MarkedBy, yes[b.Featured], b.At.In(model.Shanghai).Format(time.DateTime)})
			}
			return rows, err
		})
	}}, nil
}

func (d *Door) handed(ctx context.Context, s model.HomeworkSubmission, err error) (*handedOut, error) {
	if err != nil {
		return nil, err
	}
	b, err := d.viewHanded(ctx, s)
	if err != nil {
		return nil, err
	}
	return &handedOut{b[0]}, nil
}

func (d *Door) homeworkOne(ctx context.Context, in *IDPath) (*handedOut, error) {
	s, err := d.Homework.Get(ctx, in.ID)
	return d.handed(ctx, s, err)
}

func (d *Door) markHomework(ctx context.Context, in *struct {
	IDPath
	Body struct {
		Score *int   `json:"score,omitempty" nullable:"true" doc:"0–100; absent: passed without one"`
		Words string `json:"words,omitempty" maxLength:"4000"`
	}
}) (*handedOut, error) {
	s, err := d.Homework.Mark(ctx, OperatorFrom(ctx), in.ID, in.Body.Score, in.Body.Words)
	return d.handed(ctx, s, err)
}

func (d *Door) returnHomework(ctx context.Context, in *struct {
	IDPath
	Body struct {
		Words string `json:"words" maxLength:"4000" doc:"the learner reads it"`
	}
}) (*handedOut, error) {
	s, err := d.Homework.Return(ctx, OperatorFrom(ctx), in.ID, in.Body.Words)
	return d.handed(ctx, s, err)
}

func (d *Door) featureHomework(ctx context.Context, in *struct {
	IDPath
	Body struct {
		Featured bool `json:"featured"`
	}
}) (*handedOut, error) {
	s, err := d.Homework.Feature(ctx, OperatorFrom(ctx), in.ID, in.Body.Featured)
	return d.handed(ctx, s, err)
}
