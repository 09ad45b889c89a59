// Package grant says who may open which course, since when and for which reason. It owns the grants and
// grant_changes tables.
//
// Access is the sum of a learner's active grants: ending one reason never takes away another.
package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Service keeps grants.
type Service struct {
	db  *gorm.DB
	now func() time.Time
}

// New makes the service on db; now is the business clock.
func New(db *gorm.DB, now func() time.Time) *Service { return &Service{db: db, now: now} }

// Open joins the caller's transaction and opens a course for g.LearnerID. The same ReasonKey twice is one
// grant and no error.
func (s *Service) Open(tx *gorm.DB, g model.Grant, who model.Actor) error {
	_, err := s.open(tx, g, who)
	return err
}

// open says whether the reason is new.
func (s *Service) open(tx *gorm.DB, g model.Grant, who model.Actor) (bool, error) {
	now := model.Milli(s.now())
	g.Status, g.CreatedAt = model.GrantActive, now
	if g.StartsAt.IsZero() {
		g.StartsAt = now
	}
	g.StartsAt = model.Milli(g.StartsAt)
	if g.EndsAt != nil {
		end := model.Milli(*g.EndsAt)
		g.EndsAt = &end
	}
	var had int64
	if err := tx.Model(&model.Grant{}).Where("reason_key = ?", g.ReasonKey).Count(&had).Error; err != nil {
		return false, fmt.Errorf("grant %s: %w", g.ReasonKey, err)
	}
	if had > 0 {
		return false, nil
	}
	if err := tx.Create(&g).Error; err != nil {
		if _, dup := store.Duplicate(err); dup {
			return false, nil
		}
		return false, fmt.Errorf("grant %s: %w", g.ReasonKey, err)
	}
	return true, s.change(tx, g, "", who, g.Why)
}

// ByOrder joins the caller's transaction and opens o's course to its buyer, for as long as the order says.
func (s *Service) ByOrder(tx *gorm.DB, o model.Order, who model.Actor) error {
	g := model.Grant{
		AppID: o.AppID, LearnerID: o.LearnerID, CourseID: o.CourseID, Reason: model.GrantByOrder,
		ReasonKey: fmt.Sprintf("order:%d", o.ID), OrderID: o.ID, Why: "购买，订单 " + o.OutTradeNo,
	}
	if o.PaidAt != nil {
		g.StartsAt = *o.PaidAt
	}
	// A clock of WeChat's that runs ahead of ours must not keep a paid course shut.
	if now := s.now(); g.StartsAt.After(now) {
		g.StartsAt = now
	}
	g.EndsAt = term(g.StartsAt, o.AccessDays)
	return s.Open(tx, g, who)
}

// ByCode joins the caller's transaction and opens the batch's course to whoever redeemed the code. The code is
// the grant's unique reason: one that opened a course already is ErrConflict.
func (s *Service) ByCode(tx *gorm.DB, c model.RedeemCode, b model.RedeemBatch, who model.Actor) error {
	g := model.Grant{
		AppID: c.AppID, LearnerID: c.LearnerID, CourseID: b.CourseID, Reason: model.GrantByRedeem,
		ReasonKey: fmt.Sprintf("redeem:%d", c.ID), Why: fmt.Sprintf("兑换码，第 %d 批（%s）", b.ID, b.Note), StartsAt: *c.RedeemedAt,
	}
	g.EndsAt = term(g.StartsAt, b.AccessDays)
	opened, err := s.open(tx, g, who)
	if err == nil && !opened {
		err = model.RedeemTaken()
	}
	return err
}

// ByGift joins the caller's transaction and opens a gift's course to whoever opened it, from that moment on. The
// order that paid is the grant's unique reason: one that opened a course already is ErrConflict.
func (s *Service) ByGift(tx *gorm.DB, g model.Gift, who model.Actor) error {
	why := "朋友送的，订单 " + g.OutTradeNo
	if g.GiverID == g.LearnerID {
		why = "买来送人，留给了自己，订单 " + g.OutTradeNo
	}
	opened, err := s.open(tx, model.Grant{
		AppID: g.AppID, LearnerID: g.LearnerID, CourseID: g.CourseID, Reason: model.GrantByFriend, ReasonKey: fmt.Sprintf("order:%d", g.OrderID), OrderID: g.OrderID,
		Why: why, StartsAt: *g.OpenedAt, EndsAt: g.EndsAt(*g.OpenedAt),
	}, who)
	if err == nil && !opened {
		err = model.GiftTaken()
	}
	return err
}

// Freeze shuts the grant of an order while its refund is undecided; Thaw opens it again; Revoke ends it
// for good. Each joins the caller's transaction and changes only that order's grant.
func (s *Service) Freeze(tx *gorm.DB, orderID int64, who model.Actor, why string) error {
	return s.move(tx, orderID, model.GrantFrozen, who, why)
}

// Thaw opens a frozen grant again.
func (s *Service) Thaw(tx *gorm.DB, orderID int64, who model.Actor, why string) error {
	return s.move(tx, orderID, model.GrantActive, who, why)
}

// Revoke ends a grant because its money went back.
func (s *Service) Revoke(tx *gorm.DB, orderID int64, who model.Actor, why string) error {
	return s.move(tx, orderID, model.GrantRevoked, who, why)
}

func (s *Service) move(tx *gorm.DB, orderID int64, to model.GrantStatus, who model.Actor, why string) error {
	var g model.Grant
	err := store.Lock(tx).Where("reason_key = ?", fmt.Sprintf("order:%d", orderID)).Take(&g).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return fmt.Errorf("grant of order %d: %w", orderID, model.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("grant of order %d: %w", orderID, err)
	}
	return s.step(tx, g, to, who, why)
}

// step takes one step if g may take it; where it stands already, or has ended, nothing happens.
func (s *Service) step(tx *gorm.DB, g model.Grant, to model.GrantStatus, who model.Actor, why string) error {
	from := g.Status
	if !from.CanBecome(to) {
		return nil
	}
	res := tx.Model(&model.Grant{}).Where("id = ? AND status = ?", g.ID, from).
		Updates(map[string]any{"status": to, "updated_at": model.Milli(s.now())})
	if res.Error != nil {
		return fmt.Errorf("grant %d: %w", g.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return fmt.Errorf("grant %d: %w: it moved meanwhile", g.ID, model.ErrConflict)
	}
	g.Status = to
	return s.change(tx, g, from, who, why)
}

func (s *Service) change(tx *gorm.DB, g model.Grant, from model.GrantStatus, who model.Actor, why string) error {
	c := model.Change{Thing: model.ThingGrant, ThingID: g.ID, OrderID: g.OrderID, From: string(from), To: string(g.Status), Who: string(who), Why: why, HappenAt: model.Milli(s.now())}
	if err := tx.Table("grant_changes").Create(&c).Error; err != nil {
		return fmt.Errorf("history of grant %d: %w", g.ID, err)
	}
	return nil
}

// Now is the business clock grants are judged by.
func (s *Service) Now() time.Time { return s.now().UTC() }

// Covers says whether the learner may open the course now. db may be a transaction, whose view is then used.
func (s *Service) Covers(db *gorm.DB, learnerID, courseID int64) (bool, error) {
	list, err := s.list(db, learnerID, courseID)
	for _, g := range list {
		if g.Covers(s.now()) {
			return true, nil
		}
	}
	return false, err
}

// Owns says whether the learner may open the course now.
func (s *Service) Owns(ctx context.Context, learnerID, courseID int64) (bool, error) {
	return s.Covers(s.db.WithContext(ctx), learnerID, courseID)
}

// Why lists all of a learner's grants for a course, ended ones too, newest first: why they can see it, or
// why not any more.
func (s *Service) Why(ctx context.Context, learnerID, courseID int64) ([]model.Grant, error) {
	return s.list(s.db.WithContext(ctx), learnerID, courseID)
}

// All lists every grant a learner ever had, newest first.
func (s *Service) All(ctx context.Context, learnerID int64) ([]model.Grant, error) {
	list := []model.Grant{}
	if err := s.db.WithContext(ctx).Where("learner_id = ?", learnerID).Order("id DESC").Limit(1000).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("grants of learner %d: %w", learnerID, err)
	}
	return list, nil
}

// History lists the steps of grants, by grant.
func (s *Service) History(ctx context.Context, ids []int64) (map[int64][]model.Change, error) {
	list := []model.Change{}
	if err := s.db.WithContext(ctx).Table("grant_changes").Where("thing_id IN ?", append(ids, 0)).Order("id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("history of grants: %w", err)
	}
	by := map[int64][]model.Change{}
	for _, c := range list {
		by[c.ThingID] = append(by[c.ThingID], c)
	}
	return by, nil
}

func (s *Service) list(db *gorm.DB, learnerID, courseID int64) ([]model.Grant, error) {
	list := []model.Grant{}
	err := db.Where("learner_id = ? AND course_id = ?", learnerID, courseID).Order("id DESC").Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("grants of learner %d: %w", learnerID, err)
	}
	return list, nil
}

// Courses lists the courses the learner may open now, with the time each was first opened.
func (s *Service) Courses(ctx context.Context, learnerID int64) (map[int64]time.Time, error) {
	var list []model.Grant
	if err := s.db.WithContext(ctx).Where("learner_id = ? AND status = ?", learnerID, model.GrantActive).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("grants of learner %d: %w", learnerID, err)
	}
	out := map[int64]time.Time{}
	for _, g := range list {
		if !g.Covers(s.now()) {
			continue
		}
		if at, had := out[g.CourseID]; !had || g.StartsAt.Before(at) {
			out[g.CourseID] = g.StartsAt
		}
	}
	return out, nil
}

// OfOrder gives the order's grant and its history; ErrNotFound when the order opened nothing.
func (s *Service) OfOrder(ctx context.Context, orderID int64) (model.Grant, []model.Change, error) {
	var g model.Grant
	db := s.db.WithContext(ctx)
	err := db.Where("reason_key = ?", fmt.Sprintf("order:%d", orderID)).Take(&g).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return g, nil, fmt.Errorf("grant of order %d: %w", orderID, model.ErrNotFound)
	}
	if err != nil {
		return g, nil, fmt.Errorf("grant of order %d: %w", orderID, err)
	}
	changes := []model.Change{}
	if err := db.Table("grant_changes").Where("thing_id = ?", g.ID).Order("id").Find(&changes).Error; err != nil {
		return g, nil, fmt.Errorf("history of grant %d: %w", g.ID, err)
	}
	return g, changes, nil
}

// Expire marks grants whose term is over. Access ends by the clock; this only tells the history.
func (s *Service) Expire(ctx context.Context) error {
	var ids []int64
	err := s.db.WithContext(ctx).Model(&model.Grant{}).
		Where("status IN ? AND ends_at <= ?", []model.GrantStatus{model.GrantActive, model.GrantFrozen}, model.Milli(s.now())).
		Order("ends_at").Limit(500).Pluck("id", &ids).Error
	if err != nil {
		return fmt.Errorf("overdue grants: %w", err)
	}
	for _, id := range ids {
		err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			var g model.Grant
			if err := store.Lock(tx).Take(&g, id).Error; err != nil {
				return err
			}
			if !g.Overdue(s.now()) {
				return nil
			}
			return s.step(tx, g, model.GrantExpired, model.ActorTimer, "期限已到")
		})
		if err != nil {
			return fmt.Errorf("expire grant %d: %w", id, err)
		}
	}
	return nil
}

// Timetable is service/job.
type Timetable interface {
	Every(name string, d time.Duration, fn func(context.Context) error)
}

// Schedule puts the service's regular work on the timetable.
func (s *Service) Schedule(t Timetable) { t.Every("grant.expire", time.Minute, s.Expire) }
