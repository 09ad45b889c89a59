package quiz

import (
	"context"
	"fmt"

	"loudou/model"
)

// Figures are what the answers to a lesson's quiz come to. People and sums are those of who is still known; what was
// picked counts everybody.
type Figures struct {
	Lesson    model.Lesson
	People    int64 // who handed in at least once
	Passed    int64 // of them, who passed at least once
	Handed    int64 // submissions
	Questions []QuestionFigures
}

// QuestionFigures count the answers to one question of the quiz as it is now, whichever place it once had.
type QuestionFigures struct {
	Answered int64
	Correct  int64
	Chose    []int64 // by option
}

// Figures counts the answers to a lesson's quiz. ErrNotFound where the lesson is not there; without a quiz now there
// are no questions to count.
func (s *Service) Figures(ctx context.Context, lessonID int64) (Figures, error) {
	l, err := s.Lessons.GetLesson(ctx, lessonID)
	if err != nil {
		return Figures{}, err
	}
	out := Figures{Lesson: l, Questions: []QuestionFigures{}}
	db := s.DB.WithContext(ctx)
	err = db.Model(&model.QuizSubmission{}).Where("lesson_id = ? AND appid = ?", lessonID, s.AppID).
		Select("COUNT(*) AS handed, COUNT(DISTINCT learner_id) AS people, COUNT(DISTINCT CASE WHEN passed THEN learner_id END) AS passed").Row().Scan(&out.Handed, &out.People, &out.Passed)
	if err != nil {
		return out, fmt.Errorf("figures of quiz %d: %w", lessonID, err)
	}
	if l.Quiz == nil {
		return out, nil
	}
	var rows []struct {
		Question string
		Picked   int
		Correct  bool
		N        int64
	}
	err = db.Model(&model.QuizPick{}).Where("lesson_id = ? AND appid = ?", lessonID, s.AppID).
		Select("question, picked, correct, COUNT(*) AS n").Group("question, picked, correct").Scan(&rows).Error
	if err != nil {
		return out, fmt.Errorf("figures of quiz %d: %w", lessonID, err)
	}
	place := map[string]int{}
	for i, q := range l.Quiz.Questions {
		place[q.Key()] = i
		out.Questions = append(out.Questions, QuestionFigures{Chose: make([]int64, len(q.Options))})
	}
	for _, r := range rows {
		i, now := place[r.Question]
		if !now {
			continue // of a question that is asked no more
		}
		f := &out.Questions[i]
		f.Answered += r.N
		if r.Correct {
			f.Correct += r.N
		}
		for o := range f.Chose {
			if r.Picked&(1<<o) != 0 {
				f.Chose[o] += r.N
			}
		}
	}
	return out, nil
}
