package event

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

const (
	keepChecks = 90 * 24 * time.Hour
	mostKept   = 1000 // differences of one check that are kept; the check says how many there were
)

// Checked is one comparison of rows, roll-ups and live counters.
type Checked struct {
	ID                int64
	CheckedAt         time.Time
	FirstDay, LastDay int
	Found             int64 // differences, each mended
	RedisAsked        bool  // false: Redis was away, so its counters were not looked at
	Differences       []Difference
}

type checkRow struct {
	ID                int64 `gorm:"primaryKey"`
	CheckedAt         time.Time
	FirstDay, LastDay int
	Found             int64
	RedisAsked        bool
}

func (checkRow) TableName() string { return "event_checks" }

type differenceRow struct {
	ID      int64 `gorm:"primaryKey"`
	CheckID int64
	Place   string
	Day     int
	Kind    int
	Ref     string
	Type    int
	Was     int64
	IsNow   int64
}

func (differenceRow) TableName() string { return "event_differences" }

// Check reconciles days, and keeps what it found for the data page. A difference is mended when it is told, so
// a check cut short has mended what it had found; the next one keeps what is left.
func (s *Service) Check(ctx context.Context, days []int, rewrite bool, tell func(Difference)) error {
	if len(days) == 0 {
		return nil
	}
	if err := s.readCatalogues(ctx); err != nil {
		return err
	}
	row := checkRow{CheckedAt: model.Milli(s.now()), FirstDay: slices.Min(days), LastDay: slices.Max(days)}
	var found []differenceRow
	var err error
	row.RedisAsked, err = s.reconcile(ctx, days, rewrite, func(d Difference) {
		if !s.isOurs(d) { // mended all the same; its own account is told by the page there
			return
		}
		row.Found++
		if len(found) < mostKept {
			found = append(found, differenceRow{Place: d.Where, Day: d.Day, Kind: d.Kind, Ref: cut(d.Ref), Type: d.Type.Number(), Was: d.Was, IsNow: d.Is})
		}
		tell(d)
	})
	if err != nil {
		return err
	}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		row.ID = 0
		if err := tx.Create(&row).Error; err != nil {
			return fmt.Errorf("keep a check: %w", err)
		}
		for i := range found {
			found[i].ID, found[i].CheckID = 0, row.ID
		}
		if len(found) > 0 {
			if err := tx.CreateInBatches(found, 200).Error; err != nil {
				return fmt.Errorf("keep the differences of a check: %w", err)
			}
		}
		old := tx.Model(&checkRow{}).Select("id").Where("checked_at < ?", row.CheckedAt.Add(-keepChecks))
		if err := tx.Where("check_id IN (?)", old).Delete(&differenceRow{}).Error; err != nil {
			return fmt.Errorf("forget old checks: %w", err)
		}
		return tx.Where("checked_at < ?", row.CheckedAt.Add(-keepChecks)).Delete(&checkRow{}).Error
	})
}

// isOurs tells whether a difference is of this account, of which an article, a course or a campaign tells by being known.
func (s *Service) isOurs(d Difference) bool {
	switch d.Kind {
	case KindArticle, KindCourse, KindCampaign:
		id, err := strconv.ParseInt(d.Ref, 10, 64)
		k := s.catalogues[map[int]int{KindArticle: 0, KindCourse: 1, KindCampaign: 3}[d.Kind]]
		return err != nil || k.from == nil || k.has(id)
	}
	account, _ := model.AccountOf(d.Ref)
	return account == s.Account()
}

// Checks lists the latest comparisons, the newest first, each with what it found.
func (s *Service) Checks(ctx context.Context, limit int) ([]Checked, error) {
	db := s.db.WithContext(ctx)
	var rows []checkRow
	if err := db.Order("checked_at DESC, id DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("checks: %w", err)
	}
	out, ids, at := make([]Checked, 0, len(rows)), make([]int64, 0, len(rows)), map[int64]int{}
	for _, r := range rows {
		at[r.ID] = len(out)
		ids = append(ids, r.ID)
		out = append(out, Checked{ID: r.ID, CheckedAt: r.CheckedAt, FirstDay: r.FirstDay, LastDay: r.LastDay, Found: r.Found, RedisAsked: r.RedisAsked, Differences: []Difference{}})
	}
	var found []differenceRow
	if len(ids) > 0 {
		if err := db.Where("check_id IN ?", ids).Order("check_id DESC, id").Limit(mostKept).Find(&found).Error; err != nil {
			return nil, fmt.Errorf("differences: %w", err)
		}
	}
	for _, d := range found {
		c := &out[at[d.CheckID]]
		c.Differences = append(c.Differences, Difference{Where: d.Place, Day: d.Day, Kind: d.Kind, Ref: d.Ref, Type: model.EventTypeOf(d.Type), Was: d.Was, Is: d.IsNow})
	}
	return out, nil
}
