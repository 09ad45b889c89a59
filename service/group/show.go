package group

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

// Shown is what whoever opens the address sees.
type Shown struct {
	Name    string
	Picture string // "": no code is free, or the group is closed
	Closed  bool
	Joined  bool // they said so
}

// Show gives the picture for a browser and counts it once; the same browser sees the same picture for as long as that
// holds, and takes no second place. count is false for robots, which see the name alone. ErrNotFound.
func (s *Service) Show(ctx context.Context, code, browser, from string, count bool) (Shown, error) {
	g, err := s.byCode(ctx, code)
	if err != nil {
		return Shown{}, err
	}
	out := Shown{Name: g.Name, Closed: g.Closed}
	if g.Closed || !count {
		return out, nil
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		out.Picture, out.Joined = "", false
		now := model.Milli(s.now())
		var had model.FanGroupVisit
		if err := store.Lock(tx).Where("group_id = ? AND browser = ?", g.ID, browser).Limit(1).Find(&had).Error; err != nil {
			return err
		}
		var codes []model.FanGroupCode
		if err := tx.Where("group_id = ?", g.ID).Order("id").Find(&codes).Error; err != nil {
			return err
		}
		out.Joined = had.JoinedAt != nil
		for i := range codes {
			if codes[i].ID == had.CodeID && codes[i].Holds(now) {
				out.Picture = codes[i].Picture
				return nil
			}
		}
		one, err := s.place(tx, codes, now)
		if err != nil || one.ID == 0 {
			return err
		}
		out.Picture = one.Picture
		if had.ID != 0 { // theirs holds no more: they take a place in the next
			return tx.Model(&model.FanGroupVisit{}).Where("id = ?", had.ID).UpdateColumn("code_id", one.ID).Error
		}
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&model.FanGroupVisit{GroupID: g.ID, CodeID: one.ID, Browser: browser, Channel: channel(from), CreatedAt: now})
		if res.Error == nil && res.RowsAffected == 0 {
			return errTwice
		}
		return res.Error
	})
	if errors.Is(err, errTwice) { // the same browser opened it twice at once: the other one counts
		return s.Show(ctx, code, browser, from, count)
	}
	if err != nil {
		return Shown{}, fmt.Errorf("show group %d: %w", g.ID, err)
	}
	return out, nil
}

var errTwice = errors.New("shown at the same moment")

// place takes a place in the first picture that has one; the zero one when none has.
func (s *Service) place(tx *gorm.DB, codes []model.FanGroupCode, now time.Time) (model.FanGroupCode, error) {
	for _, c := range codes {
		if !c.Free(now) {
			continue
		}
		res := tx.Model(&model.FanGroupCode{}).Where("id = ? AND state = ? AND shown < most", c.ID, model.FanGroupOpen).UpdateColumn("shown", gorm.Expr("shown + 1"))
		if res.Error != nil {
			return model.FanGroupCode{}, res.Error
		}
		if res.RowsAffected == 1 {
			return c, nil
		}
	}
	return model.FanGroupCode{}, nil
}

// Joined keeps that whoever was shown a picture says they joined. Twice is once; one who was shown none is nobody.
func (s *Service) Joined(ctx context.Context, code, browser string) error {
	g, err := s.byCode(ctx, code)
	if err != nil {
		return err
	}
	if err := s.db.WithContext(ctx).Model(&model.FanGroupVisit{}).Where("group_id = ? AND browser = ? AND joined_at IS NULL", g.ID, browser).UpdateColumn("joined_at", model.Milli(s.now())).Error; err != nil {
		return fmt.Errorf("joined group %d: %w", g.ID, err)
	}
	return nil
}

func (s *Service) byCode(ctx context.Context, code string) (model.FanGroup, error) {
	var g model.FanGroup
	if err := s.db.WithContext(ctx).Where("code = ? AND appid = ?", code, s.appid).Limit(1).Find(&g).Error; err != nil {
		return g, fmt.Errorf("group: %w", err)
	}
	if g.ID == 0 {
		return g, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个社群")
	}
	return g, nil
}
