package material

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"loudou/model"
)

// Renewed gives by the media_id that replies hold the one that WeChat knows the material by now, where they differ.
func (s *Service) Renewed(ctx context.Context) (map[string]string, error) {
	var rows []model.Material
	if err := s.db.WithContext(ctx).Select("media_id", "current_id").Where("appid = ? AND permanent = ? AND gone_at IS NULL AND current_id <> media_id", s.appid, false).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("renewed material: %w", err)
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.MediaID] = r.CurrentID
	}
	return out, nil
}

// Renew uploads temporary material again that something uses and that ends soon, or has ended: a line of the
// timetable. What nothing uses may end. A failure stands in the row and is tried again the next time.
func (s *Service) Renew(ctx context.Context) error {
	var rows []model.Material
	err := s.db.WithContext(ctx).Where("appid = ? AND permanent = ? AND gone_at IS NULL AND file IS NOT NULL AND expires_at <= ?", s.appid, false, model.Milli(s.now().Add(model.MaterialRenewed))).
		Order("expires_at, id").Find(&rows).Error
	if err != nil {
		return fmt.Errorf("renew material: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	uses, err := s.UsesOf(ctx, rows...)
	if err != nil {
		return err
	}
	for _, m := range rows {
		if len(uses[m.ID]) == 0 {
			continue
		}
		err := s.renew(ctx, m)
		if err == nil {
			continue
		}
		slog.Warn("material is not renewed", "material", m.ID, "err", err)
		set := map[string]any{"last_error": model.Cut(model.WordsOf(err, "没有得到微信的答复"), 500), "updated_at": model.Milli(s.now())}
		if err := s.db.WithContext(context.WithoutCancel(ctx)).Model(&model.Material{}).Where("id = ?", m.ID).Updates(set).Error; err != nil {
			return fmt.Errorf("renew material %d: %w", m.ID, err)
		}
		if errors.Is(err, model.ErrUnavailable) {
			return nil // the others would fare no better
		}
	}
	return nil
}

func (s *Service) renew(ctx context.Context, m model.Material) error {
	f, err := s.files.Find(ctx, *m.File)
	if err != nil {
		return fmt.Errorf("copy of material %d: %w", m.ID, err)
	}
	b, err := s.files.Bytes(f)
	if err != nil {
		return fmt.Errorf("copy of material %d: %w", m.ID, err)
	}
	at, err := s.wechat.UploadMaterial(ctx, model.MaterialUpload{Kind: m.Kind, Name: named(f), Data: b})
	if err != nil {
		return fmt.Errorf("renew material %d: %w", m.ID, err)
	}
	set := map[string]any{"current_id": at.MediaID, "expires_at": model.Milli(at.At.Add(model.MaterialLife)), "renewals": m.Renewals + 1, "last_error": "", "updated_at": model.Milli(s.now())}
	// Two at once upload twice; the first one's name stays, and both are good.
	res := s.db.WithContext(context.WithoutCancel(ctx)).Model(&model.Material{}).Where("id = ? AND current_id = ?", m.ID, m.CurrentID).Updates(set)
	if res.Error != nil {
		return fmt.Errorf("renew material %d: %w", m.ID, res.Error)
	}
	slog.Info("material renewed", "material", m.ID, "until", at.At.Add(model.MaterialLife).Format(time.RFC3339))
	return nil
}
