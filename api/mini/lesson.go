package mini

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
)

func (d *Door) registerLesson(api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniLesson", Method: "GET", Path: "/mini/v1/lessons/{id}", Summary: "A lesson, if it is a trial or the course is owned"}, d.lesson)
	verb(d, api, huma.Operation{OperationID: "miniProgress", Method: "PUT", Path: "/mini/v1/lessons/{id}/progress", Summary: "Tell how far the learner got; never goes back"}, d.progress)
}

type lessonOut struct {
	Body struct {
		ID              int64            `json:"id"`
		CourseID        int64            `json:"course_id"`
		Chapter         string           `json:"chapter"`
		Title           string           `json:"title"`
		Kind            model.LessonKind `json:"kind"`
		Content         string           `json:"content" doc:"HTML, cleaned"`
		Media           string           `json:"media" doc:"address good for a few hours; empty where there is none"`
		Seconds         int              `json:"seconds"`
		Trial           bool             `json:"trial"`
		Owned           bool             `json:"owned"`
		PositionSeconds int              `json:"position_seconds"`
		Finished        bool             `json:"finished"`
		Quiz            bool             `json:"quiz" doc:"it has a quiz, and is finished by passing it"`
		Homework        bool             `json:"homework" doc:"it has homework, for who has the course"`
		HomeworkCounts  bool             `json:"homework_counts" doc:"it is finished by passing its homework"`
		Watermark       string           `json:"watermark" doc:"text to run over what is shown; empty for none"`
		NoForward       bool             `json:"no_forward" doc:"what was not played yet is not to be skipped: by who owns the course and has not finished the lesson"`
	}
}

func (d *Door) lesson(ctx context.Context, in *IDPath) (*lessonOut, error) {
	who := CallerFrom(ctx)
	l, owned, err := d.Courses.Open(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	play, err := d.Courses.Playing(ctx, l.CourseID)
	if err != nil {
		return nil, err
	}
	done, err := d.Progress.OfCourse(ctx, who.LearnerID, l.CourseID)
	if err != nil {
		return nil, err
	}
	p := done[l.ID]
	out := &lessonOut{}
	b := &out.Body
	b.ID, b.CourseID, b.Chapter, b.Title, b.Kind, b.Seconds, b.Trial, b.Owned = l.ID, l.CourseID, l.Chapter, l.Title, l.Kind, l.Seconds, l.Trial, owned
	b.Content, b.Media = d.Media.SignHTML(l.Content), d.Media.Sign(l.Media)
	b.PositionSeconds, b.Finished = p.Position, p.FinishedAt != nil
	homework, err := d.Homework.OfCourse(ctx, who.LearnerID, l.CourseID)
	if err != nil {
		return nil, err
	}
	task, had := homework[l.ID]
	b.Homework, b.HomeworkCounts = had, task.Counts
	b.Quiz = l.Quiz != nil
	b.Watermark, b.NoForward = play.Mark(who.LearnerID), play.NoForward && owned && p.FinishedAt == nil
	return out, nil
}

type progressOut struct {
	Body struct {
		PositionSeconds int  `json:"position_seconds" doc:"the furthest so far"`
		Finished        bool `json:"finished"`
	}
}

func (d *Door) progress(ctx context.Context, in *struct {
	IDPath
	Body struct {
		_               struct{} `additionalProperties:"true"`
		PositionSeconds int      `json:"position_seconds" minimum:"0" maximum:"9007199254740991"`
		Finished        bool     `json:"finished,omitempty"`
	}
}) (*progressOut, error) {
	p, err := d.Progress.Report(ctx, CallerFrom(ctx), in.ID, in.Body.PositionSeconds, in.Body.Finished)
	if err != nil {
		return nil, err
	}
	out := &progressOut{}
	out.Body.PositionSeconds, out.Body.Finished = p.Position, p.FinishedAt != nil
	return out, nil
}
