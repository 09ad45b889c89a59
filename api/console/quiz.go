package console

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/api/respond"
	"loudou/model"
)

func (d *Door) registerQuiz(api huma.API) {
	op := func(id, path, what string) huma.Operation {
		return huma.Operation{OperationID: id, Method: "GET", Path: "/console/v1" + path, Summary: what, Tags: []string{"courses"}}
	}
	verb(d, api, model.RightRead, op("quizFigures", "/lessons/{id}/quiz", "What the answers to a lesson's quiz (测验) come to, question by question"), d.quizFigures)
	verb(d, api, model.RightRead, op("quizResults", "/lessons/{id}/quiz/results", "What was handed in, the newest first"), d.quizResults)
	verb(d, api, model.RightRead, op("quizResult", "/quiz-results/{id}", "One submission, with the quiz as it was asked then"), d.quizResult)
	verb(d, api, model.RightRead, op("quizFile", "/lessons/{id}/quiz/results.csv", "What was handed in, as CSV"), d.quizFile)
}

type quizQuestionBody struct {
	Kind    model.QuizKind `json:"kind" enum:"single,multiple,judge" doc:"judge: the options are 对 and 错"`
	Text    string         `json:"text"`
	Options []string       `json:"options" maxItems:"20"`
	Right   []int          `json:"right" maxItems:"20" doc:"places of the right options, from 0"`
	Points  int            `json:"points"`
	Why     string         `json:"why" doc:"the explanation, read after answering"`
}

type quizBody struct {
	Questions []quizQuestionBody `json:"questions" maxItems:"100"`
	Pass      int                `json:"pass" doc:"points needed"`
	Tries     int                `json:"tries" doc:"how often one learner may hand in; 0: as often as they like"`
}

func (q *quizBody) quiz() *model.Quiz {
	if q == nil {
		return nil
	}
	out := &model.Quiz{Pass: q.Pass, Tries: q.Tries, Questions: make([]model.QuizQuestion, 0, len(q.Questions))}
	for _, x := range q.Questions {
		out.Questions = append(out.Questions, model.QuizQuestion{Kind: x.Kind, Text: x.Text, Options: x.Options, Right: x.Right, Points: x.Points, Why: x.Why})
	}
	return out
}

func viewQuiz(q *model.Quiz) *quizBody {
	if q == nil {
		return nil
	}
	out := &quizBody{Pass: q.Pass, Tries: q.Tries, Questions: make([]quizQuestionBody, 0, len(q.Questions))}
	for _, x := range q.Questions {
		out.Questions = append(out.Questions, quizQuestionBody{Kind: x.Kind, Text: x.Text, Options: x.Options, Right: x.Right, Points: x.Points, Why: x.Why})
	}
	return out
}

func quizWords(l model.Lesson) string {
	if l.Quiz == nil {
		return ""
	}
	return l.QuizWords()
}

type questionFigures struct {
	Text     string        `json:"text"`
	Answered int64         `json:"answered"`
	Correct  int64         `json:"correct"`
	Options  []optionChose `json:"options"`
}

type optionChose struct {
	Text  string `json:"text"`
	Right bool   `json:"right"`
	Chose int64  `json:"chose" doc:"how many picked it"`
}

type quizFiguresOut struct {
	Body struct {
		People    int64             `json:"people" doc:"handed in at least once"`
		Passed    int64             `json:"passed" doc:"of them, passed at least once"`
		Handed    int64             `json:"handed" doc:"submissions"`
		Questions []questionFigures `json:"questions" doc:"of the quiz as it is now"`
	}
}

func (d *Door) quizFigures(ctx context.Context, in *IDPath) (*quizFiguresOut, error) {
	f, err := d.Quizzes.Figures(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &quizFiguresOut{}
	out.Body.People, out.Body.Passed, out.Body.Handed, out.Body.Questions = f.People, f.Passed, f.Handed, make([]questionFigures, 0, len(f.Questions))
	for i, n := range f.Questions {
		q := f.Lesson.Quiz.Questions[i]
		v := questionFigures{Text: q.Text, Answered: n.Answered, Correct: n.Correct, Options: make([]optionChose, 0, len(q.Options))}
		for o, text := range q.Options {
			v.Options = append(v.Options, optionChose{Text: text, Right: slices.Contains(q.Right, o), Chose: n.Chose[o]})
		}
		out.Body.Questions = append(out.Body.Questions, v)
	}
	return out, nil
}

// QuizResultBody is one hand-in of a quiz.
type QuizResultBody struct {
	ID        int64     `json:"id"`
	LearnerID int64     `json:"learner_id"`
	Number    int       `json:"number" doc:"which try of the learner it was"`
	Points    int       `json:"points"`
	Total     int       `json:"total"`
	Passed    bool      `json:"passed"`
	At        time.Time `json:"at"`
}

func viewResult(s model.QuizSubmission) QuizResultBody {
	return QuizResultBody{ID: s.ID, LearnerID: s.LearnerID, Number: s.Number, Points: s.Points, Total: s.Total, Passed: s.Passed, At: s.CreatedAt.UTC()}
}

type quizResultsOut struct{ Body respond.Page[QuizResultBody] }

func (d *Door) quizResults(ctx context.Context, in *struct {
	IDPath
	PageIn
}) (*quizResultsOut, error) {
	return page(&in.PageIn, "quiz_results", func(before int64, limit int) ([]QuizResultBody, error) {
		all, err := d.Quizzes.OfLesson(ctx, in.ID, before, limit)
		out := make([]QuizResultBody, 0, len(all))
		for _, s := range all {
			out = append(out, viewResult(s))
		}
		return out, err
	}, func(r QuizResultBody) int64 { return r.ID }, func(p respond.Page[QuizResultBody]) *quizResultsOut { return &quizResultsOut{p} })
}

type quizResultOut struct {
	Body struct {
		QuizResultBody
		Quiz    quizBody `json:"quiz" doc:"as it was asked"`
		Answers [][]int  `json:"answers" doc:"by question: the places picked"`
	}
}

func (d *Door) quizResult(ctx context.Context, in *IDPath) (*quizResultOut, error) {
	s, err := d.Quizzes.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &quizResultOut{}
	out.Body.QuizResultBody, out.Body.Quiz, out.Body.Answers = viewResult(s), *viewQuiz(&s.Quiz), s.Answers
	return out, nil
}

// quizFile writes down who took the results out before the first one leaves.
func (d *Door) quizFile(ctx context.Context, in *IDPath) (*huma.StreamResponse, error) {
	l, err := d.Courses.GetLesson(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := d.Quizzes.Exported(ctx, OperatorFrom(ctx), l); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		before := int64(0)
		sendCSV(c, fmt.Sprintf("quiz-%d.csv", l.ID), []string{"学员", "第几次", "得分", "总分", "及格", "交卷时间"}, func() ([][]string, error) {
			list, err := d.Quizzes.OfLesson(c.Request.Context(), l.ID, before, 500)
			if err != nil {
				return nil, err
			}
			rows := make([][]string, 0, len(list))
			for _, s := range list {
				before = s.ID
				passed := "否"
				if s.Passed {
					passed = "是"
				}
				rows = append(rows, []string{fmt.Sprint(s.LearnerID), fmt.Sprint(s.Number), fmt.Sprint(s.Points), fmt.Sprint(s.Total), passed, s.CreatedAt.In(model.Shanghai).Format(time.DateTime)})
			}
			return rows, nil
		})
	}}, nil
}
