package menu

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// turnRow says who publishes now. Calls to WeChat and the version that follows belong together: two instances at
// once would leave the menu of one live under the number of the other.
type turnRow struct {
	AppID string `gorm:"column:appid;primaryKey"`
	Fence int64
	Until time.Time `gorm:"column:lease_until"`
}

func (turnRow) TableName() string { return "menu_turns" }

const (
	turnFor  = time.Minute // longer than a publication takes: three calls of 4 s, and those of conditional menus
	turnWait = 10 * time.Second
)

// turn waits until nobody publishes on any instance. ErrConflict when somebody goes on for long. A killed
// instance's turn ends by itself.
func (s *Service) turn(ctx context.Context) (done func(), err error) {
	db := s.db.WithContext(ctx)
	for end := time.Now().Add(turnWait); ; {
		var rows []turnRow
		if err := db.Where("appid = ?", s.appid).Find(&rows).Error; err != nil {
			return nil, fmt.Errorf("turn to publish the menu: %w", err)
		}
		now := s.clock.Now()
		if len(rows) == 0 {
			err := db.Create(&turnRow{AppID: s.appid, Until: now}).Error
			if _, dup := store.Duplicate(err); err != nil && !dup {
				return nil, fmt.Errorf("turn to publish the menu: %w", err)
			}
			continue
		}
		if r := rows[0]; !r.Until.After(now) {
			res := db.Model(&turnRow{}).Where("appid = ? AND fence = ?", s.appid, r.Fence).Updates(map[string]any{"fence": r.Fence + 1, "lease_until": now.Add(turnFor)})
			if res.Error != nil {
				return nil, fmt.Errorf("turn to publish the menu: %w", res.Error)
			}
			if res.RowsAffected == 1 {
				return func() { s.turnOver(ctx, r.Fence+1) }, nil
			}
		}
		if time.Now().After(end) {
			return nil, model.Refuse(model.ErrConflict, model.CodeConflict, "另一个人正在发布菜单，请一分钟后再试")
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *Service) turnOver(ctx context.Context, fence int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	_ = store.Tx(ctx, s.db, func(tx *gorm.DB) error { // left open it ends by itself
		return tx.Model(&turnRow{}).Where("appid = ? AND fence = ?", s.appid, fence).Update("lease_until", s.clock.Now()).Error
	})
}
