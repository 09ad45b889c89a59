// Package ledger keeps the money inbox: one list of everything that does not add up, each with what
// happened, the sum, and what to do. It owns the money_inbox table, and reads orders, grants, gifts and codes for the
// two counts that must be zero.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Auditor is service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service keeps the inbox.
type Service struct {
	db    *gorm.DB
	appid string
	audit Auditor
	now   func() time.Time
}

// New makes the service of the Mini Program appid on db; now is the business clock.
func New(db *gorm.DB, appid string, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, audit: audit, now: now}
}

// Add joins the caller's transaction and puts e before the operators. The same UKey twice is one entry:
// the later sum and words stand, and one that was done is open again only if its sum or words changed.
func (s *Service) Add(tx *gorm.DB, e model.MoneyEntry) error {
	now := model.Milli(s.now())
	e.State, e.CreatedAt = model.MoneyOpen, now
	var had model.MoneyEntry
	err := store.Lock(tx).Where("ukey = ?", e.UKey).Take(&had).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		if err = tx.Create(&e).Error; err == nil {
			return nil
		}
		if _, dup := store.Duplicate(err); dup {
			return nil // told at the same moment: the same thing
		}
	}
	if err != nil {
		return fmt.Errorf("money inbox %s: %w", e.UKey, err)
	}
	if had.Amount == e.Amount && had.What == e.What {
		return nil
	}
	err = tx.Model(&model.MoneyEntry{}).Where("id = ?", had.ID).Updates(map[string]any{
		"amount": e.Amount, "what": e.What, "todo": e.Todo, "transaction_id": e.TransactionID, "state": model.MoneyOpen, "updated_at": now,
	}).Error
	if err != nil {
		return fmt.Errorf("money inbox %s: %w", e.UKey, err)
	}
	return nil
}

// Done joins the caller's transaction and ends an entry that settled itself. No such entry is no error.
func (s *Service) Done(tx *gorm.DB, ukey string, who model.Actor, why string) error {
	now := model.Milli(s.now())
	err := tx.Model(&model.MoneyEntry{}).Where("ukey = ? AND state = ?", ukey, model.MoneyOpen).Updates(map[string]any{
		"state": model.MoneyDone, "resolved_by": who, "resolved_why": why, "resolved_at": now, "updated_at": now,
	}).Error
	if err != nil {
		return fmt.Errorf("money inbox %s: %w", ukey, err)
	}
	return nil
}

// Resolve ends an entry by an operator's word; why is kept. ErrNotFound; ErrConflict if it is done.
func (s *Service) Resolve(ctx context.Context, id, operatorID int64, operatorName, why string) (model.MoneyEntry, error) {
	var e model.MoneyEntry
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		err := store.Lock(tx).Take(&e, id).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这一条")
		}
		if err != nil {
			return err
		}
		if e.State == model.MoneyDone {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "这一条已经处理过了")
		}
		now := model.Milli(s.now())
		e.State, e.ResolvedBy, e.ResolvedWhy, e.ResolvedAt = model.MoneyDone, model.OperatorActor(operatorID), why, &now
		if err := tx.Model(&model.MoneyEntry{}).Where("id = ? AND state = ?", id, model.MoneyOpen).
			Select("state", "resolved_by", "resolved_why", "resolved_at").Updates(&e).Error; err != nil {
			return err
		}
		return s.audit.Audit(tx, model.AuditEntry{OperatorID: operatorID, OperatorName: operatorName, Action: "money.resolve", Object: "money", ObjectID: fmt.Sprint(id), Before: `{"state":"open"}`, After: `{"state":"done"}`, Reason: why})
	})
	return e, err
}

// List gives entries, newest first, with ids below before (0: from the newest).
func (s *Service) List(ctx context.Context, state model.MoneyState, before int64, limit int) ([]model.MoneyEntry, error) {
	q := s.db.WithContext(ctx).Order("id DESC").Limit(limit)
	if state != "" {
		q = q.Where("state = ?", state)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	list := []model.MoneyEntry{}
	if err := q.Find(&list).Error; err != nil {
		return nil, fmt.Errorf("money inbox: %w", err)
	}
	return list, nil
}

// OfOrder gives an order's entries, oldest first.
func (s *Service) OfOrder(ctx context.Context, orderID int64) ([]model.MoneyEntry, error) {
	list := []model.MoneyEntry{}
	if err := s.db.WithContext(ctx).Where("order_id = ?", orderID).Order("id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("money inbox: %w", err)
	}
	return list, nil
}

// Guards are counts an operator sees on the home page; both of the first must always be zero.
type Guards struct {
	PaidWithoutGrant   int64
	GrantWithoutReason int64
	OpenEntries        int64
}

// What may never be. A paid gift nobody has opened has no grant, but waits as a gift. A grant whose reason is no order has its reason in its why; a redeemed one its code, too,
// whose number stands behind "redeem:".
const (
	paidWithoutGrant = `FROM orders o WHERE o.appid = ? AND o.status IN ('paid','partly_refunded')
		AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.order_id = o.id AND g.status <> 'revoked')
		AND NOT (o.kind = 'gift' AND EXISTS (SELECT 1 FROM gifts f WHERE f.order_id = o.id AND f.status IN ('waiting','frozen')))`
	grantWithoutReason = `FROM grants g LEFT JOIN orders o ON o.id = g.order_id
		WHERE g.appid = ? AND g.status = 'active' AND (g.reason IN ('order','friend') AND (o.id IS NULL OR o.status NOT IN ('paid','partly_refunded')) OR g.reason NOT IN ('order','friend') AND g.why = ''
			OR g.reason = 'redeem' AND NOT EXISTS (SELECT 1 FROM redeem_codes c WHERE c.id = CAST(SUBSTR(g.reason_key, 8) AS SIGNED) AND c.status = 'redeemed' AND c.learner_id = g.learner_id)
			OR g.reason = 'friend' AND NOT EXISTS (SELECT 1 FROM gifts f WHERE f.order_id = g.order_id AND f.status = 'opened' AND f.learner_id = g.learner_id))`
)

// Suspects lists the orders and grants that Guards counts, a hundred of each at most.
func (s *Service) Suspects(ctx context.Context) (paid []model.Order, open []model.Grant, err error) {
	db := s.db.WithContext(ctx)
	paid, open = []model.Order{}, []model.Grant{}
	if err = db.Raw("SELECT o.* "+paidWithoutGrant+" ORDER BY o.id DESC LIMIT 100", s.appid).Scan(&paid).Error; err == nil {
		err = db.Raw("SELECT g.* "+grantWithoutReason+" ORDER BY g.id DESC LIMIT 100", s.appid).Scan(&open).Error
	}
	if err != nil {
		return nil, nil, fmt.Errorf("guards: %w", err)
	}
	return paid, open, nil
}

// Guards counts what may never be: orders whose money is here without a live grant, and active grants
// whose order does not hold money.
func (s *Service) Guards(ctx context.Context) (Guards, error) {
	var g Guards
	db := s.db.WithContext(ctx)
	err := db.Raw("SELECT COUNT(*) "+paidWithoutGrant, s.appid).Scan(&g.PaidWithoutGrant).Error
	if err == nil {
		err = db.Raw("SELECT COUNT(*) "+grantWithoutReason, s.appid).Scan(&g.GrantWithoutReason).Error
	}
	if err == nil {
		err = db.Model(&model.MoneyEntry{}).Where("state = ?", model.MoneyOpen).Count(&g.OpenEntries).Error
	}
	if err != nil {
		return g, fmt.Errorf("guards: %w", err)
	}
	return g, nil
}
