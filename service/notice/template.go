package notice

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// Templates are the account's templates as WeChat told them last, by title.
func (s *Service) Templates(ctx context.Context) ([]model.NoticeTemplate, error) {
	out := []model.NoticeTemplate{}
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("kind DESC, title, id").Limit(200).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("notice templates: %w", err)
	}
	return out, nil
}

// RefreshTemplates reads the templates of both kinds from WeChat; ours become the same. A kind the account has no
// right to is none. ErrForbidden when it has a right to neither, ErrUnavailable.
func (s *Service) RefreshTemplates(ctx context.Context) error {
	var refused error
	done := 0
	for _, kind := range []model.NoticeKind{model.NoticeTemplated, model.NoticeSubscribe} {
		list, err := s.wechat.NoticeTemplates(ctx, kind)
		if errors.Is(err, model.ErrForbidden) {
			refused = err
		} else if err != nil {
			return fmt.Errorf("notice templates: %w", err)
		} else {
			done++
		}
		if err := s.keepTemplates(ctx, kind, list); err != nil {
			return err
		}
	}
	if done == 0 {
		return refused
	}
	return nil
}

func (s *Service) keepTemplates(ctx context.Context, kind model.NoticeKind, list []model.NoticeTemplate) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		now := model.Milli(s.now())
		ids := []string{""}
		for _, t := range list {
			if t.TemplateID == "" || len(t.TemplateID) > 64 {
				continue
			}
			ids = append(ids, t.TemplateID)
			t.ID, t.AppID, t.Kind, t.Title, t.FetchedAt = 0, s.appid, kind, model.Cut(t.Title, 120), now
			if err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "appid"}, {Name: "kind"}, {Name: "template_id"}}, DoUpdates: clause.AssignmentColumns([]string{"title", "content", "example", "fetched_at"})}).Create(&t).Error; err != nil {
				return fmt.Errorf("notice templates: %w", err)
			}
		}
		if err := tx.Where("appid = ? AND kind = ? AND template_id NOT IN ?", s.appid, kind, ids).Delete(&model.NoticeTemplate{}).Error; err != nil {
			return fmt.Errorf("notice templates: %w", err)
		}
		return nil
	})
}
