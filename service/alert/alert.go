// Package alert tells operators what is not as usual: a figure of yesterday, a course with refunds, followers leaving
// after a send, slow answers. It owns the alert_rules and alerts tables.
//
// The timetable looks; a case has a key, and the unique key makes one alert of it on any number of instances, whether it
// is looked at again or not. The numbers in an alert are those of when it was made.
package alert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// Refunds is a course with refunds.
type Refunds struct {
	CourseID      int64
	Title         string
	Count, Orders int64 // orders refunded, orders paid
}

// Leavers is a mass send with those who left within a day.
type Leavers struct {
	SendID, BroadcastID int64
	Title               string
	At                  time.Time
	Left                int64
	Usual               float64
}

// Facts counts: service/figure and service/connection.
type Facts interface {
	// Daily gives figures by day number for the n days that end with last; a day that is not known is not there.
	Daily(ctx context.Context, last time.Time, n int) (map[string]map[int]float64, error)
	Refunds(ctx context.Context, refundsFrom, ordersFrom time.Time) ([]Refunds, error)
	Leavers(ctx context.Context, since time.Time) ([]Leavers, error)
	// Slow counts the answers of the last while, by the real clock, and those slower than over.
	Slow(ctx context.Context, lately, over time.Duration) (answers, slow int64, err error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service keeps the alerts of the account appid.
type Service struct {
	db    *gorm.DB
	appid string
	facts Facts
	audit Auditor
	now   func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, facts Facts, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, facts: facts, audit: audit, now: now}
}

// Now is the business clock alerts sleep by.
func (s *Service) Now() time.Time { return s.now() }

// Begin makes the rules that are not there yet.
func (s *Service) Begin(ctx context.Context) error {
	for _, r := range model.AlertRules {
		r.AppID, r.Version, r.UpdatedAt = s.appid, 1, model.Milli(s.now())
		if err := s.db.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&r).Error; err != nil {
			return fmt.Errorf("rules of alerts: %w", err)
		}
	}
	return nil
}

// Rules lists the rules.
func (s *Service) Rules(ctx context.Context) ([]model.AlertRule, error) {
	out := []model.AlertRule{}
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id").Find(&out).Error; err != nil {
		return nil, fmt.Errorf("rules of alerts: %w", err)
	}
	return out, nil
}

// Input is what an operator sets.
type Input struct {
	Enabled         bool
	Percent, Millis int
	Least           int64
	SleepDays       int // silent for so many days from now; 0: awake
	Version         int64
}

// Change sets a rule. ErrInvalid names the fields; ErrConflict with who and when, if it was changed since.
func (s *Service) Change(ctx context.Context, by model.Operator, id int64, in Input) (model.AlertRule, error) {
	var r model.AlertRule
	if in.SleepDays < 0 || in.SleepDays > 90 {
		return r, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项").Field("sleep_days", "0 到 90 天")
	}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		r = model.AlertRule{}
		err := store.Lock(tx).Where("appid = ?", s.appid).Take(&r, id).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这条提醒规则")
		}
		if err != nil {
			return err
		}
		if r.Version != in.Version {
			return model.Refuse(model.ErrConflict, model.CodeConflict, r.UpdatedBy+" 在 "+r.UpdatedAt.In(model.Shanghai).Format("1 月 2 日 15:04")+" 改过这条规则，请刷新后再改")
		}
		before := view(r)
		now := model.Milli(s.now())
		if r.Percent != in.Percent || r.Least != in.Least {
			r.CheckedDay = 0 // yesterday is looked at again; a case is told once all the same
		}
		r.Enabled, r.Percent, r.Least, r.AsleepUntil = in.Enabled, in.Percent, in.Least, nil
		if r.Kind == model.AlertCallback {
			r.Millis = in.Millis
		}
		if in.SleepDays > 0 {
			until := now.AddDate(0, 0, in.SleepDays)
			r.AsleepUntil = &until
		}
		if err := r.Check(); err != nil {
			return err
		}
		r.Version, r.UpdatedBy, r.UpdatedAt = r.Version+1, by.Name, now
		if err := tx.Model(&r).Select("enabled", "percent", "least", "millis", "asleep_until", "checked_day", "version", "updated_by", "updated_at").Updates(&r).Error; err != nil {
			return err
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "alert.change", Object: "alert", ObjectID: name(r), Before: model.AuditJSON(before), After: model.AuditJSON(view(r))})
	})
	if err != nil {
		return r, fmt.Errorf("rule of alerts %d: %w", id, err)
	}
	return r, nil
}

func name(r model.AlertRule) string {
	if r.Figure != "" {
		return string(r.Kind) + ":" + r.Figure
	}
	return string(r.Kind)
}

func view(r model.AlertRule) map[string]any {
	return map[string]any{"enabled": r.Enabled, "percent": r.Percent, "least": r.Least, "millis": r.Millis, "asleep_until": r.AsleepUntil}
}

// List gives alerts, the latest first, below the number before (0: from the top); open narrows it to those nobody has
// seen to.
func (s *Service) List(ctx context.Context, open bool, before int64, limit int) ([]model.Alert, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid)
	if open {
		q = q.Where("seen_at IS NULL")
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	out := []model.Alert{}
	if err := q.Order("id DESC").Limit(limit).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("alerts: %w", err)
	}
	return out, nil
}

// Waiting counts the alerts nobody has seen to.
func (s *Service) Waiting(ctx context.Context) (n int64, err error) {
	if err := s.db.WithContext(ctx).Model(&model.Alert{}).Where("appid = ? AND seen_at IS NULL", s.appid).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("alerts: %w", err)
	}
	return n, nil
}

// See says that somebody has seen to an alert, on false that it waits again. Twice is once. ErrNotFound.
func (s *Service) See(ctx context.Context, by model.Operator, id int64, on bool) error {
	db := s.db.WithContext(ctx)
	q, set := db.Model(&model.Alert{}).Where("appid = ? AND id = ? AND seen_at IS NULL", s.appid, id), map[string]any{"seen_at": model.Milli(s.now()), "seen_by": by.Name}
	if !on {
		q, set = db.Model(&model.Alert{}).Where("appid = ? AND id = ? AND seen_at IS NOT NULL", s.appid, id), map[string]any{"seen_at": nil, "seen_by": ""}
	}
	res := q.Updates(set)
	if res.Error != nil {
		return fmt.Errorf("alert %d: %w", id, res.Error)
	}
	if res.RowsAffected > 0 {
		return nil
	}
	var n int64
	if err := db.Model(&model.Alert{}).Where("appid = ? AND id = ?", s.appid, id).Count(&n).Error; err != nil {
		return fmt.Errorf("alert %d: %w", id, err)
	}
	if n == 0 {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这条提醒")
	}
	return nil
}
