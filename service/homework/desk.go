package homework

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// The operator's side: what is set, marked, returned and shown.

// Of gives the homework of a lesson to the console, a closed one too; nil where it never had one.
func (s *Service) Of(ctx context.Context, lessonID int64) (*model.Homework, error) {
	if _, err := s.Lessons.GetLesson(ctx, lessonID); err != nil {
		return nil, err
	}
	h, err := s.of(s.DB.WithContext(ctx), lessonID)
	if errors.Is(err, model.ErrNotFound) {
		return nil, nil
	}
	return &h, err
}

// Set writes the homework of a lesson as h says, made if there is none. h.UpdatedAt is that of the homework the operator
// looked at, zero where there was none; ErrConflict when somebody else has changed it since. The same again changes nothing.
func (s *Service) Set(ctx context.Context, by model.Operator, lessonID int64, h model.Homework) (model.Homework, error) {
	if err := h.Tidy(); err != nil {
		return h, err
	}
	l, err := s.Lessons.GetLesson(ctx, lessonID)
	if err != nil {
		return h, err
	}
	if l.DraftOf != nil {
		return h, model.Refuse(model.ErrConflict, model.CodeConflict, "课时还在草稿里，发布以后再布置作业")
	}
	now, seen := model.Milli(s.Now()), h.UpdatedAt
	h.ID, h.AppID, h.CourseID, h.LessonID, h.UpdatedBy, h.CreatedAt, h.UpdatedAt = 0, s.AppID, l.CourseID, lessonID, by.Name, now, now
	err = store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		had, err := s.of(store.Lock(tx), lessonID)
		if errors.Is(err, model.ErrNotFound) {
			h.ID = 0
			err := tx.Create(&h).Error
			if _, dup := store.Duplicate(err); dup {
				return model.Refuse(model.ErrConflict, model.CodeConflict, "别人刚布置了这一课的作业，请刷新后再改")
			}
			if err != nil {
				return err
			}
			return s.audit(tx, by, "homework.set", "homework", h.ID, nil, facts(h))
		}
		if err != nil {
			return err
		}
		h.ID, h.CreatedAt = had.ID, had.CreatedAt
		if was := had; same(was, h) {
			h = had
			return nil
		}
		if !had.UpdatedAt.Equal(seen) {
			return model.Refuse(model.ErrConflict, model.CodeConflict, had.UpdatedBy+" 在 "+had.UpdatedAt.In(model.Shanghai).Format("1 月 2 日 15:04")+" 改过这份作业，请刷新后再改")
		}
		if err := tx.Model(&model.Homework{}).Where("id = ?", h.ID).Select("title", "task", "due_days", "need_text", "need_pictures", "counts", "closed", "updated_by", "updated_at").Updates(&h).Error; err != nil {
			return err
		}
		return s.audit(tx, by, "homework.set", "homework", h.ID, facts(had), facts(h))
	})
	if err != nil {
		return h, fmt.Errorf("homework of lesson %d: %w", lessonID, err)
	}
	return h, nil
}

func same(a, b model.Homework) bool {
	return a.Title == b.Title && a.Task == b.Task && a.DueDays == b.DueDays && a.NeedText == b.NeedText && a.NeedPictures == b.NeedPictures && a.Counts == b.Counts && a.Closed == b.Closed
}

func facts(h model.Homework) map[string]any {
	return map[string]any{"lesson_id": h.LessonID, "title": h.Title, "due_days": h.DueDays, "need_text": h.NeedText, "need_pictures": h.NeedPictures, "counts": h.Counts, "closed": h.Closed}
}

// Filter narrows the desk's list; replaced hand-ins are not in it unless State asks for them.
type Filter struct {
	CourseID, LessonID, LearnerID int64
	State                         model.HomeworkState
	Late, Featured                bool
	Before                        int64 // id; 0: from the top
	Oldest                        bool  // the oldest first; Before is then where to go on after
	Limit                         int
}

// List gives hand-ins to the desk, the newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]model.HomeworkSubmission, error) {
	q := s.DB.WithContext(ctx).Where("appid = ?", s.AppID)
	for column, id := range map[string]int64{"course_id": f.CourseID, "lesson_id": f.LessonID, "learner_id": f.LearnerID} {
		if id > 0 {
			q = q.Where(column+" = ?", id)
		}
	}
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	} else {
		q = q.Where("state <> ?", model.HomeworkReplaced)
	}
	if f.Late {
		q = q.Where("late = ?", true)
	}
	if f.Featured {
		q = q.Where("featured = ?", true)
	}
	order := "id DESC"
	switch {
	case f.Oldest:
		order = "id"
		q = q.Where("id > ?", f.Before)
	case f.Before > 0:
		q = q.Where("id < ?", f.Before)
	}
	out := []model.HomeworkSubmission{}
	if err := q.Order(order).Limit(f.Limit).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("homework: %w", err)
	}
	return out, withPictures(s.DB.WithContext(ctx), out)
}

// Get gives one hand-in. ErrNotFound.
func (s *Service) Get(ctx context.Context, id int64) (model.HomeworkSubmission, error) {
	return s.one(s.DB.WithContext(ctx), id)
}

func (s *Service) one(db *gorm.DB, id int64) (model.HomeworkSubmission, error) {
	list := make([]model.HomeworkSubmission, 1)
	err := db.Where("id = ? AND appid = ?", id, s.AppID).Take(&list[0]).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return list[0], fmt.Errorf("homework %d: %w", id, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这份作业，或者已经删掉了"))
	}
	if err == nil {
		err = withPictures(db.Session(&gorm.Session{NewDB: true}), list)
	}
	return list[0], err
}

// Titles names homework by id.
func (s *Service) Titles(ctx context.Context, ids []int64) (map[int64]string, error) {
	var hs []model.Homework
	if err := s.DB.WithContext(ctx).Select("id", "title").Where("id IN ? AND appid = ?", append(ids, 0), s.AppID).Find(&hs).Error; err != nil {
		return nil, fmt.Errorf("titles of homework: %w", err)
	}
	out := make(map[int64]string, len(hs))
	for _, h := range hs {
		out[h.ID] = h.Title
	}
	return out, nil
}

// Waiting counts what is to be marked.
func (s *Service) Waiting(ctx context.Context) (int64, error) {
	var n int64
	err := s.DB.WithContext(ctx).Model(&model.HomeworkSubmission{}).Where("appid = ? AND state = ?", s.AppID, model.HomeworkWaiting).Count(&n).Error
	if err != nil {
		return 0, fmt.Errorf("homework that waits: %w", err)
	}
	return n, nil
}

// Mark passes a hand-in, with a score (0–100) or without one, and words. Where the homework counts, the lesson is
// finished by it. A mark can be written anew. ErrConflict for one that was returned or replaced.
func (s *Service) Mark(ctx context.Context, by model.Operator, id int64, score *int, typed string) (model.HomeworkSubmission, error) {
	words, err := model.HomeworkWords(typed, false)
	if err != nil {
		return model.HomeworkSubmission{}, err
	}
	if score != nil && (*score < 0 || *score > 100) {
		return model.HomeworkSubmission{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("score", "0 到 100 的整数，也可以不打分")
	}
	l, err := s.lesson(ctx, id)
	if err != nil {
		return model.HomeworkSubmission{}, err
	}
	return s.change(ctx, by, id, "homework.grade", func(tx *gorm.DB, x *model.HomeworkSubmission) (bool, error) {
		if x.State != model.HomeworkWaiting && x.State != model.HomeworkMarked {
			return false, notWaiting()
		}
		first := x.State == model.HomeworkWaiting
		if !first && x.Words == words && sameScore(x.Score, score) {
			return false, nil
		}
		now := model.Milli(s.Now())
		x.State, x.Score, x.Words, x.MarkedBy, x.MarkedAt = model.HomeworkMarked, score, words, by.Name, &now
		if err := keep(tx, x); err != nil || !first {
			return true, err
		}
		return true, s.finish(tx, *x, l)
	})
}

func sameScore(a, b *int) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func notWaiting() error {
	return model.Refuse(model.ErrConflict, model.CodeConflict, "这一份已经退回，或者学员重新交过，请看最新的一份")
}

// lesson is the one a hand-in is for; nil: it was taken out of its course.
func (s *Service) lesson(ctx context.Context, id int64) (*model.Lesson, error) {
	x, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	l, err := s.Lessons.GetLesson(ctx, x.LessonID)
	if errors.Is(err, model.ErrNotFound) {
		return nil, nil
	}
	return &l, err
}

// finish keeps that the lesson is finished, where its homework counts and nothing else is left to pass.
func (s *Service) finish(tx *gorm.DB, x model.HomeworkSubmission, l *model.Lesson) error {
	h, err := s.of(tx, x.LessonID)
	if err != nil || !h.Counts || h.Closed || l == nil {
		return err
	}
	if l.Quiz != nil {
		if passed, err := s.Quizzes.Passed(tx, x.LearnerID, x.LessonID); err != nil || !passed {
			return err
		}
	}
	return s.Progress.Finish(tx, model.Caller{AppID: x.AppID, LearnerID: x.LearnerID, PersonID: x.PersonID}, *l)
}

// Return sends a hand-in back for another try, with words that say why. ErrConflict for one that does not wait.
func (s *Service) Return(ctx context.Context, by model.Operator, id int64, typed string) (model.HomeworkSubmission, error) {
	words, err := model.HomeworkWords(typed, true)
	if err != nil {
		return model.HomeworkSubmission{}, err
	}
	return s.change(ctx, by, id, "homework.return", func(tx *gorm.DB, x *model.HomeworkSubmission) (bool, error) {
		if x.State == model.HomeworkReturned && x.Words == words {
			return false, nil
		}
		if x.State != model.HomeworkWaiting {
			return false, notWaiting()
		}
		now := model.Milli(s.Now())
		x.State, x.Words, x.MarkedBy, x.MarkedAt = model.HomeworkReturned, words, by.Name, &now
		return true, keep(tx, x)
	})
}

// Feature shows a marked hand-in to the others who have the course, or takes it from there. ErrConflict while WeChat's
// check has not passed all of it.
func (s *Service) Feature(ctx context.Context, by model.Operator, id int64, on bool) (model.HomeworkSubmission, error) {
	action := "homework.feature"
	if !on {
		action = "homework.unfeature"
	}
	return s.change(ctx, by, id, action, func(tx *gorm.DB, x *model.HomeworkSubmission) (bool, error) {
		switch {
		case x.Featured == on:
			return false, nil
		case on && x.State != model.HomeworkMarked:
			return false, model.Refuse(model.ErrConflict, model.CodeConflict, "批改过的作业才能设为精选")
		case on && !x.Passed():
			return false, model.Refuse(model.ErrConflict, model.CodeConflict, "微信的内容检查还没有通过，不能给别的学员看")
		}
		x.Featured = on
		return true, keep(tx, x)
	})
}

func keep(tx *gorm.DB, x *model.HomeworkSubmission) error {
	return tx.Model(&model.HomeworkSubmission{}).Where("id = ?", x.ID).Select("state", "score", "words", "marked_by", "marked_at", "featured").Updates(x).Error
}

// change does one act of an operator on a locked hand-in; fn says whether anything changed.
func (s *Service) change(ctx context.Context, by model.Operator, id int64, action string, fn func(*gorm.DB, *model.HomeworkSubmission) (bool, error)) (model.HomeworkSubmission, error) {
	var x model.HomeworkSubmission
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		var err error
		if x, err = s.one(store.Lock(tx), id); err != nil {
			return err
		}
		was := x
		changed, err := fn(tx, &x)
		if err != nil || !changed {
			return err
		}
		state := func(y model.HomeworkSubmission) map[string]any {
			return map[string]any{"state": y.State, "score": y.Score, "featured": y.Featured, "lesson_id": y.LessonID}
		}
		return s.audit(tx, by, action, "homework_submission", id, state(was), state(x))
	})
	return x, err
}

// Exported writes down who took a list out, before it leaves.
func (s *Service) Exported(ctx context.Context, by model.Operator, f Filter) error {
	return store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		return s.audit(tx, by, "homework.export", "homework_submission", 0, nil, map[string]any{"course_id": f.CourseID, "lesson_id": f.LessonID, "state": f.State})
	})
}

// audit names the act, never what the learner wrote: that goes when the learner wants it gone.
func (s *Service) audit(tx *gorm.DB, by model.Operator, action, object string, id int64, before, after map[string]any) error {
	e := model.AuditEntry{AppID: s.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: object, Before: model.AuditJSON(before), After: model.AuditJSON(after)}
	if id > 0 {
		e.ObjectID = strconv.FormatInt(id, 10)
	}
	return s.Audit.Audit(tx, e)
}
