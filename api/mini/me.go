package mini

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
)

func (d *Door) registerMe(api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniMyCourses", Method: "GET", Path: "/mini/v1/me/courses", Summary: "What the learner owns, with progress"}, d.myCourses)
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
	ids := make([]int64, len(shown))
	for i, s := range shown {
		ids[i] = s.ID
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
