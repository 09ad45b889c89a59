// Package coupon keeps money off: codes, what they take off, how many are left. It owns the coupons and
// coupon_uses tables.
//
// A use is held in the transaction that places the order, spent in the one that makes it paid, and released
// in the one that closes or wholly refunds it, so a coupon comes back only after WeChat can no longer pay.
// The stock is guarded by one conditional update, the person's own limit by a unique key: each use takes one
// of the learner's slots.
package coupon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Catalogue knows which courses exist.
type Catalogue interface {
	Among(ctx context.Context, ids []int64) ([]int64, error)
}

// Service keeps the coupons of the Mini Program appid.
type Service struct {
	db      *gorm.DB
	appid   string
	courses Catalogue
	audit   Auditor
	now     func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, courses Catalogue, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, courses: courses, audit: audit, now: now}
}

// Now is the business clock by which coupons begin and end.
func (s *Service) Now() time.Time { return s.now() }

// Input is what an operator writes. Code "" makes one up.
type Input struct {
	Code, Name       string
	Off              model.Fen
	Percent          int
	CourseIDs        []int64
	StartsAt, EndsAt time.Time
	Stock, PerPerson int64
	Public, Disabled bool
	Version          int64 // the one the change was made on; 0 for a new coupon
}

// codeLength gives 49 bits: not to be guessed under the orders' rate limit.
const codeLength = 10

// Create makes a coupon. ErrInvalid names the fields; ErrConflict: the code is taken.
func (s *Service) Create(ctx context.Context, by model.Operator, in Input) (model.Coupon, error) {
	now := model.Milli(s.now())
	c := model.Coupon{AppID: s.appid, Version: 1, CreatedBy: by.Name, CreatedAt: now}
	if in.Code == "" {
		in.Code = model.NewCode(codeLength)
	}
	if err := s.fill(ctx, &c, by, in); err != nil {
		return c, err
	}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		c.ID = 0
		if err := tx.Create(&c).Error; err != nil {
			return err
		}
		return s.audited(tx, by, "coupon.create", c.ID, nil, view(c))
	})
	if _, dup := store.Duplicate(err); dup {
		return c, model.Refuse(model.ErrConflict, model.CodeConflict, "这个优惠码已经有了").Field("code", "这个优惠码已经有了，换一个")
	}
	if err != nil {
		return c, fmt.Errorf("new coupon: %w", err)
	}
	return c, nil
}

// Change rewrites a coupon; its code stays, and so do uses that are held or spent already. ErrConflict with
// who and when, if it was changed since Version.
func (s *Service) Change(ctx context.Context, by model.Operator, id int64, in Input) (model.Coupon, error) {
	var c model.Coupon
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		c = model.Coupon{}
		if err := store.Lock(tx).Where("appid = ?", s.appid).Take(&c, id).Error; err != nil {
			return missing(err)
		}
		if c.Version != in.Version {
			return model.Refuse(model.ErrConflict, model.CodeConflict, c.UpdatedBy+" 在 "+c.UpdatedAt.In(model.Shanghai).Format("1 月 2 日 15:04")+" 改过这张优惠券，请刷新后再改")
		}
		before := view(c)
		in.Code = c.Code
		if err := s.fill(ctx, &c, by, in); err != nil {
			return err
		}
		if c.Stock < c.Used {
			return model.Refuse(model.ErrInvalid, model.CodeInvalid, "优惠券有误").Field("stock", fmt.Sprintf("已经用了 %d 张，不能更少", c.Used))
		}
		c.Version++
		if err := tx.Model(&c).Select("name", "off", "percent", "course_ids", "starts_at", "ends_at", "stock", "per_person", "public", "disabled", "version", "updated_by", "updated_at").Updates(&c).Error; err != nil {
			return fmt.Errorf("coupon %d: %w", id, err)
		}
		// Those made after it for winners go with it where it is stopped; what they take off was promised.
		if err := tx.Model(&model.Coupon{}).Where("parent_id = ?", id).UpdateColumn("disabled", c.Disabled).Error; err != nil {
			return fmt.Errorf("coupons made after %d: %w", id, err)
		}
		return s.audited(tx, by, "coupon.change", id, before, view(c))
	})
	return c, err
}

func (s *Service) fill(ctx context.Context, c *model.Coupon, by model.Operator, in Input) error {
	c.Code, c.Name, c.Off, c.Percent, c.CourseIDs = model.TypedCode(in.Code), in.Name, in.Off, in.Percent, in.CourseIDs
	c.StartsAt, c.EndsAt, c.Stock, c.PerPerson = model.Milli(in.StartsAt), model.Milli(in.EndsAt), in.Stock, in.PerPerson
	c.Public, c.Disabled, c.UpdatedBy, c.UpdatedAt = in.Public, in.Disabled, by.Name, model.Milli(s.now())
	if c.CourseIDs == nil {
		c.CourseIDs = []int64{}
	}
	if err := c.Check(); err != nil {
		return err
	}
	if len(c.CourseIDs) > 0 {
		known, err := s.courses.Among(ctx, c.CourseIDs)
		if err != nil {
			return fmt.Errorf("courses of a coupon: %w", err)
		}
		if len(known) != len(c.CourseIDs) {
			return model.Refuse(model.ErrInvalid, model.CodeInvalid, "优惠券有误").Field("course_ids", "有的课程不存在，或写了两次")
		}
	}
	return nil
}

// List gives coupons that operators made, the newest first, those with a number below before (0: from the start).
func (s *Service) List(ctx context.Context, before int64, limit int) ([]model.Coupon, error) {
	q := s.db.WithContext(ctx).Where("appid = ? AND parent_id = 0", s.appid)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	out := []model.Coupon{}
	if err := q.Order("id DESC").Limit(limit).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("coupons: %w", err)
	}
	return out, nil
}

// Get gives one coupon. ErrNotFound.
func (s *Service) Get(ctx context.Context, id int64) (model.Coupon, error) {
	var c model.Coupon
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Take(&c, id).Error; err != nil {
		return c, missing(err)
	}
	return c, nil
}

// CodeOf names a coupon; "" for one that is not there.
func (s *Service) CodeOf(db *gorm.DB, id int64) (string, error) {
	var code []string
	if err := db.Model(&model.Coupon{}).Where("id = ?", id).Limit(1).Pluck("code", &code).Error; err != nil || len(code) == 0 {
		return "", err
	}
	return code[0], nil
}

func (s *Service) audited(tx *gorm.DB, by model.Operator, action string, id int64, before, after any) error {
	return s.audit.Audit(tx, model.AuditEntry{OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "coupon", ObjectID: fmt.Sprint(id), Before: model.AuditJSON(before), After: model.AuditJSON(after)})
}

func view(c model.Coupon) map[string]any {
	return map[string]any{"code": c.Code, "name": c.Name, "off": c.Off, "percent": c.Percent, "course_ids": c.CourseIDs, "starts_at": c.StartsAt, "ends_at": c.EndsAt, "stock": c.Stock, "per_person": c.PerPerson, "public": c.Public, "disabled": c.Disabled}
}

func missing(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这张优惠券")
	}
	return fmt.Errorf("coupon: %w", err)
}
