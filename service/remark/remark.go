// Package remark keeps what learners write under a course (评论). It owns the tables remarks and remark_settings.
//
// Only who has the course may write. Nothing is seen by others before WeChat's content check was heard; the check is a
// job after the commit, so while WeChat cannot be reached a comment waits and is shown to nobody. Then an operator lets it
// be shown, or, where the house looks afterwards, it is shown at once; what WeChat doubts is always looked at first.
package remark

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// CheckJob is the kind of the job that has WeChat look at a comment.
const CheckJob = "remark.check"

// Courses is service/course.
type Courses interface {
	// Owned tells whether the caller has a course, and whether lessonID (0: none) is one of its lessons they may open.
	// Errors: ErrNotFound, ErrForbidden.
	Owned(ctx context.Context, who model.Caller, courseID, lessonID int64) (bool, error)
}

// Learners is service/learner.
type Learners interface {
	// Lock holds the learner's row: nobody is erased at the same moment.
	Lock(tx *gorm.DB, learnerID int64) (model.Learner, error)
}

// Texts asks WeChat whether a text may be shown. An error is a passing one: ask again later.
type Texts interface {
	Judge(ctx context.Context, openid model.OpenID, text string) (model.TextVerdict, error)
}

// Jobs is service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Options are the needs of the service.
type Options struct {
	DB       *gorm.DB
	AppID    string // of the Mini Program
	Courses  Courses
	Learners Learners
	Texts    Texts
	Jobs     Jobs
	Audit    Auditor
	Now      func() time.Time
}

// Service keeps comments.
type Service struct{ Options }

// New makes the service.
func New(o Options) *Service { return &Service{o} }

type payload struct {
	ID int64 `json:"id"`
}

// Write takes a comment in; WeChat's check follows. key is the phone's: again with the same words is the same comment,
// with others ErrConflict key_reused. Errors: ErrForbidden for who does not have the course and while comments are
// closed, ErrInvalid for the text.
func (s *Service) Write(ctx context.Context, who model.Caller, key string, courseID, lessonID int64, typed string) (model.Remark, error) {
	text, err := model.RemarkText("content", typed)
	if err != nil {
		return model.Remark{}, err
	}
	owned, err := s.Courses.Owned(ctx, who, courseID, lessonID)
	if err != nil {
		return model.Remark{}, err
	}
	if !owned {
		return model.Remark{}, fmt.Errorf("comment on course %d: %w", courseID, model.Refuse(model.ErrForbidden, model.CodeForbidden, "有了这门课才能写评论"))
	}
	var r model.Remark
	err = store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		if _, err := s.Learners.Lock(tx, who.LearnerID); err != nil {
			return err
		}
		var before []model.Remark
		if err := tx.Where("learner_id = ? AND idem_key = ?", who.LearnerID, key).Limit(1).Find(&before).Error; err != nil {
			return err
		}
		if len(before) > 0 {
			r = before[0]
			if r.CourseID != courseID || r.LessonID != lessonID || r.Content != text {
				return model.Refuse(model.ErrConflict, model.CodeKeyReused, "这个 Idempotency-Key 已经用于另一条评论")
			}
			return nil
		}
		how, err := s.how(tx)
		if err != nil {
			return err
		}
		if how == model.RemarkOff {
			return model.Refuse(model.ErrForbidden, model.CodeForbidden, "评论现在没有开放")
		}
		r = model.Remark{AppID: s.AppID, CourseID: courseID, LessonID: lessonID, LearnerID: who.LearnerID, PersonID: who.PersonID, IdemKey: key, Content: text, State: model.RemarkChecking, CreatedAt: model.Milli(s.Now())}
		if err := tx.Create(&r).Error; err != nil {
			return err
		}
		return s.Jobs.Add(tx, CheckJob, strconv.FormatInt(r.ID, 10), payload{r.ID}, time.Time{})
	})
	if err != nil {
		return model.Remark{}, fmt.Errorf("comment on course %d: %w", courseID, err)
	}
	return r, nil
}

// Check has WeChat look at a comment and acts on what it says. Twice is once; an error tries again later, and the
// comment stays unseen.
func (s *Service) Check(ctx context.Context, raw json.RawMessage) error {
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		return fmt.Errorf("check a comment: %w", err)
	}
	var r model.Remark
	var openid model.OpenID
	open := func(tx *gorm.DB) (bool, error) {
		r = model.Remark{}
		err := tx.Where("id = ? AND state = ? AND deleted_at IS NULL", p.ID, model.RemarkChecking).Take(&r).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return false, nil // checked, deleted or forgotten meanwhile
		}
		return err == nil, err
	}
	waits := false
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		var err error
		if waits, err = open(tx); err != nil || !waits {
			return err
		}
		l, err := s.Learners.Lock(tx, r.LearnerID)
		openid = l.OpenID
		return err
	})
	if err != nil || !waits {
		return err
	}
	verdict, err := s.Texts.Judge(ctx, openid, r.Content)
	if err != nil {
		return fmt.Errorf("check comment %d: %w", p.ID, err)
	}
	return store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		if waits, err := open(store.Lock(tx)); err != nil || !waits {
			return err
		}
		how, err := s.how(tx)
		if err != nil {
			return err
		}
		r.Judge(verdict, how)
		return tx.Model(&model.Remark{}).Where("id = ? AND state = ?", r.ID, model.RemarkChecking).Select("state", "why").Updates(&r).Error
	})
}

// Seen is a page of a course's comments as one learner sees it.
type Seen struct {
	Pinned []model.Remark // on the first page
	Own    []model.Remark // the caller's that others do not see, on the first page
	Items  []model.Remark // the others, the newest first
	Open   bool           // the caller may write one, if they have the course
}

// Read lists the shown comments of a course, or of one lesson (0: all), older than before (0: from the top, with the
// pinned ones and the caller's own that wait or were refused).
func (s *Service) Read(ctx context.Context, who model.Caller, courseID, lessonID, before int64, limit int) (Seen, error) {
	out := Seen{Pinned: []model.Remark{}, Own: []model.Remark{}, Items: []model.Remark{}}
	if _, err := s.Courses.Owned(ctx, who, courseID, 0); err != nil {
		return out, err
	}
	db := s.DB.WithContext(ctx)
	how, err := s.how(db)
	if err != nil {
		return out, fmt.Errorf("comments: %w", err)
	}
	out.Open = how != model.RemarkOff
	base := db.Where("course_id = ? AND appid = ? AND deleted_at IS NULL", courseID, s.AppID)
	if lessonID > 0 {
		base = base.Where("lesson_id = ?", lessonID)
	}
	base = base.Session(&gorm.Session{})
	if before == 0 {
		if err := base.Where("state = ? AND pinned = ?", model.RemarkShown, true).Order("id DESC").Find(&out.Pinned).Error; err != nil {
			return out, fmt.Errorf("comments of course %d: %w", courseID, err)
		}
		if err := base.Where("learner_id = ? AND state <> ?", who.LearnerID, model.RemarkShown).Order("id DESC").Limit(20).Find(&out.Own).Error; err != nil {
			return out, fmt.Errorf("comments of course %d: %w", courseID, err)
		}
	}
	q := base.Where("state = ? AND pinned = ?", model.RemarkShown, false)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if err := q.Order("id DESC").Limit(limit).Find(&out.Items).Error; err != nil {
		return out, fmt.Errorf("comments of course %d: %w", courseID, err)
	}
	return out, nil
}

// Withdraw deletes the caller's own comment. ErrNotFound for another's.
func (s *Service) Withdraw(ctx context.Context, who model.Caller, id int64) error {
	return store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		var r model.Remark
		err := store.Lock(tx).Where("id = ? AND learner_id = ? AND appid = ? AND deleted_at IS NULL", id, who.LearnerID, s.AppID).Take(&r).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return notFound(id)
		}
		if err != nil {
			return err
		}
		return s.drop(tx, id)
	})
}

// drop leaves of a comment only that there was one.
func (s *Service) drop(tx *gorm.DB, id int64) error {
	return tx.Model(&model.Remark{}).Where("id = ?", id).Updates(map[string]any{"deleted_at": model.Milli(s.Now()), "content": "", "answer": "", "pinned": false}).Error
}

// Erase removes a person's comments.
func (s *Service) Erase(tx *gorm.DB, personID int64) error {
	return tx.Where("person_id = ?", personID).Delete(&model.Remark{}).Error
}

func notFound(id int64) error {
	return fmt.Errorf("comment %d: %w", id, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这条评论，或者已经删掉了"))
}
