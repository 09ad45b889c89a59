package invite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// PosterJob is the kind of the job that makes an inviter's poster and sends it.
const PosterJob = "invite.poster"

type posterPayload struct {
	InviterID int64  `json:"inviter_id"`
	PushKey   string `json:"push_key"` // of the sentence that asked
}

// pictureLife is for how long an uploaded poster is used again; WeChat keeps it for three days.
const pictureLife = 60 * time.Hour

// noPoster begins a task's fault that only a poster drawn can heal.
const noPoster = "海报画不出来："

// Poster makes the poster an inviter asked for, with a code of their own, and sends it inside the window they opened by
// asking: the job PosterJob. Twice is safe: the message has the sentence's key.
func (s *Service) Poster(ctx context.Context, payload json.RawMessage) error {
	var p posterPayload
	if err := json.Unmarshal(payload, &p); err != nil {
		return fmt.Errorf("poster of an inviter: %w: %w", model.ErrInvalid, err)
	}
	db := s.DB.WithContext(ctx)
	var who model.Inviter
	if err := db.Where("appid = ?", s.AppID).Limit(1).Find(&who, p.InviterID).Error; err != nil {
		return fmt.Errorf("inviter %d: %w", p.InviterID, err)
	}
	if who.ID == 0 || who.Blocked || strings.HasPrefix(who.OpenID, gone) {
		return nil
	}
	var i model.Invite
	if err := db.Take(&i, who.InviteID).Error; err != nil {
		return fmt.Errorf("task %d: %w", who.InviteID, err)
	}
	if who.MediaUntil == nil || !s.Now().Before(*who.MediaUntil) {
		if err := s.picture(ctx, i, &who); err != nil {
			if !errors.Is(err, model.ErrConflict) && !errors.Is(err, model.ErrInvalid) && !errors.Is(err, model.ErrNotFound) {
				return err
			}
			// It does not heal by itself: whoever looks at the task is told.
			fault := noPoster + model.WordsOf(err, "请检查海报")
			if e := db.Model(&model.Invite{}).Where("id = ?", i.ID).UpdateColumn("fault", model.Cut(fault, 500)).Error; e != nil {
				return fmt.Errorf("task %d: %w", i.ID, e)
			}
			return err
		}
	}
	return store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		return s.Teller.Tell(tx, model.OpenID(who.OpenID), "invite:poster:"+p.PushKey, model.Message{Type: "image", MediaID: who.MediaID})
	})
}

// picture draws an inviter's poster and puts it at WeChat.
func (s *Service) picture(ctx context.Context, i model.Invite, who *model.Inviter) error {
	if _, err := s.Codes.ForFan(ctx, who.Scene, i.CampaignID); err != nil {
		return err
	}
	p, err := s.Posters.One(ctx, i.PosterID)
	if err != nil {
		return err
	}
	p.Kind, p.Ref = model.PosterCode, who.Scene
	png, err := s.Posters.Draw(ctx, p)
	if err != nil {
		return err
	}
	at, err := s.WeChat.UploadMaterial(ctx, model.MaterialUpload{Kind: model.MaterialImage, Name: "poster.png", Data: png})
	if err != nil {
		return fmt.Errorf("poster of inviter %d: %w", who.ID, err)
	}
	until := model.Milli(s.Now().Add(pictureLife))
	who.MediaID, who.MediaUntil = at.MediaID, &until
	if err := s.DB.WithContext(context.WithoutCancel(ctx)).Model(&model.Inviter{}).Where("id = ?", who.ID).Updates(map[string]any{"media_id": at.MediaID, "media_until": until}).Error; err != nil {
		return fmt.Errorf("poster of inviter %d: %w", who.ID, err)
	}
	if strings.HasPrefix(i.Fault, noPoster) {
		if err := s.DB.WithContext(ctx).Model(&model.Invite{}).Where("id = ? AND fault = ?", i.ID, i.Fault).UpdateColumn("fault", "").Error; err != nil {
			return fmt.Errorf("task %d: %w", i.ID, err)
		}
	}
	return nil
}
