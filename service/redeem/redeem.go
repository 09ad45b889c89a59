// Package redeem keeps redeem codes (兑换码): batches an operator makes for a course, and what became of each
// code. It owns the redeem_batches and redeem_codes tables.
//
// A code opens its course once, to one learner: a conditional update takes the code and the grant's unique
// reason names it, both in one transaction, on any number of instances.
package redeem

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Courses is service/course.
type Courses interface {
	Named(ctx context.Context, ids []int64) (map[int64]model.Course, error)
}

// Learners is service/learner.
type Learners interface {
	// Lock holds the learner's row: nobody is erased, nor redeems twice for one course, at the same moment.
	Lock(tx *gorm.DB, learnerID int64) (model.Learner, error)
}

// Grants is service/grant.
type Grants interface {
	ByCode(tx *gorm.DB, c model.RedeemCode, b model.RedeemBatch, who model.Actor) error
	Covers(db *gorm.DB, learnerID, courseID int64) (bool, error)
}

// Orders is service/order.
type Orders interface {
	// GiveUp lets go of the unpaid order the learner has open for the course.
	GiveUp(tx *gorm.DB, learnerID, courseID int64, who model.Actor, why string) error
}

// Facts is service/event.
type Facts interface {
	Add(tx *gorm.DB, e model.Event) error
}

// Options are the needs of the service.
type Options struct {
	DB       *gorm.DB
	AppID    string
	Courses  Courses
	Learners Learners
	Grants   Grants
	Orders   Orders
	Facts    Facts
	Audit    Auditor
	Now      func() time.Time // the business clock
}

// Service keeps the codes of the Mini Program appid.
type Service struct{ Options }

// New makes the service.
func New(o Options) *Service { return &Service{o} }

// Now is the business clock codes begin and end by.
func (s *Service) Now() time.Time { return s.Options.Now() }

// Input is what an operator asks for.
type Input struct {
	CourseID         int64
	Size, AccessDays int
	StartsAt, EndsAt time.Time
	Note             string
}

// Batch is a batch with what became of its codes.
type Batch struct {
	model.RedeemBatch
	Redeemed, Withdrawn int64
}

// Create makes a batch of codes. ErrInvalid names the fields.
func (s *Service) Create(ctx context.Context, by model.Operator, in Input) (Batch, error) {
	b := Batch{RedeemBatch: model.RedeemBatch{
		AppID: s.AppID, CourseID: in.CourseID, Size: in.Size, AccessDays: in.AccessDays, StartsAt: model.Milli(in.StartsAt), EndsAt: model.Milli(in.EndsAt),
		Note: strings.TrimSpace(in.Note), CreatedBy: by.Name, CreatedAt: model.Milli(s.Now()),
	}}
	if err := b.Check(s.Now()); err != nil {
		return b, err
	}
	named, err := s.Courses.Named(ctx, []int64{in.CourseID})
	if err != nil {
		return b, err
	}
	// A draft has no page that a learner may see; every other course is open to whoever owns it.
	if c, known := named[in.CourseID]; !known || c.Status == model.CourseDraft {
		return b, model.Refuse(model.ErrInvalid, model.CodeInvalid, "兑换码有误，请检查标出的项").Field("course_id", "没有这门课程，或者还没有上架过")
	}
	err = store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		b.ID = 0
		if err := tx.Create(&b.RedeemBatch).Error; err != nil {
			return fmt.Errorf("new redeem batch: %w", err)
		}
		codes := make([]model.RedeemCode, b.Size)
		for i := range codes {
			codes[i] = model.RedeemCode{AppID: s.AppID, BatchID: b.ID, Code: model.NewCode(model.RedeemCodeLength), Status: model.RedeemUnused}
		}
		if err := tx.CreateInBatches(codes, 500).Error; err != nil {
			return fmt.Errorf("codes of redeem batch %d: %w", b.ID, err)
		}
		return s.audited(tx, by, "redeem.create", b.ID, nil, view(b.RedeemBatch), b.Note)
	})
	return b, err
}

// Batches lists batches, the newest first, those with a number below before (0: from the start).
func (s *Service) Batches(ctx context.Context, before int64, limit int) ([]Batch, error) {
	q := s.DB.WithContext(ctx).Where("appid = ?", s.AppID)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var list []model.RedeemBatch
	if err := q.Order("id DESC").Limit(limit).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("redeem batches: %w", err)
	}
	return s.counted(ctx, list)
}

// Batch gives one batch. ErrNotFound.
func (s *Service) Batch(ctx context.Context, id int64) (Batch, error) {
	var b model.RedeemBatch
	if err := s.DB.WithContext(ctx).Where("appid = ?", s.AppID).Take(&b, id).Error; err != nil {
		return Batch{}, missing(err)
	}
	list, err := s.counted(ctx, []model.RedeemBatch{b})
	if err != nil {
		return Batch{}, err
	}
	return list[0], nil
}

func (s *Service) counted(ctx context.Context, list []model.RedeemBatch) ([]Batch, error) {
	ids := []int64{0}
	for _, b := range list {
		ids = append(ids, b.ID)
	}
	var sums []struct {
		BatchID int64
		Status  model.RedeemStatus
		N       int64
	}
	err := s.DB.WithContext(ctx).Model(&model.RedeemCode{}).Select("batch_id, status, COUNT(*) AS n").
		Where("batch_id IN ? AND status <> ?", ids, model.RedeemUnused).Group("batch_id, status").Scan(&sums).Error
	if err != nil {
		return nil, fmt.Errorf("codes of redeem batches: %w", err)
	}
	out := make([]Batch, 0, len(list))
	for _, b := range list {
		x := Batch{RedeemBatch: b}
		for _, n := range sums {
			switch {
			case n.BatchID != b.ID:
			case n.Status == model.RedeemRedeemed:
				x.Redeemed = n.N
			default:
				x.Withdrawn = n.N
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// Filter narrows a list of codes; zero values ask for everything.
type Filter struct {
	BatchID int64
	Status  model.RedeemStatus
	Code    string // one code, however typed
}

// Codes lists codes, in the order they were made, those with a number above after.
func (s *Service) Codes(ctx context.Context, f Filter, after int64, limit int) ([]model.RedeemCode, error) {
	q := s.DB.WithContext(ctx).Where("appid = ? AND id > ?", s.AppID, after)
	if f.BatchID > 0 {
		q = q.Where("batch_id = ?", f.BatchID)
	}
	if f.Status != "" {
		q = q.Where("status = ?", f.Status)
	}
	if f.Code != "" {
		q = q.Where("code = ?", model.TypedCode(f.Code))
	}
	list := []model.RedeemCode{}
	if err := q.Order("id").Limit(limit).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("redeem codes: %w", err)
	}
	return list, nil
}

// Exported tells the audit trail that somebody took a batch's codes out of the house.
func (s *Service) Exported(ctx context.Context, by model.Operator, batchID int64) error {
	return store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		return s.audited(tx, by, "redeem.export", batchID, nil, nil, "")
	})
}

// Withdraw takes back the unused codes of a batch, or the one with codeID (0: all), and says how many those
// were. What was redeemed stays redeemed. ErrConflict: the one is not unused any more.
func (s *Service) Withdraw(ctx context.Context, by model.Operator, batchID, codeID int64, why string) (int64, error) {
	why = strings.TrimSpace(why)
	if n := len([]rune(why)); n < 1 || n > 200 {
		return 0, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请写为什么作废").Field("reason", "1 到 200 个字")
	}
	var n int64
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		var b model.RedeemBatch
		if err := tx.Where("appid = ?", s.AppID).Take(&b, batchID).Error; err != nil {
			return missing(err)
		}
		q := tx.Model(&model.RedeemCode{}).Where("batch_id = ? AND status = ?", batchID, model.RedeemUnused)
		if codeID > 0 {
			q = q.Where("id = ?", codeID)
		}
		res := q.Updates(map[string]any{"status": model.RedeemWithdrawn, "withdrawn_at": model.Milli(s.Now()), "withdrawn_by": by.Name, "withdrawn_why": why})
		if res.Error != nil {
			return fmt.Errorf("withdraw redeem batch %d: %w", batchID, res.Error)
		}
		if n = res.RowsAffected; n == 0 {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "没有还能作废的兑换码：已经兑换或作废了")
		}
		return s.audited(tx, by, "redeem.withdraw", batchID, nil, map[string]any{"withdrawn": n, "code_id": codeID}, why)
	})
	return n, err
}

func (s *Service) audited(tx *gorm.DB, by model.Operator, action string, id int64, before, after any, why string) error {
	return s.Audit.Audit(tx, model.AuditEntry{OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "redeem", ObjectID: fmt.Sprint(id), Before: model.AuditJSON(before), After: model.AuditJSON(after), Reason: why})
}

func view(b model.RedeemBatch) map[string]any {
	return map[string]any{"course_id": b.CourseID, "size": b.Size, "access_days": b.AccessDays, "starts_at": b.StartsAt, "ends_at": b.EndsAt, "note": b.Note}
}

func missing(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这批兑换码")
	}
	return fmt.Errorf("redeem batch: %w", err)
}
