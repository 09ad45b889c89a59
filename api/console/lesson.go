package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/course"
)

// maxLessonBody leaves room for a long text with its HTML.
const maxLessonBody = 1 << 20

func (d *Door) registerLesson(api huma.API) {
	tags := []string{"courses"}
	verb(d, api, model.RightEdit, huma.Operation{OperationID: "addLesson", Method: "POST", Path: "/console/v1/courses/{id}/lessons", Summary: "Add a lesson at the end", Tags: tags, DefaultStatus: http.StatusCreated, MaxBodyBytes: maxLessonBody}, d.addLesson)
	verb(d, api, model.RightEdit, huma.Operation{OperationID: "orderLessons", Method: "POST", Path: "/console/v1/courses/{id}/lessons/order", Summary: "Put the lessons in another order", Tags: tags}, d.orderLessons)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "lesson", Method: "GET", Path: "/console/v1/lessons/{id}", Summary: "A lesson with its text", Tags: tags}, d.lesson)
	verb(d, api, model.RightEdit, huma.Operation{OperationID: "changeLesson", Method: "PUT", Path: "/console/v1/lessons/{id}", Summary: "Change a lesson; fields left out stay", Tags: tags, MaxBodyBytes: maxLessonBody}, d.changeLesson)
	verb(d, api, model.RightEdit, huma.Operation{OperationID: "deleteLesson", Method: "DELETE", Path: "/console/v1/lessons/{id}", Summary: "Take a lesson out of its course; progress stays", Tags: tags, DefaultStatus: http.StatusNoContent}, d.deleteLesson)
}

// LessonBody is a lesson without its text.
type LessonBody struct {
	ID        int64            `json:"id"`
	CourseID  int64            `json:"course_id"`
	Position  int              `json:"position"`
	Chapter   string           `json:"chapter"`
	Title     string           `json:"title"`
	Kind      model.LessonKind `json:"kind" enum:"text,audio,video,file"`
	Media     string           `json:"media"`
	Trial     bool             `json:"trial"`
	Seconds   int              `json:"seconds"`
	QuizWords string           `json:"quiz_words" doc:"what is asked at its end, in Chinese"`
	Release   releaseBody      `json:"release" doc:"when it opens to who has the course"`
	Version   int64            `json:"version"`
	UpdatedBy string           `json:"updated_by"`
	UpdatedAt time.Time        `json:"updated_at"`
}

type releaseBody struct {
	How   model.ReleaseHow `json:"how" enum:",date,days,order" doc:"empty: with the course; order: once the lesson before is finished"`
	At    *time.Time       `json:"at" nullable:"true"`
	Days  int              `json:"days" doc:"after the learner's access began"`
	Words string           `json:"words" doc:"in Chinese; empty: with the course"`
}

// releaseIn is a release an operator wrote; it replaces the whole.
type releaseIn struct {
	How  model.ReleaseHow `json:"how" enum:",date,days,order"`
	At   *time.Time       `json:"at,omitempty" nullable:"true"`
	Days int              `json:"days,omitempty"`
}

func (r *releaseIn) release() *model.Release {
	if r == nil {
		return nil
	}
	return &model.Release{How: r.How, At: r.At, Days: r.Days}
}

func viewLesson(l model.Lesson) LessonBody {
	return LessonBody{ID: l.ID, CourseID: l.CourseID, Position: l.Position, Chapter: l.Chapter, Title: l.Title, Kind: l.Kind, Media: l.Media, Trial: l.Trial,
		Seconds: l.Seconds, QuizWords: quizWords(l), Release: releaseBody{How: l.Release.How, At: l.Release.At, Days: l.Release.Days, Words: l.Release.Words()}, Version: l.Version, UpdatedBy: l.UpdatedBy, UpdatedAt: l.UpdatedAt}
}

type lessonOut struct {
	Body struct {
		LessonBody
		Content  string            `json:"content"`
		Quiz     *quizBody         `json:"quiz,omitempty" doc:"asked at its end; absent: none"`
		MediaURL string            `json:"media_url" doc:"address to listen or look, good for a few hours"`
		Pictures map[string]string `json:"pictures" doc:"of the text: the address that stands in it, and one to look at it, good for a few hours"`
	}
}

func (d *Door) wholeLesson(l model.Lesson) *lessonOut {
	out := &lessonOut{}
	out.Body.LessonBody, out.Body.Content, out.Body.MediaURL = viewLesson(l), l.Content, d.Media.Sign(l.Media)
	out.Body.Quiz = viewQuiz(l.Quiz)
	out.Body.Pictures = d.Media.Pictures(l.Content)
	return out
}

func (d *Door) lesson(ctx context.Context, in *IDPath) (*lessonOut, error) {
	l, err := d.Courses.GetLesson(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return d.wholeLesson(l), nil
}

// LessonFields is what may be left out of a lesson.
type LessonFields struct {
	Chapter *string    `json:"chapter,omitempty"`
	Content *string    `json:"content,omitempty" doc:"HTML; cleaned"`
	Media   *string    `json:"media,omitempty" doc:"address of an uploaded file, or an https address"`
	Seconds *int       `json:"seconds,omitempty" doc:"length"`
	Release *releaseIn `json:"release,omitempty"`
	Quiz    *quizBody  `json:"quiz,omitempty" doc:"replaces the whole; without questions: none"`
}

func (d *Door) addLesson(ctx context.Context, in *struct {
	IDPath
	Body struct {
		Title string           `json:"title"`
		Kind  model.LessonKind `json:"kind" enum:"text,audio,video,file"`
		Trial bool             `json:"trial,omitempty"`
		LessonFields
	}
}) (*lessonOut, error) {
	b := in.Body
	l, err := d.Courses.AddLesson(ctx, OperatorFrom(ctx), in.ID, course.LessonDraft{Title: &b.Title, Kind: &b.Kind, Trial: &b.Trial, Chapter: b.Chapter, Content: b.Content, Media: b.Media, Seconds: b.Seconds, Release: b.Release.release(), Quiz: b.Quiz.quiz()})
	if err != nil {
		return nil, err
	}
	return d.wholeLesson(l), nil
}

func (d *Door) changeLesson(ctx context.Context, in *struct {
	IDPath
	Body struct {
		Title   *string           `json:"title,omitempty"`
		Kind    *model.LessonKind `json:"kind,omitempty" enum:"text,audio,video,file"`
		Trial   *bool             `json:"trial,omitempty"`
		Version int64             `json:"version,omitempty" minimum:"0" doc:"the one that was read; 409 when somebody saved since"`
		LessonFields
	}
}) (*lessonOut, error) {
	b := in.Body
	l, err := d.Courses.ChangeLesson(ctx, OperatorFrom(ctx), in.ID, b.Version, course.LessonDraft{Title: b.Title, Kind: b.Kind, Trial: b.Trial, Chapter: b.Chapter, Content: b.Content, Media: b.Media, Seconds: b.Seconds, Release: b.Release.release(), Quiz: b.Quiz.quiz()})
	if err != nil {
		return nil, err
	}
	return d.wholeLesson(l), nil
}

func (d *Door) deleteLesson(ctx context.Context, in *IDPath) (*struct{}, error) {
	return nil, d.Courses.DeleteLesson(ctx, OperatorFrom(ctx), in.ID)
}

func (d *Door) orderLessons(ctx context.Context, in *struct {
	IDPath
	Body struct {
		LessonIDs []int64 `json:"lesson_ids" maxItems:"1000" uniqueItems:"true" doc:"every lesson of the course once, in the new order"`
	}
}) (*courseOut, error) {
	if err := d.Courses.OrderLessons(ctx, OperatorFrom(ctx), in.ID, in.Body.LessonIDs); err != nil {
		return nil, err
	}
	return d.wholeCourse(ctx, in.ID)
}
