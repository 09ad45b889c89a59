package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// line is a row of the timetable: when the entry is next due, and who runs it until when.
type line struct {
	Name       string `gorm:"primaryKey"`
	NextAt     time.Time
	LeaseUntil *time.Time
	Fence      int64
	LastAt     *time.Time
	LastError  string
}

func (line) TableName() string { return "timetable" }

// timetable starts the lines that are due and free, each claimed by one conditional update.
func (s *Service) timetable(ctx context.Context, sem chan struct{}, wg *sync.WaitGroup) (bool, error) {
	if len(s.table) == 0 {
		return false, nil
	}
	db := s.db.WithContext(ctx)
	now := s.clock.Now()
	var rows []line
	if err := db.Find(&rows).Error; err != nil {
		return false, fmt.Errorf("timetable: %w", err)
	}
	have := make(map[string]line, len(rows))
	for _, r := range rows {
		have[r.Name] = r
	}
	ran := false
	for _, e := range s.table {
		r, ok := have[e.name]
		if !ok {
			r = line{Name: e.name, NextAt: now}
			if err := db.Create(&r).Error; err != nil {
				if _, dup := store.Duplicate(err); !dup {
					return ran, fmt.Errorf("timetable %s: %w", e.name, err)
				}
				continue // another instance made it just now
			}
		}
		if r.NextAt.After(now) || (r.LeaseUntil != nil && r.LeaseUntil.After(now)) || s.held.has(e.name) {
			continue
		}
		select { // before the claim: what waits for a place renews nothing
		case sem <- struct{}{}:
		case <-ctx.Done():
			return ran, nil
		}
		now = s.clock.Now()
		res := db.Model(&line{}).Where("name = ? AND fence = ?", e.name, r.Fence).
			Updates(map[string]any{"fence": r.Fence + 1, "lease_until": now.Add(s.Lease), "next_at": now.Add(e.every)})
		if res.Error != nil || res.RowsAffected == 0 {
			<-sem
			if res.Error != nil {
				return ran, fmt.Errorf("timetable %s: %w", e.name, res.Error)
			}
			continue
		}
		fence := r.Fence + 1
		s.held.set(e.name, fence)
		ran = true
		wg.Go(func() { defer func() { <-sem }(); s.line(ctx, e, fence) })
	}
	return ran, nil
}

func (s *Service) line(ctx context.Context, e entry, fence int64) {
	defer s.held.unset(e.name, fence)
	run, letGo := s.hold(ctx, e.name, fence, func(ctx context.Context, until time.Time) (bool, error) {
		res := s.db.WithContext(ctx).Model(&line{}).Where("name = ? AND fence = ?", e.name, fence).Update("lease_until", until)
		return res.RowsAffected == 1, res.Error
	})
	err := func() (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("panic: %v", r)
			}
		}()
		return e.fn(run)
	}()
	err = letGo(err)
	text := ""
	if err != nil && (!errors.Is(err, context.Canceled) || errors.Is(err, errTaken) || errors.Is(err, errLate)) {
		text = model.Cut(err.Error(), 500)
		slog.Warn("timetable", "name", e.name, "err", err)
	}
	now := model.Milli(time.Now())
	if e := s.db.WithContext(context.WithoutCancel(ctx)).Model(&line{}).Where("name = ? AND fence = ?", e.name, fence).
		Updates(map[string]any{"lease_until": nil, "last_at": now, "last_error": text}).Error; e != nil && !errors.Is(e, gorm.ErrInvalidDB) {
		slog.Warn("timetable row", "err", e)
	}
}
