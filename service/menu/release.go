package menu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// DeskIn gives the menu on the desk with its revision, and the one that is live. With the revision that was looked at, ErrConflict when
// somebody saved since.
func (s *Service) DeskIn(tx *gorm.DB, seen *int64) (desk, live model.Menu, revision int64, err error) {
	d, err := s.draft(tx)
	if err != nil {
		return desk, live, 0, err
	}
	if seen != nil && *seen != d.Revision && d.UpdatedAt != nil {
		return desk, live, 0, faster(d.By, *d.UpdatedAt, "没有发布")
	}
	last, err := s.newest(tx)
	tidy(&last.Menu)
	return d.Menu, last.Menu, d.Revision, err
}

// LayIn lays the menu after on the desk where before stands there. Anything else is somebody's draft: it is left, and
// false given. A duplicate key means that somebody saved the first draft at the same moment: the caller begins again.
func (s *Service) LayIn(tx *gorm.DB, by model.Operator, before, after model.Menu) (bool, error) {
	var rows []draftRow
	if err := store.Lock(tx).Where("appid = ?", s.appid).Limit(1).Find(&rows).Error; err != nil {
		return false, fmt.Errorf("menu draft: %w", err)
	}
	d, err := s.draft(tx)
	if err != nil {
		return false, err
	}
	switch {
	case alike(d.Menu, after):
		return true, nil
	case !alike(d.Menu, before):
		return false, nil
	}
	_, err = s.SaveIn(tx, by, nil, after)
	return true, err
}

// PublishWith puts m live and writes the version in one commit with what also does; it is told the version's number, the
// menu before, and what changed in words. Should also refuse (ErrInvalid, ErrConflict), the menu before is sent again.
// sent tells that WeChat took the menu.
func (s *Service) PublishWith(ctx context.Context, by model.Operator, note string, m model.Menu, also func(tx *gorm.DB, version int64, before model.Menu, words []string) error) (sent bool, err error) {
	_, err = s.publish(ctx, by, note, m, 0, func(tx *gorm.DB, v Version) error {
		sent = true
		var before model.Menu
		var rows []versionRow
		if err := tx.Where("appid = ? AND version = ?", s.appid, v.Version-1).Limit(1).Find(&rows).Error; err != nil {
			return fmt.Errorf("menu version %d: %w", v.Version-1, err)
		}
		if len(rows) > 0 {
			if err := json.Unmarshal([]byte(rows[0].Menu), &before); err != nil {
				return fmt.Errorf("menu version %d: %w", v.Version-1, err)
			}
		}
		return also(tx, v.Version, before, v.Diff)
	})
	return sent && !errors.Is(err, model.ErrConflict) && !errors.Is(err, model.ErrInvalid), err
}

func alike(a, b model.Menu) bool {
	tidy(&a)
	tidy(&b)
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}
