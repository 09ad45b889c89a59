package scene

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// ForFan gives the code of a fan's own, made when it is not there yet, and again when it ends within three days. It is
// a temporary one: of permanent codes an account has few. The scene begins with model.InviteScene.
func (s *Service) ForFan(ctx context.Context, scene string, campaignID int64) (model.SceneCode, error) {
	db := s.db.WithContext(ctx)
	var r codeRow
	err := db.Where("appid = ? AND scene = ?", s.appid, scene).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		now := model.Milli(s.now())
		r = codeRow{AppID: s.appid, Scene: scene, CampaignID: campaignID, Revision: 1, CreatedAt: now, UpdatedAt: now}
		if err = db.Create(&r).Error; err != nil {
			if _, dup := store.Duplicate(err); !dup {
				return model.SceneCode{}, fmt.Errorf("scene %s: %w", scene, err)
			}
			r = codeRow{}
			err = db.Where("appid = ? AND scene = ?", s.appid, scene).Take(&r).Error
		}
	}
	if err != nil {
		return model.SceneCode{}, fmt.Errorf("scene %s: %w", scene, err)
	}
	if r.DisabledAt != nil { // asked for anew
		r.DisabledAt = nil
		if err := db.Model(&codeRow{}).Where("id = ?", r.ID).Update("disabled_at", nil).Error; err != nil {
			return model.SceneCode{}, fmt.Errorf("scene %s: %w", scene, err)
		}
	}
	if r.Ticket == "" || r.ExpiresAt != nil && r.ExpiresAt.Before(time.Now().Add(72*time.Hour)) {
		if err := s.ask(ctx, &r); err != nil {
			return model.SceneCode{}, err
		}
	}
	return r.view(), nil
}

// Retire puts the fans' own codes of a campaign out of use: they are renewed no more. Who scans one is counted still.
func (s *Service) Retire(tx *gorm.DB, campaignID int64) error {
	if err := tx.Model(&codeRow{}).Where("appid = ? AND campaign_id = ? AND scene LIKE ? AND disabled_at IS NULL", s.appid, campaignID, model.InviteScene+"%").
		Update("disabled_at", model.Milli(s.now())).Error; err != nil {
		return fmt.Errorf("codes of fans of campaign %d: %w", campaignID, err)
	}
	return nil
}
