// Package question keeps the questions operators ask again. It owns the saved_questions table.
//
// A question belongs to who saved it; shared, everybody sees it, and only its owner, or who runs the house, changes
// it or takes it away. Its name is unique among the owner's of one page: a unique key decides.
package question

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service keeps the questions about the account appid.
type Service struct {
	db    *gorm.DB
	appid string
	audit Auditor
	now   func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, audit: audit, now: now}
}

// List gives by's own questions and those others share, by page and name: at most what a few dozen people keep.
func (s *Service) List(ctx context.Context, by model.Operator) ([]model.SavedQuestion, error) {
	list := []model.SavedQuestion{}
	err := s.db.WithContext(ctx).Where("appid = ? AND (owner_id = ? OR shared = ?)", s.appid, by.ID, true).Order("page, name, id").Limit(1000).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("saved questions: %w", err)
	}
	return list, nil
}

// Save keeps a new question (ID 0), or changes one. ErrInvalid names the fields; ErrConflict: the owner has one of
// that name on that page, or too many; ErrNotFound: not there, or not by's to change.
func (s *Service) Save(ctx context.Context, by model.Operator, q model.SavedQuestion) (model.SavedQuestion, error) {
	if err := q.Check(); err != nil {
		return q, err
	}
	now, asked := model.Milli(s.now()), q
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		q = asked // a try that was undone left its number
		if q.ID == 0 {
			return s.create(tx, by, &q, now)
		}
		had, err := s.mine(tx, by, q.ID)
		if err != nil {
			return err
		}
		changed := had
		changed.Page, changed.Name, changed.Query, changed.Shared, changed.UpdatedAt = q.Page, q.Name, q.Query, q.Shared, now
		if err := tx.Model(&model.SavedQuestion{}).Where("id = ?", had.ID).Select("page", "name", "query", "shared", "updated_at").Updates(&changed).Error; err != nil {
			return fmt.Errorf("change question %d: %w", had.ID, err)
		}
		q = changed
		return s.audited(tx, by, "question.change", had.ID, view(had), view(changed))
	})
	if _, dup := store.Duplicate(err); dup {
		err = model.Refuse(model.ErrConflict, model.CodeConflict, "已经有一个同名的问题").Field("name", "已经有一个同名的问题")
	}
	return q, err
}

func (s *Service) create(tx *gorm.DB, by model.Operator, q *model.SavedQuestion, now time.Time) error {
	var n int64
	if err := tx.Model(&model.SavedQuestion{}).Where("appid = ? AND owner_id = ?", s.appid, by.ID).Count(&n).Error; err != nil {
		return fmt.Errorf("count questions: %w", err)
	}
	if n >= model.QuestionsMost {
		return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("最多存 %d 个问题，先删掉不用的", model.QuestionsMost))
	}
	q.ID, q.AppID, q.OwnerID, q.OwnerName, q.CreatedAt, q.UpdatedAt = 0, s.appid, by.ID, by.Name, now, now
	if err := tx.Create(q).Error; err != nil {
		return fmt.Errorf("save question: %w", err)
	}
	return s.audited(tx, by, "question.save", q.ID, nil, view(*q))
}

// Delete takes a question away, and gives it so that it can be put back. ErrNotFound as in Save.
func (s *Service) Delete(ctx context.Context, by model.Operator, id int64) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		had, err := s.mine(tx, by, id)
		if err != nil {
			return err
		}
		if err := tx.Delete(&model.SavedQuestion{}, had.ID).Error; err != nil {
			return fmt.Errorf("delete question %d: %w", id, err)
		}
		return s.audited(tx, by, "question.delete", id, view(had), nil)
	})
}

// mine locks a question that by may change.
func (s *Service) mine(tx *gorm.DB, by model.Operator, id int64) (model.SavedQuestion, error) {
	var q model.SavedQuestion
	where := store.Lock(tx).Where("appid = ?", s.appid)
	if by.Role.May(model.RightOwn) {
		where = where.Where("(owner_id = ? OR shared = ?)", by.ID, true)
	} else {
		where = where.Where("owner_id = ?", by.ID)
	}
	err := where.Take(&q, id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return q, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个问题，或者它是别人的")
	}
	if err != nil {
		return q, fmt.Errorf("question %d: %w", id, err)
	}
	return q, nil
}

func view(q model.SavedQuestion) map[string]any {
	return map[string]any{"page": q.Page, "name": q.Name, "query": q.Query, "shared": q.Shared}
}

func (s *Service) audited(tx *gorm.DB, by model.Operator, action string, id int64, before, after map[string]any) error {
	return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "question", ObjectID: strconv.FormatInt(id, 10), Before: model.AuditJSON(before), After: model.AuditJSON(after)})
}
