// Package partner keeps those who bring people here (合作方): what they own, their secret link, and what each month came
// to. It owns the partners, partner_things, partner_settlements and partner_lines tables.
//
// What a partner owns has one owner at a time, and since when: a touch goes to who owned it when it happened. The
// numbers are service/figure's; this package only keeps what a month was when it was settled.
package partner

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

// Figures counts: service/figure. Days are numbers like 20260131, both ends in.
type Figures interface {
	PartnerMonth(ctx context.Context, p model.Partner, first, last int) (model.PartnerFigures, error)
	PartnerOrders(ctx context.Context, p model.Partner, first, last int) ([]model.PartnerOrder, error)
	Refunded(ctx context.Context, last int) (map[string]int64, error)
}

// Things tells whether there is such a code, link or campaign.
type Things interface {
	Known(ctx context.Context, kind model.PartnerKind, ref string) (bool, error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service keeps the partners of the account appid.
type Service struct {
	db      *gorm.DB
	appid   string
	figures Figures
	things  Things
	audit   Auditor
	now     func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, figures Figures, things Things, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, figures: figures, things: things, audit: audit, now: now}
}

// Now is the business clock months end by.
func (s *Service) Now() time.Time { return s.now() }

// Input is what an operator writes.
type Input struct {
	Name, Contact, Note string
	ShareBP             *int64
	SettleFrom          int
	Version             int64 // the one the change was made on; 0 for a new partner
}

func (in Input) fill(p *model.Partner) {
	p.Name, p.Contact, p.Note, p.ShareBP, p.SettleFrom = in.Name, in.Contact, in.Note, in.ShareBP, in.SettleFrom
}

// Create makes a partner. ErrInvalid names the fields; ErrConflict: the name is taken.
func (s *Service) Create(ctx context.Context, by model.Operator, in Input) (model.Partner, error) {
	now := model.Milli(s.now())
	p := model.Partner{AppID: s.appid, Version: 1, CreatedBy: by.Name, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
	in.fill(&p)
	if err := p.Check(now); err != nil {
		return p, err
	}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		p.ID = 0
		if err := tx.Create(&p).Error; err != nil {
			return err
		}
		return s.audited(tx, by, "partner.create", p.ID, nil, view(p))
	})
	return p, named(err)
}

// named says that a name is taken.
func named(err error) error {
	if _, dup := store.Duplicate(err); dup {
		return model.Refuse(model.ErrConflict, model.CodeConflict, "已经有一个同名的合作方").Field("name", "已经有一个同名的合作方")
	}
	if err != nil {
		return fmt.Errorf("partner: %w", err)
	}
	return nil
}

// Change rewrites a partner. ErrConflict with who and when, if it was changed since Version, or when the first month to
// settle would move though one is settled. New terms hold for months not settled yet.
func (s *Service) Change(ctx context.Context, by model.Operator, id int64, in Input) (model.Partner, error) {
	var p model.Partner
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var err error
		if p, err = s.lock(tx, id); err != nil {
			return err
		}
		if p.Version != in.Version {
			return model.Refuse(model.ErrConflict, model.CodeConflict, p.UpdatedBy+" 在 "+p.UpdatedAt.In(model.Shanghai).Format("1 月 2 日 15:04")+" 改过这个合作方，请刷新后再改")
		}
		before, began := view(p), p.SettleFrom
		in.fill(&p)
		if began != p.SettleFrom {
			var settled int64
			if err := tx.Model(&model.PartnerSettlement{}).Where("partner_id = ?", id).Count(&settled).Error; err != nil {
				return err
			}
			if settled > 0 {
				return model.Refuse(model.ErrConflict, model.CodeConflict, "已经出过结算单，起始月份不能再改").Field("settle_from", "已经出过结算单")
			}
			if err := p.Check(s.now()); err != nil {
				return err
			}
		} else {
			p.SettleFrom = model.MonthNumber(s.now()) // it was checked when it was chosen, and is older now
			err := p.Check(s.now())
			if p.SettleFrom = began; err != nil {
				return err
			}
		}
		p.Version, p.UpdatedBy, p.UpdatedAt = p.Version+1, by.Name, model.Milli(s.now())
		if err := tx.Model(&p).Select("name", "contact", "note", "share_bp", "settle_from", "version", "updated_by", "updated_at").Updates(&p).Error; err != nil {
			return err
		}
		return s.audited(tx, by, "partner.change", id, before, view(p))
	})
	return p, named(err)
}

func (s *Service) lock(tx *gorm.DB, id int64) (model.Partner, error) {
	var p model.Partner
	err := store.Lock(tx).Where("appid = ?", s.appid).Take(&p, id).Error
	return p, gone(err)
}

func gone(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个合作方")
	}
	return err
}

// One gives a partner. ErrNotFound.
func (s *Service) One(ctx context.Context, id int64) (model.Partner, error) {
	var p model.Partner
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Take(&p, id).Error; err != nil {
		return p, named(gone(err))
	}
	return p, nil
}

// List gives partners, the latest made first, below the number before (0: from the top).
func (s *Service) List(ctx context.Context, before int64, limit int) ([]model.Partner, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	out := []model.Partner{}
	if err := q.Order("id DESC").Limit(limit).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("partners: %w", err)
	}
	return out, nil
}

func view(p model.Partner) map[string]any {
	return map[string]any{"name": p.Name, "contact": p.Contact, "note": p.Note, "share_bp": p.ShareBP, "settle_from": p.SettleFrom}
}

func (s *Service) audited(tx *gorm.DB, by model.Operator, action string, id int64, before, after map[string]any) error {
	return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "partner", ObjectID: strconv.FormatInt(id, 10), Before: model.AuditJSON(before), After: model.AuditJSON(after)})
}
