// Package progress keeps how far a learner got in a lesson. It owns the table progress.
//
// A position never goes back: the furthest one stays, whatever order a phone's reports arrive in.
package progress

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// Lessons opens a lesson to those who may; service/course. Its errors are the answer.
type Lessons interface {
	Open(ctx context.Context, c model.Caller, lessonID int64) (l model.Lesson, owned bool, err error)
}

// Events keeps facts of our own; service/event.
type Events interface {
	Add(tx *gorm.DB, e model.Event) error
}

// Gate says what a lesson still waits for; service/homework.
type Gate interface {
	// Holds tells whether a lesson is not finished for a learner, because its homework was not passed.
	Holds(tx *gorm.DB, learnerID, lessonID int64) (bool, error)
	// QuizPassed tells whether a learner passed the quiz of a lesson.
	QuizPassed(tx *gorm.DB, learnerID, lessonID int64) (bool, error)
}

// Service keeps progress.
type Service struct {
	Gate Gate // nil: nothing but quizzes holds a lesson

	db      *gorm.DB
	lessons Lessons
	events  Events
	now     func() time.Time
}

// New builds the service.
func New(db *gorm.DB, lessons Lessons, events Events, now func() time.Time) *Service {
	return &Service{db: db, lessons: lessons, events: events, now: now}
}

// Report takes what a phone says: the position in seconds, and whether the lesson is finished. The
// position is brought into the lesson's length and only ever raises what is kept; finished stays
// finished, and is an event the first time. Only for owners, and for trial lessons. Errors are Lessons'.
func (s *Service) Report(ctx context.Context, c model.Caller, lessonID int64, position int, finished bool) (model.Progress, error) {
	l, _, err := s.lessons.Open(ctx, c, lessonID)
	if err != nil {
		return model.Progress{}, err
	}
	position = l.Cap(position)
	// Most reports of a phone change nothing, and then nothing is written: what is kept only ever grows.
	var p model.Progress
	err = s.db.WithContext(ctx).Where("learner_id = ? AND lesson_id = ?", c.LearnerID, l.ID).Limit(1).Find(&p).Error
	if err != nil {
		return p, fmt.Errorf("progress in lesson %d: %w", lessonID, err)
	}
	if p.FinishedAt == nil {
		if finished, err = s.ends(s.db.WithContext(ctx), c, l, finished); err != nil {
			return p, fmt.Errorf("progress in lesson %d: %w", lessonID, err)
		}
	}
	if finished && l.Seconds > 0 {
		position = l.Seconds
	}
	if p.ID != 0 && position <= p.Position && (!finished || p.FinishedAt != nil) {
		return p, nil
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var err error
		p, err = s.keep(tx, c, l, position, finished)
		return err
	})
	if err != nil {
		return p, fmt.Errorf("progress in lesson %d: %w", lessonID, err)
	}
	return p, nil
}

// Finish keeps that the caller finished a lesson by passing its quiz or its homework, unless homework holds it. Twice is once.
func (s *Service) Finish(tx *gorm.DB, c model.Caller, l model.Lesson) error {
	free, err := s.free(tx, c, l)
	if err != nil || !free {
		return err
	}
	_, err = s.keep(tx, c, l, 0, true)
	return err
}

// ends tells whether a report finishes a lesson, for a phone that says so. Passing its quiz is what finishes one that has
// a quiz, whatever the phone says; when homework held it then and was taken away since, the next report does.
func (s *Service) ends(db *gorm.DB, c model.Caller, l model.Lesson, said bool) (bool, error) {
	if l.Quiz != nil {
		if s.Gate == nil {
			return false, nil
		}
		var err error
		if said, err = s.Gate.QuizPassed(db, c.LearnerID, l.ID); err != nil {
			return false, err
		}
	}
	if !said {
		return false, nil
	}
	return s.free(db, c, l)
}

// free holds where no homework keeps a lesson from being finished.
func (s *Service) free(db *gorm.DB, c model.Caller, l model.Lesson) (bool, error) {
	if s.Gate == nil {
		return true, nil
	}
	held, err := s.Gate.Holds(db, c.LearnerID, l.ID)
	return !held, err
}

// keep raises what is kept of a lesson; finished for the first time is an event.
func (s *Service) keep(tx *gorm.DB, c model.Caller, l model.Lesson, position int, finished bool) (model.Progress, error) {
	now := model.Milli(s.now())
	p := model.Progress{AppID: c.AppID, LearnerID: c.LearnerID, PersonID: c.PersonID, CourseID: l.CourseID, LessonID: l.ID, CreatedAt: now, UpdatedAt: now}
	err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "learner_id"}, {Name: "lesson_id"}}, DoNothing: true}).Create(&p).Error
	if err != nil {
		return p, err
	}
	mine := tx.Model(&model.Progress{}).Where("learner_id = ? AND lesson_id = ?", c.LearnerID, l.ID).Session(&gorm.Session{})
	if err := mine.Where("position < ?", position).UpdateColumns(map[string]any{"position": position, "updated_at": now}).Error; err != nil {
		return p, err
	}
	if finished {
		done := mine.Where("finished_at IS NULL").UpdateColumns(map[string]any{"finished_at": now, "updated_at": now})
		if done.Error != nil {
			return p, done.Error
		}
		if done.RowsAffected == 1 {
			e := model.Event{Key: fmt.Sprintf("finish:%d:%d", c.LearnerID, l.ID), AppID: c.AppID, Type: model.EventLessonFinish, OccurredAt: now,
				PersonID: c.PersonID, CourseID: l.CourseID, LessonID: l.ID}
			if err := s.events.Add(tx, e); err != nil {
				return p, fmt.Errorf("event: %w", err)
			}
		}
	}
	p = model.Progress{}
	err = mine.Take(&p).Error
	return p, err
}

// OfCourse gives the learner's progress in a course, by lesson.
func (s *Service) OfCourse(ctx context.Context, learnerID, courseID int64) (map[int64]model.Progress, error) {
	var rows []model.Progress
	if err := s.db.WithContext(ctx).Where("learner_id = ? AND course_id = ?", learnerID, courseID).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("progress in course %d: %w", courseID, err)
	}
	by := make(map[int64]model.Progress, len(rows))
	for _, p := range rows {
		by[p.LessonID] = p
	}
	return by, nil
}

// Finished names the lessons of a course the learner finished.
func (s *Service) Finished(ctx context.Context, learnerID, courseID int64) (map[int64]bool, error) {
	var ids []int64
	err := s.db.WithContext(ctx).Model(&model.Progress{}).Where("learner_id = ? AND course_id = ? AND finished_at IS NOT NULL", learnerID, courseID).Pluck("lesson_id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("progress in course %d: %w", courseID, err)
	}
	done := make(map[int64]bool, len(ids))
	for _, id := range ids {
		done[id] = true
	}
	return done, nil
}

// Summary is how far a learner got in a course.
type Summary struct {
	Finished   int   // lessons, counting only those the course still has
	LastLesson int64 // where the learner was last; 0: nowhere yet
	LastAt     *time.Time
}

// Summaries gives the learner's progress in each course begun. alive names the lessons that still count,
// by course, as service/course knows them.
func (s *Service) Summaries(ctx context.Context, learnerID int64, alive func(courseID, lessonID int64) bool) (map[int64]Summary, error) {
	var rows []model.Progress
	if err := s.db.WithContext(ctx).Where("learner_id = ?", learnerID).Order("updated_at, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("progress of learner %d: %w", learnerID, err)
	}
	by := map[int64]Summary{}
	for _, p := range rows {
		if !alive(p.CourseID, p.LessonID) {
			continue
		}
		sum := by[p.CourseID]
		if p.FinishedAt != nil {
			sum.Finished++
		}
		at := p.UpdatedAt
		sum.LastLesson, sum.LastAt = p.LessonID, &at
		by[p.CourseID] = sum
	}
	return by, nil
}

// Erase removes a person's progress; the finished lessons stay counted as events of nobody.
func (s *Service) Erase(tx *gorm.DB, personID int64) error {
	return tx.Where("person_id = ?", personID).Delete(&model.Progress{}).Error
}
