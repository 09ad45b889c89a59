package model

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func sampleQuiz() Quiz {
	q := Quiz{Pass: 6, Tries: 2, Questions: []QuizQuestion{
		{Kind: QuizSingle, Text: "一加一", Options: []string{"一", "二"}, Right: []int{1}, Points: 2},
		{Kind: QuizMultiple, Text: "哪些是偶数", Options: []string{"1", "2", "4"}, Right: []int{2, 1}, Points: 5, Why: "能被二除尽"},
		{Kind: QuizJudge, Text: "地球是圆的", Right: []int{0}, Points: 3},
	}}
	q.Tidy()
	return q
}

// A question counts when exactly the right options are picked; what is no answer is named.
func TestQuizGrade(t *testing.T) {
	q := sampleQuiz()
	for name, c := range map[string]struct {
		answers [][]int
		points  int
		passed  bool
		fault   string
	}{
		"all right":          {answers: [][]int{{1}, {1, 2}, {0}}, points: 10, passed: true},
		"half a multiple":    {answers: [][]int{{1}, {1}, {0}}, points: 5},
		"too much":           {answers: [][]int{{1}, {0, 1, 2}, {0}}, points: 5},
		"just passed":        {answers: [][]int{{0}, {1, 2}, {0}}, points: 8, passed: true},
		"one missing":        {answers: [][]int{{1}, {1, 2}}, fault: "answers"},
		"one left open":      {answers: [][]int{{1}, {}, {0}}, fault: "answers.1"},
		"two of a single":    {answers: [][]int{{0, 1}, {1}, {0}}, fault: "answers.0"},
		"not offered":        {answers: [][]int{{1}, {3}, {0}}, fault: "answers.1"},
		"below nothing":      {answers: [][]int{{-1}, {1}, {0}}, fault: "answers.0"},
		"the same one twice": {answers: [][]int{{1}, {1, 1}, {0}}, fault: "answers.1"},
		"both of a judge":    {answers: [][]int{{1}, {1}, {0, 1}}, fault: "answers.2"},
	} {
		g, err := q.Grade(c.answers)
		var r *Refusal
		switch {
		case c.fault == "" && (err != nil || g.Points != c.points || g.Passed != c.passed):
			t.Errorf("%s: %+v %v", name, g, err)
		case c.fault != "" && (!errors.As(err, &r) || !errors.Is(err, ErrInvalid) || r.Fields[0].Field != c.fault):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What an operator cannot mean is refused at its field.
func TestQuizCheck(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Quiz)
		field string
	}{
		"fine":              {func(*Quiz) {}, ""},
		"no text":           {func(q *Quiz) { q.Questions[0].Text = "" }, "quiz.0.text"},
		"no right answer":   {func(q *Quiz) { q.Questions[1].Right = nil }, "quiz.1.right"},
		"two right":         {func(q *Quiz) { q.Questions[0].Right = []int{0, 1} }, "quiz.0.right"},
		"right not offered": {func(q *Quiz) { q.Questions[0].Right = []int{2} }, "quiz.0.right"},
		"one option":        {func(q *Quiz) { q.Questions[0].Options = []string{"一"} }, "quiz.0.options"},
		"same options":      {func(q *Quiz) { q.Questions[0].Options = []string{"二", "二"} }, "quiz.0.options"},
		"empty option":      {func(q *Quiz) { q.Questions[0].Options[0] = "" }, "quiz.0.options"},
		"no points":         {func(q *Quiz) { q.Questions[2].Points = 0 }, "quiz.2.points"},
		"unknown kind":      {func(q *Quiz) { q.Questions[2].Kind = "essay" }, "quiz.2.kind"},
		"too long":          {func(q *Quiz) { q.Questions[1].Why = strings.Repeat("长", 1001) }, "quiz.1.why"},
		"asked twice":       {func(q *Quiz) { q.Questions = append(q.Questions, q.Questions[0]) }, "quiz.3.text"},
		"pass over full":    {func(q *Quiz) { q.Pass = 11 }, "quiz.pass"},
		"pass nothing":      {func(q *Quiz) { q.Pass = 0 }, "quiz.pass"},
		"tries":             {func(q *Quiz) { q.Tries = -1 }, "quiz.tries"},
		"too many":          {func(q *Quiz) { q.Questions = make([]QuizQuestion, 51) }, "quiz"},
	} {
		q := sampleQuiz()
		c.spoil(&q)
		err := Lesson{Title: "课", Kind: LessonText, Quiz: &q}.Check()
		var r *Refusal
		if c.field == "" && err != nil || c.field != "" && (!errors.As(err, &r) || !slices.ContainsFunc(r.Fields, func(f FieldError) bool { return f.Field == c.field })) {
			t.Errorf("%s: %+v", name, err)
		}
	}
}

// A changed quiz is said in the difference of two versions; contents without one are what they were before there were any.
func TestQuizInContent(t *testing.T) {
	bare := CourseContent{Lessons: []LessonContent{{ID: 1, Title: "第一课", Kind: LessonText}}}
	q, other := sampleQuiz(), sampleQuiz()
	other.Questions[0].Text = "二减一"
	with := CourseContent{Lessons: []LessonContent{{ID: 1, Title: "第一课", Kind: LessonText, Quiz: &q}}}
	changed := CourseContent{Lessons: []LessonContent{{ID: 1, Title: "第一课", Kind: LessonText, Quiz: &other}}}
	if got := CourseDiff(bare, with); len(got) != 1 || got[0] != "「第一课」的测验：没有 → 3 道题，6 分及格，最多答 2 次" {
		t.Error(got)
	}
	if got := CourseDiff(with, changed); len(got) != 1 || !strings.Contains(got[0], "题目有改动") {
		t.Error(got)
	}
	if got := CourseDiff(with, with); len(got) != 0 {
		t.Error(got)
	}
	if with.Hash() == changed.Hash() || with.Hash() == bare.Hash() {
		t.Error("two contents, one hash")
	}
	one := Quiz{Questions: []QuizQuestion{{Kind: QuizSingle, Text: "哪个", Options: []string{"甲", "乙"}, Right: []int{0}, Points: 1, Why: "甲"}}, Pass: 1}
	two := Quiz{Questions: []QuizQuestion{{Kind: QuizSingle, Text: "哪个", Options: []string{"甲", "乙"}, Right: []int{1}, Points: 1}}, Pass: 1}
	if one.Asked() != two.Asked() || one.Hash() == two.Hash() {
		t.Error("what a phone is given tells the right answer")
	}
	two.Questions[0].Options = []string{"甲", "丙"}
	if one.Asked() == two.Asked() {
		t.Error("other options, the same questions")
	}
}
