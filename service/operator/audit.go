package operator

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Audit keeps a change in the change's own transaction: both stand, or neither.
func (s *Service) Audit(tx *gorm.DB, a model.AuditEntry) error {
	a.ID, a.CreatedAt = 0, model.Milli(s.now())
	a.Reason, a.ObjectID = cut(a.Reason, 500), cut(a.ObjectID, 128)
	a.Before, a.After = cut(a.Before, 200_000), cut(a.After, 200_000)
	if a.OperatorName == "" {
		a.OperatorName = "system"
	}
	if err := tx.Create(&a).Error; err != nil {
		return fmt.Errorf("audit %s %s: %w", a.Action, a.ObjectID, err)
	}
	return nil
}

// Filter narrows the trail; empty fields let everything through. From is included, To is not.
type Filter struct {
	Word                               string // in any of the four
	Operator, Action, Object, ObjectID string
	From, To                           *time.Time
}

// Trail lists entries, the newest first: at most limit, older than the entry numbered before (0: from the top).
func (s *Service) Trail(ctx context.Context, f Filter, before int64, limit int) ([]model.AuditEntry, error) {
	q := s.db.WithContext(ctx).Where("appid IN ?", append([]string{""}, s.options.AppIDs...)).Order("id DESC").Limit(limit)
	for column, value := range map[string]string{"operator_name": f.Operator, "action": f.Action, "object": f.Object, "object_id": f.ObjectID} {
		if value != "" {
			q = q.Where(column+" = ?", value)
		}
	}
	if f.Word != "" {
		w := "%" + store.EscapeLike(f.Word) + "%"
		q = q.Where("(operator_name LIKE ? ESCAPE '!' OR action LIKE ? ESCAPE '!' OR object LIKE ? ESCAPE '!' OR object_id LIKE ? ESCAPE '!')", w, w, w, w)
	}
	if f.From != nil {
		q = q.Where("created_at >= ?", model.Milli(*f.From))
	}
	if f.To != nil {
		q = q.Where("created_at < ?", model.Milli(*f.To))
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	out := []model.AuditEntry{}
	if err := q.Find(&out).Error; err != nil {
		return nil, fmt.Errorf("audit trail: %w", err)
	}
	return out, nil
}

// cut keeps n characters of text and marks that there was more.
func cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}

// Audited runs fn and keeps a, both or neither, for verbs whose own service has no trail.
func (s *Service) Audited(ctx context.Context, a model.AuditEntry, fn func(tx *gorm.DB) error) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if err := fn(tx); err != nil {
			return err
		}
		return s.Audit(tx, a)
	})
}
