// Package grant says who may open which course, since when and for which reason. It owns the grants and
// grant_changes tables.
//
// Access is the sum of a learner's active grants: ending one reason never takes away another.
//
// A grant on a bundle (专栏) opens its members. No rows are made for them: what a bundle opens is looked up when it is asked
// for, so a refund is still one row's step, and a course that is added is open in the same moment. See model.BundleItem.
package grant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Bundles tells what bundles hold; service/course. db may be a transaction. What was taken out is told too.
type Bundles interface {
	// BundlesOf gives the places a course has in bundles.
	BundlesOf(db *gorm.DB, courseID int64) ([]model.BundleItem, error)
	// BundleItems gives the members of bundles, in order; ids of other courses have none.
	BundleItems(db *gorm.DB, ids []int64) ([]model.BundleItem, error)
}

// Service keeps grants.
type Service struct {
	Bundles Bundles // given after New, since courses need the grants; nil: there are none

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

// Covers says whether the learner may open the course now: by a grant on it, or on a bundle it is in. A bundle is covered
// too once every course in it is. db may be a transaction, whose view is then used.
func (s *Service) Covers(db *gorm.DB, learnerID, courseID int64) (bool, error) {
	list, err := s.list(db, learnerID, courseID)
	if err != nil {
		return false, err
	}
	for _, g := range list {
		if g.Covers(s.now()) {
			return true, nil
		}
	}
	items, err := s.items(db, courseID)
	if err != nil || len(items) == 0 {
		return false, err
	}
	mine, err := s.courses(db, learnerID)
	if err != nil {
		return false, err
	}
	all := false
	for _, i := range items {
		if i.LeftAt != nil {
			continue
		}
		if _, all = mine[i.CourseID]; !all {
			return false, nil
		}
	}
	return all, nil
}

// Owns says whether the learner may open the course now.
func (s *Service) Owns(ctx context.Context, learnerID, courseID int64) (bool, error) {
	return s.Covers(s.db.WithContext(ctx), learnerID, courseID)
}

// Why lists all of a learner's grants for a course, those on bundles it is in and ended ones too, newest first: why they
// can see it, or why not any more.
func (s *Service) Why(ctx context.Context, learnerID, courseID int64) ([]model.Grant, error) {
	return s.list(s.db.WithContext(ctx), learnerID, courseID)
}

// All lists every grant a learner ever had, newest first; one on a bundle stands there for each of its members too.
func (s *Service) All(ctx context.Context, learnerID int64) ([]model.Grant, error) {
	db := s.db.WithContext(ctx)
	list := []model.Grant{}
	if err := ordered(db).Where("grants.learner_id = ?", learnerID).Order("grants.id DESC").Limit(1000).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("grants of learner %d: %w", learnerID, err)
	}
	return s.spread(db, list)
}

// Holders counts who may open the course now by a grant on it.
func (s *Service) Holders(ctx context.Context, courseID int64) (int64, error) {
	var n int64
	now := model.Milli(s.now())
	err := s.db.WithContext(ctx).Model(&model.Grant{}).Where("course_id = ? AND status = ? AND (ends_at IS NULL OR ends_at > ?)", courseID, model.GrantActive, now).Distinct("learner_id").Count(&n).Error
	if err != nil {
		return 0, fmt.Errorf("holders of course %d: %w", courseID, err)
	}
	return n, nil
}

// Bought gives the courses that came to the learner with a bundle and that nothing else opens to them now: what a refund of
// it would take away. With no grant on the bundle these are its members.
func (s *Service) Bought(ctx context.Context, learnerID, bundleID int64) ([]int64, error) {
	db := s.db.WithContext(ctx)
	items, err := s.items(db, bundleID)
	if err != nil {
		return nil, err
	}
	var list []model.Grant
	if err := ordered(db).Where("grants.learner_id = ?", learnerID).Order("grants.id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("grants of learner %d: %w", learnerID, err)
	}
	all, err := s.spread(db, list)
	if err != nil {
		return nil, err
	}
	out := []int64{}
	for _, i := range items {
		came, other := i.LeftAt == nil, false
		for _, g := range all {
			came = came || i.OpenedBy(g)
			other = other || g.CourseID == i.CourseID && g.Through != bundleID && g.Covers(s.now())
		}
		if came && !other {
			out = append(out, i.CourseID)
		}
	}
	return out, nil
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

// ordered reads grants with the time their orders were placed.
func ordered(db *gorm.DB) *gorm.DB {
	return db.Model(&model.Grant{}).Select("grants.*, orders.created_at AS ordered_at").Joins("LEFT JOIN orders ON orders.id = grants.order_id")
}

func (s *Service) items(db *gorm.DB, ids ...int64) ([]model.BundleItem, error) {
	if s.Bundles == nil || len(ids) == 0 {
		return nil, nil
	}
	return s.Bundles.BundleItems(db, ids)
}

func (s *Service) list(db *gorm.DB, learnerID, courseID int64) ([]model.Grant, error) {
	ids, places := []int64{courseID}, map[int64]model.BundleItem{}
	if s.Bundles != nil {
		in, err := s.Bundles.BundlesOf(db, courseID)
		if err != nil {
			return nil, err
		}
		for _, i := range in {
			ids, places[i.BundleID] = append(ids, i.BundleID), i
		}
	}
	rows, list := []model.Grant{}, []model.Grant{}
	err := ordered(db).Where("grants.learner_id = ? AND grants.course_id IN ?", learnerID, ids).Order("grants.id DESC").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("grants of learner %d: %w", learnerID, err)
	}
	for _, g := range rows {
		if g.CourseID == courseID {
			list = append(list, g)
		} else if i := places[g.CourseID]; i.OpenedBy(g) {
			list = append(list, i.On(g))
		}
	}
	return list, nil
}

// spread adds to grants what those on bundles are to the members.
func (s *Service) spread(db *gorm.DB, list []model.Grant) ([]model.Grant, error) {
	ids := make([]int64, 0, len(list))
	for _, g := range list {
		ids = append(ids, g.CourseID)
	}
	slices.Sort(ids)
	items, err := s.items(db, slices.Compact(ids)...)
	if err != nil || len(items) == 0 {
		return list, err
	}
	out := make([]model.Grant, 0, len(list)+len(items))
	for _, g := range list {
		out = append(out, g)
		for _, i := range items {
			if i.OpenedBy(g) {
				out = append(out, i.On(g))
			}
		}
	}
	return out, nil
}

// Courses lists the courses the learner may open now, bundles and their members among them, with the time each was first
// opened.
func (s *Service) Courses(ctx context.Context, learnerID int64) (map[int64]time.Time, error) {
	return s.courses(s.db.WithContext(ctx), learnerID)
}

func (s *Service) courses(db *gorm.DB, learnerID int64) (map[int64]time.Time, error) {
	var list []model.Grant
	if err := ordered(db).Where("grants.learner_id = ? AND grants.status = ?", learnerID, model.GrantActive).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("grants of learner %d: %w", learnerID, err)
	}
	list, err := s.spread(db, list)
	if err != nil {
		return nil, err
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
