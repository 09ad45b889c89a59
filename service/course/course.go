// Package course keeps the courses: what an operator writes, what is on sale at which price, what a
// learner is shown and may open. It owns the tables courses, course_prices, lessons, course_versions, course_texts and
// bundle_items.
package course

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Grants tells who may open what; service/grant.
type Grants interface {
	Owns(ctx context.Context, learnerID, courseID int64) (bool, error)
	// Courses gives the courses a learner may open now, and since when.
	Courses(ctx context.Context, learnerID int64) (map[int64]time.Time, error)
}

// Progress tells which lessons a learner finished; service/progress.
type Progress interface {
	Finished(ctx context.Context, learnerID, courseID int64) (map[int64]bool, error)
}

// Audit keeps who changed what; service/operator.
type Audit interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Jobs runs work after a commit; service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
}

// Goods makes a course known to virtual payment; service/xpay. Doing it again is harmless.
type Goods interface {
	PublishGoods(ctx context.Context, id, name string, price model.Fen, imageURL string) error
}

// Options are the needs and settings of Service.
type Options struct {
	AppID     string // of the Mini Program
	PublicURL string // our origin, without a slash at the end
	Selling   model.Selling
	Grants    Grants
	Progress  Progress // what lessons are released by
	Audit     Audit
	Jobs      Jobs
	Goods     Goods // nil where virtual payment is not set up
	Now       func() time.Time
}

// Service writes and shows courses.
type Service struct {
	db *gorm.DB
	o  Options
}

// New builds the service.
func New(db *gorm.DB, o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	return &Service{db: db, o: o}
}

// Draft is what an operator types of a course. On a change, nil leaves a field as it is.
type Draft struct {
	Bundle        bool // chosen when the course is created, and for good
	Title         *string
	Intro         *string // HTML; cleaned here
	Cover         *string
	Category      *string
	Teacher       *string
	Price         *model.Fen
	OriginalPrice *model.Fen // 0: none
	RefundRule    *model.RefundRule
	Sale          *model.Sale // replaces the whole
	Certificate   *bool
	Playing       *model.Playing // replaces the whole
}

func (d Draft) onto(c *model.Course, public string) {
	set(&c.Title, d.Title, strings.TrimSpace)
	set(&c.Intro, d.Intro, Clean)
	set(&c.Category, d.Category, strings.TrimSpace)
	set(&c.Teacher, d.Teacher, strings.TrimSpace)
	set(&c.Cover, d.Cover, func(s string) string { return ownAddress(s, public) })
	if d.Price != nil {
		c.Price = *d.Price
	}
	if d.Certificate != nil {
		c.Certificate = *d.Certificate
	}
	if d.Playing != nil {
		c.Playing = *d.Playing
	}
	if d.RefundRule != nil {
		c.RefundRule = *d.RefundRule
	}
	if d.Sale != nil {
		c.Sale = d.Sale.Tidy()
	}
	if d.OriginalPrice != nil {
		c.OriginalPrice = nil
		if *d.OriginalPrice != 0 {
			c.OriginalPrice = d.OriginalPrice
		}
	}
}

// set writes a typed text over a field; a nil one leaves it.
func set(field *string, typed *string, tidy func(string) string) {
	if typed != nil {
		*field = tidy(*typed)
	}
}

// ownAddress turns our own absolute address back into its path, so that a change of domain costs nothing.
func ownAddress(s, public string) string {
	if public != "" {
		if path, ok := strings.CutPrefix(s, public); ok && model.MediaName(path) != "" {
			return path
		}
	}
	return s
}

// Create drafts a course. Nobody sees it before Publish.
func (s *Service) Create(ctx context.Context, by model.Operator, d Draft) (model.Course, error) {
	now := model.Milli(s.o.Now())
	c := model.Course{AppID: s.o.AppID, RefundRule: model.DefaultRefundRule(), Status: model.CourseDraft, Version: 1, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
	d.onto(&c, s.o.PublicURL)
	c.Bundle = d.Bundle
	if err := s.check(c); err != nil {
		return c, err
	}
	draft := c
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		c = draft
		if err := tx.Create(&c).Error; err != nil {
			return err
		}
		if err := s.keepPrice(tx, by, c, now); err != nil {
			return err
		}
		return s.audit(tx, by, "course.create", c.ID, nil, facts(c))
	})
	return c, err
}

// Change saves an operator's changes. version is the one the operator read (0: whatever is there); when
// somebody saved since, the answer is ErrConflict and says who and when. A new price counts from now on
// and leaves orders already placed alone.
func (s *Service) Change(ctx context.Context, by model.Operator, id, version int64, d Draft) (model.Course, error) {
	var c model.Course
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var err error
		if c, err = s.lock(tx, id); err != nil {
			return err
		}
		if version != 0 && version != c.Version {
			return stale(c.UpdatedBy, c.UpdatedAt)
		}
		if c.DraftOf != nil && (d.Price != nil || d.OriginalPrice != nil || d.RefundRule != nil || d.Certificate != nil || d.Playing != nil || d.Sale != nil) {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "价格、起售停售、退款规则、怎么播放和发不发证书不在草稿里，请在课程里改：它们一保存就算数")
		}
		before := c
		d.onto(&c, s.o.PublicURL)
		if err := s.check(c); err != nil {
			return err
		}
		now := model.Milli(s.o.Now())
		if before.Price != c.Price || !same(before.OriginalPrice, c.OriginalPrice) || !before.SameFlash(c.Sale) {
			if err := s.keepPrice(tx, by, c, now); err != nil {
				return err
			}
		}
		if c.Status == model.CourseOnSale && (before.Price != c.Price || before.Title != c.Title || before.Cover != c.Cover) {
			if err := s.queueGoods(tx, &c); err != nil {
				return err
			}
		}
		c.Version, c.UpdatedBy, c.UpdatedAt = c.Version+1, by.Name, now
		if err := save(tx, c, "title", "intro", "cover", "category", "teacher", "price", "original_price", "refund_days", "refund_minutes", "refund_lessons", "refund_over", "certificate", "watermark", "no_forward",
			"sale_from", "sale_until", "flash_price", "flash_from", "flash_until", "seats"); err != nil {
			return err
		}
		action := "course.change"
		if c.DraftOf != nil {
			action = "course.draft_change"
		}
		return s.audit(tx, by, action, c.Subject(), facts(before), facts(c))
	})
	return c, err
}

// Publish puts a course on sale (上架). Again is harmless.
func (s *Service) Publish(ctx context.Context, by model.Operator, id int64) (model.Course, error) {
	return s.move(ctx, by, id, model.CourseOnSale, "course.publish", model.CourseDraft, model.CourseStopped, model.CourseWithdrawn)
}

// Unpublish takes a course out of the shop (下架). Who owns it learns on.
func (s *Service) Unpublish(ctx context.Context, by model.Operator, id int64) (model.Course, error) {
	return s.move(ctx, by, id, model.CourseWithdrawn, "course.unpublish", model.CourseOnSale, model.CourseStopped)
}

// Stop ends the sale (停售) and leaves the course's page standing. Who owns it learns on.
func (s *Service) Stop(ctx context.Context, by model.Operator, id int64) (model.Course, error) {
	return s.move(ctx, by, id, model.CourseStopped, "course.stop", model.CourseOnSale)
}

func (s *Service) move(ctx context.Context, by model.Operator, id int64, to model.CourseStatus, action string, from ...model.CourseStatus) (model.Course, error) {
	var c model.Course
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var err error
		if c, err = s.lock(tx, id); err != nil {
			return err
		}
		if c.DraftOf != nil {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "这是一门课的草稿，看过区别后用「发布草稿」让它生效")
		}
		if c.Status == to {
			return nil
		}
		before, ok := c, false
		for _, f := range from {
			ok = ok || c.Status == f
		}
		if !ok {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "课程现在的状态不能这样操作")
		}
		now := model.Milli(s.o.Now())
		c.Status, c.Version, c.UpdatedBy, c.UpdatedAt = to, c.Version+1, by.Name, now
		if to == model.CourseOnSale {
			if err := s.filled(tx, c); err != nil {
				return err
			}
			if c.PublishedAt == nil {
				c.PublishedAt = &now
			}
			if err := s.queueGoods(tx, &c); err != nil {
				return err
			}
		}
		if err := save(tx, c, "status", "published_at"); err != nil {
			return err
		}
		return s.audit(tx, by, action, c.ID, facts(before), facts(c))
	})
	return c, err
}

// Filter narrows a list of courses. Before is the id the last page ended with; 0 begins.
type Filter struct {
	Q, Category string
	Status      model.CourseStatus
	Before      int64
	Limit       int
}

// Row is a course with what a list shows beside it.
type Row struct {
	model.Course
	LessonCount int     // a bundle's: of all its members
	HasTrial    bool    // a bundle's members have their own
	Members     []int64 // a bundle's courses, in order
}

// List gives the console's courses, the newest first, and the id to go on from (0: no more).
func (s *Service) List(ctx context.Context, f Filter) ([]Row, int64, error) {
	q := s.db.WithContext(ctx).Where("appid = ? AND draft_of IS NULL", s.o.AppID)
	if f.Status != "" {
		q = q.Where("status = ?", f.Status)
	}
	return s.rows(ctx, q, f)
}

// Get gives one course to the console.
func (s *Service) Get(ctx context.Context, id int64) (Row, error) {
	r, err := s.Desk(ctx, id)
	if err == nil && r.DraftOf != nil {
		return Row{}, notFound(id)
	}
	return r, err
}

// Desk gives a course or a draft to the console.
func (s *Service) Desk(ctx context.Context, id int64) (Row, error) {
	var c model.Course
	err := s.db.WithContext(ctx).Where("id = ? AND appid = ?", id, s.o.AppID).Take(&c).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Row{}, notFound(id)
	}
	if err != nil {
		return Row{}, fmt.Errorf("course %d: %w", id, err)
	}
	if c.DraftOf != nil { // money is not drafted: it is the course's, as it is now
		var live model.Course
		if err := s.db.WithContext(ctx).Omit("intro").Where("id = ?", *c.DraftOf).Take(&live).Error; err != nil {
			return Row{}, fmt.Errorf("course %d: %w", *c.DraftOf, err)
		}
		c.Price, c.OriginalPrice, c.RefundRule, c.Certificate, c.Playing, c.Sale, c.SeatsTaken = live.Price, live.OriginalPrice, live.RefundRule, live.Certificate, live.Playing, live.Sale, live.SeatsTaken
	}
	rows, err := s.counted(ctx, []model.Course{c})
	if err != nil {
		return Row{}, err
	}
	return rows[0], nil
}

// Prices gives a course's price history, the newest first.
func (s *Service) Prices(ctx context.Context, id int64) ([]model.CoursePrice, error) {
	prices := []model.CoursePrice{}
	err := s.db.WithContext(ctx).Where("course_id = ? AND appid = ?", id, s.o.AppID).Order("id DESC").Limit(200).Find(&prices).Error
	return prices, err
}

// Item is the course as an order sees it: its price now, and the roads open on platform. ErrNotFound for a
// draft; a course no longer sold is an item that is not on sale.
func (s *Service) Item(ctx context.Context, id int64, platform model.Platform) (model.Item, error) {
	var c model.Course
	err := s.db.WithContext(ctx).Omit("intro").Where("id = ? AND appid = ? AND status <> ?", id, s.o.AppID, model.CourseDraft).Take(&c).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Item{}, notFound(id)
	}
	if err != nil {
		return model.Item{}, fmt.Errorf("course %d: %w", id, err)
	}
	now := s.o.Now()
	price, _ := c.PriceAt(now)
	return model.Item{CourseID: c.ID, Title: c.Title, Price: c.Price, FlashOff: c.Price - price, RefundRule: c.RefundRule, ProductID: c.ProductID(), OnSale: c.Sold(now), Limited: c.Seats != nil,
		Vias: c.Vias(s.o.Selling, platform, now)}, nil
}

// Named gives the courses with these ids, whatever their status, for lists of orders and grants.
func (s *Service) Named(ctx context.Context, ids []int64) (map[int64]model.Course, error) {
	found := map[int64]model.Course{}
	if len(ids) == 0 {
		return found, nil
	}
	var cs []model.Course
	if err := s.db.WithContext(ctx).Omit("intro").Where("appid = ? AND id IN ? AND draft_of IS NULL", s.o.AppID, ids).Find(&cs).Error; err != nil {
		return nil, fmt.Errorf("courses by id: %w", err)
	}
	for _, c := range cs {
		found[c.ID] = c
	}
	return found, nil
}

// CourseExists tells whether id is a course of ours, on sale or not.
func (s *Service) CourseExists(tx *gorm.DB, id int64) (bool, error) {
	var n int64
	err := tx.Model(&model.Course{}).Where("id = ? AND appid = ? AND draft_of IS NULL", id, s.o.AppID).Count(&n).Error
	return n > 0, err
}

func (s *Service) lock(tx *gorm.DB, id int64) (model.Course, error) {
	var c model.Course
	err := store.Lock(tx).Where("id = ? AND appid = ?", id, s.o.AppID).Take(&c).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return c, notFound(id)
	}
	return c, err
}

// save writes the named columns and what every change of an operator moves along.
func save(tx *gorm.DB, c model.Course, columns ...string) error {
	columns = append(columns, "goods_id", "goods_status", "goods_error", "version", "updated_by", "updated_at")
	return tx.Model(&model.Course{}).Where("id = ?", c.ID).Select(columns).Updates(&c).Error
}

func (s *Service) keepPrice(tx *gorm.DB, by model.Operator, c model.Course, at time.Time) error {
	return tx.Create(&model.CoursePrice{AppID: c.AppID, CourseID: c.ID, Price: c.Price, OriginalPrice: c.OriginalPrice, FlashPrice: c.FlashPrice, FlashFrom: c.FlashFrom, FlashUntil: c.FlashUntil, OperatorID: by.ID, OperatorName: by.Name, CreatedAt: at}).Error
}

func (s *Service) audit(tx *gorm.DB, by model.Operator, action string, id int64, before, after any) error {
	e := model.AuditEntry{AppID: s.o.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "course", ObjectID: strconv.FormatInt(id, 10), After: model.AuditJSON(after)}
	if before != nil {
		e.Before = model.AuditJSON(before)
	}
	return s.o.Audit.Audit(tx, e)
}

// check looks at what an operator typed, and at what the roads of payment in use take.
func (s *Service) check(c model.Course) error {
	if err := c.Check(); err != nil || !s.o.Selling.XPay {
		return err
	}
	return c.XPaySells()
}

// facts are what the audit trail keeps of a course: all but its long texts, whose length stands for them.
func facts(c model.Course) map[string]any {
	return map[string]any{"bundle": c.Bundle, "title": c.Title, "price": c.Price, "original_price": c.OriginalPrice, "category": c.Category, "teacher": c.Teacher,
		"cover": c.Cover, "refund_rule": c.RefundRule.Words(), "certificate": c.Certificate, "watermark": c.Watermark, "no_forward": c.NoForward, "status": c.Status, "version": c.Version, "intro_bytes": len(c.Intro),
		"sale_from": c.SaleFrom, "sale_until": c.SaleUntil, "flash_price": c.FlashPrice, "flash_from": c.FlashFrom, "flash_until": c.FlashUntil, "seats": c.Seats}
}

func notFound(id int64) error {
	return fmt.Errorf("course %d: %w", id, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这门课程"))
}

// stale says who saved in between, and when.
func stale(who string, at time.Time) error {
	return model.Refuse(model.ErrConflict, model.CodeConflict, who+" 在 "+at.In(model.Shanghai).Format("2006-01-02 15:04:05")+" 已经改过，请刷新后再保存").Field("version", "内容已被他人修改")
}

func same(a, b *model.Fen) bool { return a == b || a != nil && b != nil && *a == *b }
