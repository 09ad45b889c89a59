package mini

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/service/limit"
)

func (d *Door) registerMe(api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniMyCourses", Method: "GET", Path: "/mini/v1/me/courses", Summary: "What the learner owns, with progress"}, d.myCourses)
	verb(d, api, huma.Operation{OperationID: "miniMe", Method: "GET", Path: "/mini/v1/me", Summary: "The learner, as the service knows them"}, d.me)
	verb(d, api, huma.Operation{OperationID: "miniKeepPhone", Method: "POST", Path: "/mini/v1/me/phone", Summary: "Keep the phone number behind the button's code, in place of the one before"}, d.keepPhone)
	verb(d, api, huma.Operation{OperationID: "miniEraseMe", Method: "DELETE", Path: "/mini/v1/me", Summary: "Erase the learner; sums stay", DefaultStatus: http.StatusNoContent}, d.eraseMe)
}

type miniMyCourse struct {
	CourseCard
	FinishedLessons int        `json:"finished_lessons"`
	Progress        float64    `json:"progress" doc:"finished lessons ÷ lessons, 0 to 1"`
	LastLessonID    int64      `json:"last_lesson_id,omitempty" doc:"where to go on; absent before the first lesson"`
	LastAt          *time.Time `json:"last_at,omitempty"`
}

type myCoursesOut struct{ Body respond.Page[miniMyCourse] }

func (d *Door) myCourses(ctx context.Context, _ *struct{}) (*myCoursesOut, error) {
	who := CallerFrom(ctx)
	shown, err := d.Courses.Mine(ctx, who)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, 0, len(shown))
	for _, s := range shown {
		ids = append(append(ids, s.ID), s.Members...)
	}
	live, err := d.Courses.Live(ctx, ids)
	if err != nil {
		return nil, err
	}
	sums, err := d.Progress.Summaries(ctx, who.LearnerID, live)
	if err != nil {
		return nil, err
	}
	items := make([]miniMyCourse, 0, len(shown))
	for _, s := range shown {
		p := sums[s.ID]
		for _, id := range s.Members { // a bundle is studied in its courses
			x := sums[id]
			p.Finished += x.Finished
			if x.LastAt != nil && (p.LastAt == nil || x.LastAt.After(*p.LastAt)) {
				p.LastLesson, p.LastAt = x.LastLesson, x.LastAt
			}
		}
		m := miniMyCourse{CourseCard: d.viewCourse(s), FinishedLessons: p.Finished, LastLessonID: p.LastLesson, LastAt: p.LastAt}
		if s.LessonCount > 0 {
			m.Progress = float64(p.Finished) / float64(s.LessonCount)
		}
		items = append(items, m)
	}
	return &myCoursesOut{Body: respond.NewPage(items, "")}, nil
}

func (d *Door) eraseMe(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, d.Learners.EraseMe(ctx, CallerFrom(ctx))
}

// phonesPerLearner is against a phone that asks in a circle: WeChat charges for each number.
var phonesPerLearner = limit.Rate{N: 5, Per: time.Hour, Burst: 5}

type meOut struct {
	Body struct {
		LearnerID int64  `json:"learner_id"`
		Phone     string `json:"phone" doc:"masked, 138****0000; empty while none was given"`
	}
}

func (d *Door) me(ctx context.Context, _ *struct{}) (*meOut, error) {
	out := &meOut{}
	out.Body.LearnerID = CallerFrom(ctx).LearnerID
	phone, ok, err := d.Learners.Phone(ctx, out.Body.LearnerID)
	if ok {
		out.Body.Phone = phone.Masked()
	}
	return out, err
}

func (d *Door) keepPhone(ctx context.Context, in *struct {
	Body struct {
		_    struct{} `additionalProperties:"true"`
		Code string   `json:"code" minLength:"1" maxLength:"256" doc:"of the button with open-type getPhoneNumber, not of wx.login"`
	}
}) (*meOut, error) {
	out := &meOut{}
	out.Body.LearnerID = CallerFrom(ctx).LearnerID
	if wait, ok := d.Limits.Allow(ctx, "phone:"+strconv.FormatInt(out.Body.LearnerID, 10), phonesPerLearner); !ok {
		return nil, respond.TooMany(wait)
	}
	phone, err := d.Learners.KeepPhone(ctx, out.Body.LearnerID, in.Body.Code)
	if err != nil {
		return nil, err
	}
	out.Body.Phone = phone.Masked()
	return out, nil
}
