// Package quiz takes in answers to the quizzes (测验) of lessons, scores them and counts them. It owns the tables
// quiz_submissions and quiz_picks; the questions stand with their lesson, in service/course.
//
// A submission keeps the quiz as it was asked: changing a lesson changes no old result. What was picked stays counted
// when its person is forgotten.
package quiz

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Lessons are service/course.
type Lessons interface {
	// Open gives a lesson to those who may; its errors are the answer.
	Open(ctx context.Context, c model.Caller, lessonID int64) (l model.Lesson, owned bool, err error)
	// GetLesson gives one to the console.
	GetLesson(ctx context.Context, id int64) (model.Lesson, error)
}

// Learners is service/learner.
type Learners interface {
	// Lock holds the learner's row: one hand-in of a learner at a time, and nobody is erased at the same moment.
	Lock(tx *gorm.DB, learnerID int64) (model.Learner, error)
}

// Progress is service/progress.
type Progress interface {
	// Finish keeps that the caller finished a lesson; twice is once.
	Finish(tx *gorm.DB, c model.Caller, l model.Lesson) error
}

// Auditor keeps who took what out: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Options are the needs of the service.
type Options struct {
	DB       *gorm.DB
	AppID    string // of the Mini Program
	Lessons  Lessons
	Learners Learners
	Progress Progress
	Audit    Auditor
	Now      func() time.Time
}

// Service takes answers.
type Service struct{ Options }

// New makes the service.
func New(o Options) *Service { return &Service{o} }

// Sitting is how a learner stands with the quiz of a lesson.
type Sitting struct {
	Lesson model.Lesson // its Quiz is never nil
	Tried  int
	Passed bool
	Last   *model.QuizSubmission // the latest; nil: none yet
}

// Left is how often the learner may still hand in; -1: as often as they like.
func (s Sitting) Left() int {
	if s.Lesson.Quiz.Tries == 0 {
		return -1
	}
	return max(0, s.Lesson.Quiz.Tries-s.Tried)
}

// Sit gives the quiz of a lesson to who may open the lesson. ErrNotFound where it has none.
func (s *Service) Sit(ctx context.Context, who model.Caller, lessonID int64) (Sitting, error) {
	l, _, err := s.Lessons.Open(ctx, who, lessonID)
	if err != nil {
		return Sitting{}, err
	}
	if l.Quiz == nil {
		return Sitting{}, none(lessonID)
	}
	return s.sitting(s.DB.WithContext(ctx), who, l)
}

func (s *Service) sitting(tx *gorm.DB, who model.Caller, l model.Lesson) (Sitting, error) {
	out := Sitting{Lesson: l}
	mine := tx.Where("learner_id = ? AND lesson_id = ?", who.LearnerID, l.ID).Session(&gorm.Session{})
	var last []model.QuizSubmission
	if err := mine.Order("number DESC").Limit(1).Find(&last).Error; err != nil {
		return out, fmt.Errorf("quiz of lesson %d: %w", l.ID, err)
	}
	if len(last) == 0 {
		return out, nil
	}
	out.Last, out.Tried = &last[0], last[0].Number
	var passed int64
	if err := mine.Model(&model.QuizSubmission{}).Where("passed = ?", true).Count(&passed).Error; err != nil {
		return out, fmt.Errorf("quiz of lesson %d: %w", l.ID, err)
	}
	out.Passed = passed > 0
	return out, nil
}

// Passed tells whether a learner passed the quiz of a lesson.
func (s *Service) Passed(tx *gorm.DB, learnerID, lessonID int64) (bool, error) {
	var n int64
	err := tx.Model(&model.QuizSubmission{}).Where("learner_id = ? AND lesson_id = ? AND passed = ?", learnerID, lessonID, true).Count(&n).Error
	return n > 0, err
}

// Hand takes answers in, one list of places per question, and scores them; passing finishes the lesson. key is the
// phone's: again with the same answers is the same submission, with others ErrConflict key_reused. seen is the hash of
// the quiz the phone showed. Errors: ErrInvalid for answers that are none, ErrConflict when the questions were changed
// meanwhile or no try is left, and those of opening the lesson.
func (s *Service) Hand(ctx context.Context, who model.Caller, key string, lessonID int64, seen string, answers [][]int) (Sitting, error) {
	l, _, err := s.Lessons.Open(ctx, who, lessonID)
	if err != nil {
		return Sitting{}, err
	}
	for i := range answers {
		slices.Sort(answers[i])
	}
	var out Sitting
	err = store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		if _, err := s.Learners.Lock(tx, who.LearnerID); err != nil {
			return err
		}
		var before []model.QuizSubmission
		if err := tx.Where("learner_id = ? AND idem_key = ?", who.LearnerID, key).Limit(1).Find(&before).Error; err != nil {
			return err
		}
		if len(before) > 0 {
			b := before[0]
			if b.LessonID != lessonID || !slices.EqualFunc(b.Answers, answers, slices.Equal) {
				return model.Refuse(model.ErrConflict, model.CodeKeyReused, "这个 Idempotency-Key 已经用于另一份答卷")
			}
			out = Sitting{Lesson: l, Tried: b.Number, Passed: b.Passed, Last: &b}
			out.Lesson.Quiz = &b.Quiz
			return nil
		}
		if l.Quiz == nil {
			return none(lessonID)
		}
		if out, err = s.sitting(tx, who, l); err != nil {
			return err
		}
		if seen != l.Quiz.Asked() {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "题目刚刚改过，请看过新的题目再交")
		}
		if out.Left() == 0 {
			return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("这份测验最多答 %d 次，已经答完了", l.Quiz.Tries))
		}
		g, err := l.Quiz.Grade(answers)
		if err != nil {
			return err
		}
		sub := model.QuizSubmission{AppID: s.AppID, CourseID: l.CourseID, LessonID: l.ID, LearnerID: who.LearnerID, PersonID: who.PersonID, IdemKey: key, Number: out.Tried + 1,
			Quiz: *l.Quiz, Answers: answers, Points: g.Points, Total: l.Quiz.Full(), Passed: g.Passed, CreatedAt: model.Milli(s.Now())}
		if err := tx.Create(&sub).Error; err != nil {
			return err
		}
		picks := model.PicksOf(sub, g)
		if err := tx.Create(&picks).Error; err != nil {
			return err
		}
		out.Tried, out.Passed, out.Last = sub.Number, out.Passed || sub.Passed, &sub
		if !g.Passed {
			return nil
		}
		return s.Progress.Finish(tx, who, l)
	})
	if err != nil {
		return Sitting{}, fmt.Errorf("answers to the quiz of lesson %d: %w", lessonID, err)
	}
	return out, nil
}

// OfLesson lists what was handed in for a lesson, the newest first, older than before (0: from the top).
func (s *Service) OfLesson(ctx context.Context, lessonID, before int64, limit int) ([]model.QuizSubmission, error) {
	q := s.DB.WithContext(ctx).Omit("quiz", "answers").Where("lesson_id = ? AND appid = ?", lessonID, s.AppID)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	out := []model.QuizSubmission{}
	if err := q.Order("id DESC").Limit(limit).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("results of lesson %d: %w", lessonID, err)
	}
	return out, nil
}

// Get gives one submission whole, with the quiz as it was asked.
func (s *Service) Get(ctx context.Context, id int64) (model.QuizSubmission, error) {
	var out model.QuizSubmission
	err := s.DB.WithContext(ctx).Where("id = ? AND appid = ?", id, s.AppID).Take(&out).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return out, fmt.Errorf("quiz submission %d: %w", id, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这份答卷"))
	}
	if err != nil {
		return out, fmt.Errorf("quiz submission %d: %w", id, err)
	}
	return out, nil
}

// Exported keeps who took the results of a lesson out as a file.
func (s *Service) Exported(ctx context.Context, by model.Operator, l model.Lesson) error {
	return store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		return s.Audit.Audit(tx, model.AuditEntry{AppID: s.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: "quiz.export", Object: "course", ObjectID: fmt.Sprint(l.CourseID),
			After: model.AuditJSON(map[string]any{"lesson_id": l.ID})})
	})
}

// Erase removes a person's answers. What they picked stays counted, as nobody's.
func (s *Service) Erase(tx *gorm.DB, personID int64) error {
	return tx.Where("person_id = ?", personID).Delete(&model.QuizSubmission{}).Error
}

func none(lessonID int64) error {
	return fmt.Errorf("quiz of lesson %d: %w", lessonID, model.Refuse(model.ErrNotFound, model.CodeNotFound, "这一课没有测验"))
}
