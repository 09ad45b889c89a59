package course

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// maxLessons bounds a course; more would be a library.
const maxLessons = 1000

// LessonDraft is what an operator types of a lesson. On a change, nil leaves a field as it is.
type LessonDraft struct {
	Chapter *string
	Title   *string
	Kind    *model.LessonKind
	Content *string // HTML; cleaned here
	Media   *string
	Trial   *bool
	Seconds *int
	Release *model.Release
	Quiz    *model.Quiz // without questions: none
}

func (d LessonDraft) onto(l *model.Lesson, public string) {
	set(&l.Title, d.Title, strings.TrimSpace)
	set(&l.Chapter, d.Chapter, strings.TrimSpace)
	set(&l.Content, d.Content, Clean)
	set(&l.Media, d.Media, func(s string) string { return ownAddress(s, public) })
	if d.Kind != nil {
		l.Kind = *d.Kind
	}
	if d.Trial != nil {
		l.Trial = *d.Trial
	}
	if d.Seconds != nil {
		l.Seconds = *d.Seconds
	}
	if d.Release != nil {
		l.SetRelease(*d.Release)
	}
	if d.Quiz != nil {
		l.Quiz = nil
		if len(d.Quiz.Questions) > 0 {
			q := *d.Quiz
			q.Tidy()
			l.Quiz = &q
		}
	}
}

// AddLesson puts a lesson at the end of a course.
func (s *Service) AddLesson(ctx context.Context, by model.Operator, courseID int64, d LessonDraft) (model.Lesson, error) {
	now := model.Milli(s.o.Now())
	draft := model.Lesson{AppID: s.o.AppID, CourseID: courseID, Version: 1, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
	d.onto(&draft, s.o.PublicURL)
	if err := draft.Check(); err != nil {
		return draft, err
	}
	var l model.Lesson
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		l = draft
		c, err := s.lock(tx, courseID)
		if err != nil {
			return err
		}
		if c.Bundle {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "专栏没有自己的课时，请把课程加进来")
		}
		if c.DraftOf != nil {
			l.DraftOf = new(int64)
		}
		var last struct{ N, Last int }
		err = tx.Model(&model.Lesson{}).Select("COUNT(*) AS n, COALESCE(MAX(position), 0) AS last").
			Where("course_id = ? AND deleted_at IS NULL", courseID).Scan(&last).Error
		if err != nil {
			return err
		}
		if last.N >= maxLessons {
			return model.Refuse(model.ErrInvalid, model.CodeInvalid, "一门课程最多 1000 个课时")
		}
		l.Position = last.Last + 1
		if err := tx.Create(&l).Error; err != nil {
			return err
		}
		return s.audit(tx, by, "lesson.create", c.Subject(), nil, lessonFacts(l))
	})
	return l, err
}

// ChangeLesson saves an operator's changes; version as in Change.
func (s *Service) ChangeLesson(ctx context.Context, by model.Operator, id, version int64, d LessonDraft) (model.Lesson, error) {
	var l model.Lesson
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var err error
		if l, err = s.lockLesson(tx, id); err != nil {
			return err
		}
		if version != 0 && version != l.Version {
			return stale(l.UpdatedBy, l.UpdatedAt)
		}
		before := l
		d.onto(&l, s.o.PublicURL)
		if err := l.Check(); err != nil {
			return err
		}
		l.Version, l.UpdatedBy, l.UpdatedAt = l.Version+1, by.Name, model.Milli(s.o.Now())
		err = tx.Model(&model.Lesson{}).Where("id = ?", id).
			Select("chapter", "title", "kind", "content", "media", "trial", "seconds", "release_how", "release_at", "release_days", "quiz", "version", "updated_by", "updated_at").Updates(&l).Error
		if err != nil {
			return err
		}
		return s.auditLesson(tx, by, "lesson.change", l, lessonFacts(before), lessonFacts(l))
	})
	return l, err
}

// DeleteLesson takes a lesson out of its course. Progress and events in it stay.
func (s *Service) DeleteLesson(ctx context.Context, by model.Operator, id int64) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		l, err := s.lockLesson(tx, id)
		if err != nil {
			return err
		}
		now := model.Milli(s.o.Now())
		err = tx.Model(&model.Lesson{}).Where("id = ? AND deleted_at IS NULL", id).
			Updates(map[string]any{"deleted_at": now, "updated_at": now, "updated_by": by.Name, "version": l.Version + 1}).Error
		if err != nil {
			return err
		}
		return s.auditLesson(tx, by, "lesson.delete", l, lessonFacts(l), nil)
	})
}

// OrderLessons puts a course's lessons in the order of ids, which must name each of them once.
func (s *Service) OrderLessons(ctx context.Context, by model.Operator, courseID int64, ids []int64) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		c, err := s.lock(tx, courseID)
		if err != nil {
			return err
		}
		var have []int64
		if err := tx.Model(&model.Lesson{}).Where("course_id = ? AND deleted_at IS NULL", courseID).Order("position, id").Pluck("id", &have).Error; err != nil {
			return err
		}
		left := map[int64]bool{}
		for _, id := range have {
			left[id] = true
		}
		for _, id := range ids {
			if !left[id] {
				return mismatch()
			}
			delete(left, id)
		}
		if len(left) > 0 {
			return mismatch()
		}
		for i, id := range ids {
			if err := tx.Model(&model.Lesson{}).Where("id = ?", id).UpdateColumn("position", i+1).Error; err != nil {
				return err
			}
		}
		return s.audit(tx, by, "lesson.order", c.Subject(), map[string]any{"lesson_ids": have}, map[string]any{"lesson_ids": ids})
	})
}

func mismatch() error {
	return model.Refuse(model.ErrConflict, model.CodeConflict, "课时列表已变化，请刷新后再排序").Field("lesson_ids", "应恰好包含这门课的每个课时一次")
}

// Lessons gives a course's lessons in order, without their texts.
func (s *Service) Lessons(ctx context.Context, courseID int64) ([]model.Lesson, error) {
	ls := []model.Lesson{}
	err := s.db.WithContext(ctx).Omit("content").Where("course_id = ? AND appid = ? AND deleted_at IS NULL", courseID, s.o.AppID).
		Order("position, id").Find(&ls).Error
	if err != nil {
		return nil, fmt.Errorf("lessons of course %d: %w", courseID, err)
	}
	return ls, nil
}

// GetLesson gives one lesson whole, to the console.
func (s *Service) GetLesson(ctx context.Context, id int64) (model.Lesson, error) {
	var l model.Lesson
	err := s.db.WithContext(ctx).Where("id = ? AND appid = ? AND deleted_at IS NULL", id, s.o.AppID).Take(&l).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return l, lessonNotFound(id)
	}
	if err != nil {
		return l, fmt.Errorf("lesson %d: %w", id, err)
	}
	return l, nil
}

func (s *Service) lockLesson(tx *gorm.DB, id int64) (model.Lesson, error) {
	var l model.Lesson
	err := store.Lock(tx).Where("id = ? AND appid = ? AND deleted_at IS NULL", id, s.o.AppID).Take(&l).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return l, lessonNotFound(id)
	}
	return l, err
}

// auditLesson keeps an act on a lesson under the course it belongs to, its draft's too.
func (s *Service) auditLesson(tx *gorm.DB, by model.Operator, action string, l model.Lesson, before, after any) error {
	c := model.Course{ID: l.CourseID}
	if l.DraftOf != nil {
		if err := tx.Select("id", "draft_of").Where("id = ?", l.CourseID).Take(&c).Error; err != nil {
			return err
		}
	}
	return s.audit(tx, by, action, c.Subject(), before, after)
}

func lessonFacts(l model.Lesson) map[string]any {
	return map[string]any{"lesson_id": l.ID, "chapter": l.Chapter, "title": l.Title, "kind": l.Kind, "media": l.Media, "trial": l.Trial, "seconds": l.Seconds, "release": l.Release.Words(), "version": l.Version, "content_bytes": len(l.Content), "quiz": l.QuizWords()}
}

func lessonNotFound(id int64) error {
	return fmt.Errorf("lesson %d: %w", id, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个课时"))
}
