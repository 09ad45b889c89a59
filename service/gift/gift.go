// Package gift keeps what was bought for somebody else (送好友): a paid order that opened no course yet, and who
// opened it. It owns the gifts and gift_changes tables.
//
// A gift opens its course once, to one learner: a conditional update takes it and the grant's unique reason
// names its order, both in one transaction, on any number of instances. To service/order it is what an order
// opens, frozen, thawed and revoked as a grant is: an unopened gift moves itself, an opened one its grant.
// Locks are taken in the order learner → order → gift → grant.
package gift

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Courses is service/course.
type Courses interface {
	Named(ctx context.Context, ids []int64) (map[int64]model.Course, error)
}

// Learners is service/learner.
type Learners interface {
	// Lock holds the learner's row: nobody is erased, nor opens two gifts of one course, at the same moment.
	Lock(tx *gorm.DB, learnerID int64) (model.Learner, error)
}

// Grants is service/grant. Freeze, Thaw and Revoke change the one grant that has the order as its reason.
type Grants interface {
	ByGift(tx *gorm.DB, g model.Gift, who model.Actor) error
	Freeze(tx *gorm.DB, orderID int64, who model.Actor, why string) error
	Thaw(tx *gorm.DB, orderID int64, who model.Actor, why string) error
	Revoke(tx *gorm.DB, orderID int64, who model.Actor, why string) error
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
	Orders   Orders // given after New, since orders need the gifts
	Facts    Facts
	Now      func() time.Time // the business clock
}

// Service keeps the gifts of the Mini Program appid.
type Service struct{ Options }

// New makes the service.
func New(o Options) *Service { return &Service{o} }

// ByOrder joins the caller's transaction and makes the gift a paid order is for. The same order again is the
// same gift.
func (s *Service) ByOrder(tx *gorm.DB, o model.Order, who model.Actor) error {
	had, err := s.Of(tx, o.ID)
	if err != nil || had.ID != 0 {
		return err
	}
	now := model.Milli(s.Now())
	g := model.Gift{
		AppID: o.AppID, OrderID: o.ID, OutTradeNo: o.OutTradeNo, CourseID: o.CourseID, GiverID: o.LearnerID, Code: model.NewCode(model.GiftCodeLength),
		AccessDays: o.AccessDays, Status: model.GiftWaiting, CreatedAt: now, UpdatedAt: now,
	}
	if err := tx.Create(&g).Error; err != nil {
		return fmt.Errorf("gift of order %d: %w", o.ID, err)
	}
	return s.change(tx, g, "", who, "已付款，等人领取")
}

// Of gives an order's gift; the zero gift when it has none.
func (s *Service) Of(db *gorm.DB, orderID int64) (model.Gift, error) {
	var g model.Gift
	err := db.Where("order_id = ?", orderID).Limit(1).Find(&g).Error
	if err != nil {
		return g, fmt.Errorf("gift of order %d: %w", orderID, err)
	}
	return g, nil
}

// Freeze keeps a gift from being opened while its refund is undecided; one that was opened freezes its grant.
// Joins the caller's transaction, as Thaw and Revoke do.
func (s *Service) Freeze(tx *gorm.DB, orderID int64, who model.Actor, why string) error {
	return s.move(tx, orderID, model.GiftFrozen, s.Grants.Freeze, who, why)
}

// Thaw lets a frozen gift be opened again.
func (s *Service) Thaw(tx *gorm.DB, orderID int64, who model.Actor, why string) error {
	return s.move(tx, orderID, model.GiftWaiting, s.Grants.Thaw, who, why)
}

// Revoke ends a gift because its money went back; one that was opened loses its grant.
func (s *Service) Revoke(tx *gorm.DB, orderID int64, who model.Actor, why string) error {
	return s.move(tx, orderID, model.GiftVoid, s.Grants.Revoke, who, why)
}

func (s *Service) move(tx *gorm.DB, orderID int64, to model.GiftStatus, opened func(*gorm.DB, int64, model.Actor, string) error, who model.Actor, why string) error {
	var g model.Gift
	err := store.Lock(tx).Where("order_id = ?", orderID).Take(&g).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = model.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("gift of order %d: %w", orderID, err)
	}
	if g.Status == model.GiftOpened {
		return opened(tx, orderID, who, why)
	}
	if !g.Status.CanBecome(to) {
		return nil
	}
	return s.step(tx, g, to, who, why)
}

// step takes one step from the status the gift was read in.
func (s *Service) step(tx *gorm.DB, g model.Gift, to model.GiftStatus, who model.Actor, why string) error {
	from := g.Status
	g.Status, g.UpdatedAt = to, model.Milli(s.Now())
	res := tx.Model(&model.Gift{}).Where("id = ? AND status = ?", g.ID, from).
		Updates(map[string]any{"status": to, "learner_id": g.LearnerID, "opened_at": g.OpenedAt, "updated_at": g.UpdatedAt})
	if res.Error != nil {
		return fmt.Errorf("gift %d: %w", g.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return fmt.Errorf("gift %d: %w: it moved meanwhile", g.ID, model.ErrUnavailable)
	}
	return s.change(tx, g, from, who, why)
}

func (s *Service) change(tx *gorm.DB, g model.Gift, from model.GiftStatus, who model.Actor, why string) error {
	c := model.Change{Thing: model.ThingGift, ThingID: g.ID, OrderID: g.OrderID, From: string(from), To: string(g.Status), Who: string(who), Why: why, HappenAt: model.Milli(s.Now())}
	if err := tx.Table("gift_changes").Create(&c).Error; err != nil {
		return fmt.Errorf("history of gift %d: %w", g.ID, err)
	}
	return nil
}

// OfOrder gives an order's gift and its history; the zero gift when it has none.
func (s *Service) OfOrder(ctx context.Context, orderID int64) (model.Gift, []model.Change, error) {
	db := s.DB.WithContext(ctx)
	g, err := s.Of(db, orderID)
	if err != nil || g.ID == 0 {
		return g, nil, err
	}
	list := []model.Change{}
	if err := db.Table("gift_changes").Where("thing_id = ?", g.ID).Order("id").Find(&list).Error; err != nil {
		return g, nil, fmt.Errorf("history of gift %d: %w", g.ID, err)
	}
	return g, list, nil
}

// OfLearner lists the gifts a learner paid for or opened, the newest first, a hundred at most.
func (s *Service) OfLearner(ctx context.Context, learnerID int64) ([]model.Gift, error) {
	list := []model.Gift{}
	err := s.DB.WithContext(ctx).Where("appid = ? AND (giver_id = ? OR learner_id = ?)", s.AppID, learnerID, learnerID).Order("id DESC").Limit(100).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("gifts of learner %d: %w", learnerID, err)
	}
	return list, nil
}
