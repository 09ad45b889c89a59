package mini

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/quiz"
)

func (d *Door) registerQuiz(api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniQuiz", Method: "GET", Path: "/mini/v1/lessons/{id}/quiz", Summary: "The quiz (测验) of a lesson, and how the learner stands with it; right answers only of what was handed in"}, d.quiz)
	verb(d, api, huma.Operation{OperationID: "miniHandQuiz", Method: "POST", Path: "/mini/v1/lessons/{id}/quiz", Summary: "Hand in answers; passing finishes the lesson", DefaultStatus: http.StatusCreated}, d.handQuiz)
}

// QuizQuestion is a question as it is asked; exported, for huma overlooks embedded structs that are not.
type QuizQuestion struct {
	Kind    model.QuizKind `json:"kind" enum:"single,multiple,judge"`
	Text    string         `json:"text"`
	Options []string       `json:"options"`
	Points  int            `json:"points"`
}

// quizAnswered is a question after it was answered.
type quizAnswered struct {
	QuizQuestion
	Picked  []int  `json:"picked" doc:"places of the options, from 0"`
	Right   []int  `json:"right" doc:"places of the right ones"`
	Correct bool   `json:"correct"`
	Why     string `json:"why" doc:"the explanation"`
}

type quizResult struct {
	Number    int            `json:"number" doc:"which try it was"`
	Points    int            `json:"points"`
	Total     int            `json:"total"`
	Passed    bool           `json:"passed"`
	At        time.Time      `json:"at"`
	Questions []quizAnswered `json:"questions" doc:"as they were asked then"`
}

type quizOut struct {
	Body struct {
		LessonID  int64          `json:"lesson_id"`
		Hash      string         `json:"hash" doc:"of the quiz as it is now; hand it in with the answers"`
		Questions []QuizQuestion `json:"questions"`
		Pass      int            `json:"pass" doc:"points needed"`
		Total     int            `json:"total"`
		Tries     int            `json:"tries" doc:"how often it may be handed in; 0: as often as one likes"`
		Tried     int            `json:"tried"`
		Left      int            `json:"left" doc:"tries left; -1: as many as one likes"`
		Passed    bool           `json:"passed" doc:"once is for good"`
		Last      *quizResult    `json:"last,omitempty" doc:"the latest that was handed in"`
	}
}

func asked(q model.QuizQuestion) QuizQuestion {
	return QuizQuestion{Kind: q.Kind, Text: q.Text, Options: q.Options, Points: q.Points}
}

func viewQuiz(s quiz.Sitting) (*quizOut, error) {
	out := &quizOut{}
	b, q := &out.Body, s.Lesson.Quiz
	b.LessonID, b.Hash, b.Pass, b.Total, b.Tries = s.Lesson.ID, q.Asked(), q.Pass, q.Full(), q.Tries
	b.Tried, b.Left, b.Passed, b.Questions = s.Tried, s.Left(), s.Passed, make([]QuizQuestion, 0, len(q.Questions))
	for _, x := range q.Questions {
		b.Questions = append(b.Questions, asked(x))
	}
	if s.Last == nil {
		return out, nil
	}
	g, err := s.Last.Quiz.Grade(s.Last.Answers)
	if err != nil {
		return nil, err // it was taken in, so it grades
	}
	r := quizResult{Number: s.Last.Number, Points: s.Last.Points, Total: s.Last.Total, Passed: s.Last.Passed, At: s.Last.CreatedAt.UTC(), Questions: make([]quizAnswered, 0, len(s.Last.Answers))}
	for i, x := range s.Last.Quiz.Questions {
		r.Questions = append(r.Questions, quizAnswered{asked(x), s.Last.Answers[i], x.Right, g.Right[i], x.Why})
	}
	b.Last = &r
	return out, nil
}

func (d *Door) quiz(ctx context.Context, in *IDPath) (*quizOut, error) {
	s, err := d.Quizzes.Sit(ctx, CallerFrom(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return viewQuiz(s)
}

func (d *Door) handQuiz(ctx context.Context, in *struct {
	IDPath
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"64" pattern:"^[!-~]+$"`
	Body struct {
		_       struct{} `additionalProperties:"true"`
		Hash    string   `json:"hash" maxLength:"64" doc:"of the quiz that was shown"`
		Answers [][]int  `json:"answers" maxItems:"100" doc:"by question: the places of the options picked, from 0"`
	}
}) (*quizOut, error) {
	s, err := d.Quizzes.Hand(ctx, CallerFrom(ctx), in.Key, in.ID, in.Body.Hash, in.Body.Answers)
	if err != nil {
		return nil, err
	}
	return viewQuiz(s)
}
