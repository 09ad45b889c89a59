package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// QuizKind is how a question is answered.
type QuizKind string

// A judge question is answered with right or wrong: its options are those two.
const (
	QuizSingle   QuizKind = "single"
	QuizMultiple QuizKind = "multiple"
	QuizJudge    QuizKind = "judge"
)

// Bounds of a quiz.
const (
	quizQuestions = 50
	quizOptions   = 8
	quizPoints    = 100
	quizTries     = 99
)

// JudgeOptions are what a judge question is answered with.
var JudgeOptions = []string{"对", "错"}

// QuizQuestion is one question. Right and Why are for the server and for who has answered.
type QuizQuestion struct {
	Kind    QuizKind `json:"kind"`
	Text    string   `json:"text"`
	Options []string `json:"options"`
	Right   []int    `json:"right"` // places in Options, ascending
	Points  int      `json:"points"`
	Why     string   `json:"why"` // the explanation
}

// Quiz (测验) is asked at the end of a lesson. Who passes it has finished the lesson.
type Quiz struct {
	Questions []QuizQuestion `json:"questions"`
	Pass      int            `json:"pass"`  // points needed
	Tries     int            `json:"tries"` // how often one learner may hand in; 0: as often as they like
}

// Full is what answering everything right gives.
func (q Quiz) Full() int {
	n := 0
	for _, x := range q.Questions {
		n += x.Points
	}
	return n
}

// Hash tells two quizzes apart. It is made of the right answers too, so no phone may have it: few answers are quickly tried.
func (q Quiz) Hash() string { return shortHash(q) }

// Asked tells two quizzes apart by what a phone shows of them: it hands in answers to the one it showed.
func (q Quiz) Asked() string {
	shown := Quiz{Questions: make([]QuizQuestion, len(q.Questions)), Pass: q.Pass, Tries: q.Tries}
	for i, x := range q.Questions {
		shown.Questions[i] = QuizQuestion{Kind: x.Kind, Text: x.Text, Options: x.Options, Points: x.Points}
	}
	return shortHash(shown)
}

// Key tells a question from others by what is asked, whatever its place, points and right answer are.
func (q QuizQuestion) Key() string {
	return shortHash([]any{q.Kind, q.Text, q.Options})
}

func shortHash(v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers only
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])[:16]
}

// Tidy trims what was typed and gives a judge question its options.
func (q *Quiz) Tidy() {
	for i := range q.Questions {
		x := &q.Questions[i]
		x.Text, x.Why = strings.TrimSpace(x.Text), strings.TrimSpace(x.Why)
		if x.Kind == QuizJudge {
			x.Options = slices.Clone(JudgeOptions)
		}
		for j := range x.Options {
			x.Options[j] = strings.TrimSpace(x.Options[j])
		}
		slices.Sort(x.Right)
	}
}

// check names what is wrong with a quiz.
func (q Quiz) check(bad *Refusal) {
	if len(q.Questions) > quizQuestions {
		bad.Field("quiz", fmt.Sprintf("最多 %d 道题", quizQuestions))
		return
	}
	asked := map[string]int{}
	for i, x := range q.Questions {
		at := fmt.Sprintf("quiz.%d", i)
		x.check(at, bad)
		if n, again := asked[x.Key()]; again {
			bad.Field(at+".text", fmt.Sprintf("和第 %d 题一样", n))
		}
		asked[x.Key()] = i + 1
	}
	if full := q.Full(); q.Pass < 1 || q.Pass > full {
		bad.Field("quiz.pass", fmt.Sprintf("及格分为 1 到总分 %d", full))
	}
	if q.Tries < 0 || q.Tries > quizTries {
		bad.Field("quiz.tries", fmt.Sprintf("次数为 0 到 %d，0 是不限", quizTries))
	}
}

func (x QuizQuestion) check(at string, bad *Refusal) {
	if n := utf8.RuneCountInString(x.Text); n < 1 || n > 500 {
		bad.Field(at+".text", "题目为 1 到 500 个字")
	}
	if utf8.RuneCountInString(x.Why) > 1000 {
		bad.Field(at+".why", "解析最多 1000 个字")
	}
	if x.Points < 1 || x.Points > quizPoints {
		bad.Field(at+".points", fmt.Sprintf("分值为 1 到 %d 的整数", quizPoints))
	}
	if n := len(x.Options); n < 2 || n > quizOptions {
		bad.Field(at+".options", fmt.Sprintf("选项为 2 到 %d 个", quizOptions))
	}
	seen := map[string]bool{}
	for _, o := range x.Options {
		if n := utf8.RuneCountInString(o); n < 1 || n > 200 {
			bad.Field(at+".options", "每个选项 1 到 200 个字")
			break
		}
		if seen[o] {
			bad.Field(at+".options", "两个选项是一样的")
			break
		}
		seen[o] = true
	}
	switch x.Kind {
	case QuizSingle, QuizMultiple, QuizJudge:
		if !x.takes(x.Right) {
			bad.Field(at+".right", x.wants("请选出正确答案"))
		}
	default:
		bad.Field(at+".kind", "题型应为 single、multiple 或 judge")
	}
}

func (x QuizQuestion) wants(what string) string {
	if x.Kind == QuizMultiple {
		return what + "，可以多个"
	}
	return what + "，只能一个"
}

// takes tells whether picked, places in ascending order, is an answer to the question at all.
func (x QuizQuestion) takes(picked []int) bool {
	for i, p := range picked {
		if p < 0 || p >= len(x.Options) || i > 0 && p <= picked[i-1] {
			return false
		}
	}
	return len(picked) > 0 && (x.Kind == QuizMultiple || len(picked) == 1)
}

// Grade is what answers to a quiz come to.
type Grade struct {
	Points int
	Passed bool
	Right  []bool // by question
}

// Grade scores answers, one list of places per question: a question is right when exactly the right ones are picked.
// ErrInvalid names the questions that are not answered, or with what they do not offer.
func (q Quiz) Grade(answers [][]int) (Grade, error) {
	bad := Refuse(ErrInvalid, CodeInvalid, "还有题目没有答好")
	if len(answers) != len(q.Questions) {
		return Grade{}, bad.Field("answers", fmt.Sprintf("一共 %d 道题，每道都要答", len(q.Questions)))
	}
	g := Grade{Right: make([]bool, len(answers))}
	for i, x := range q.Questions {
		if !x.takes(answers[i]) {
			bad.Field(fmt.Sprintf("answers.%d", i), fmt.Sprintf("第 %d 题：%s", i+1, x.wants("请选答案")))
			continue
		}
		if g.Right[i] = slices.Equal(answers[i], x.Right); g.Right[i] {
			g.Points += x.Points
		}
	}
	if len(bad.Fields) > 0 {
		return Grade{}, bad
	}
	g.Passed = g.Points >= q.Pass
	return g, nil
}

// QuizSubmission is one hand-in of a quiz. It keeps the quiz as it was asked.
type QuizSubmission struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	CourseID  int64
	LessonID  int64
	LearnerID int64
	PersonID  int64
	IdemKey   string  // the phone's Idempotency-Key
	Number    int     // the learner's first, second … try at this lesson
	Quiz      Quiz    `gorm:"serializer:json"`
	Answers   [][]int `gorm:"serializer:json"`
	Points    int
	Total     int // what everything right would have given
	Passed    bool
	CreatedAt time.Time
}

// TableName keeps the table's name apart from the type's.
func (QuizSubmission) TableName() string { return "quiz_submissions" }

// QuizPick is what one submission picked for one question, for counting.
type QuizPick struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	LessonID     int64
	SubmissionID int64
	Question     string // QuizQuestion.Key
	Picked       int    // bit n is set where option n was picked
	Correct      bool
}

// TableName keeps the table's name apart from the type's.
func (QuizPick) TableName() string { return "quiz_picks" }

// PicksOf are the rows that count a submission.
func PicksOf(s QuizSubmission, g Grade) []QuizPick {
	out := make([]QuizPick, 0, len(s.Answers))
	for i, picked := range s.Answers {
		bits := 0
		for _, p := range picked {
			bits |= 1 << p
		}
		out = append(out, QuizPick{AppID: s.AppID, LessonID: s.LessonID, SubmissionID: s.ID, Question: s.Quiz.Questions[i].Key(), Picked: bits, Correct: g.Right[i]})
	}
	return out
}
