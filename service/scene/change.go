package scene

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Change gives a code another channel, campaign or tag, or puts it out of use; the scene and its life stay. c.Revision
// is the one the operator saw. What was scanned before keeps what it was counted under. ErrConflict: somebody else
// was faster.
func (s *Service) Change(ctx context.Context, by model.Operator, id int64, c model.SceneCode, disabled bool) (model.SceneCode, error) {
	had, err := s.One(ctx, id)
	if err != nil {
		return had, err
	}
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	ask := c
	if ask.TagID == had.TagID {
		ask.TagID = 0 // a tag that is gone since does not keep the rest from being changed
	}
	if ask.CampaignID == had.CampaignID {
		ask.CampaignID = 0
	}
	if err := s.check(ctx, bad, ask); err != nil {
		return had, err
	}
	now := model.Milli(s.now())
	set := map[string]any{"channel": c.Channel, "campaign_id": c.CampaignID, "tag_id": c.TagID, "disabled_at": nil, "revision": had.Revision + 1, "updated_at": now}
	if disabled {
		set["disabled_at"] = now
		if had.DisabledAt != nil {
			set["disabled_at"] = *had.DisabledAt
		}
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		res := tx.Model(&codeRow{}).Where("appid = ? AND id = ? AND revision = ?", s.appid, id, c.Revision).Updates(set)
		if res.Error != nil {
			return fmt.Errorf("scene code %d: %w", id, res.Error)
		}
		if res.RowsAffected == 0 || c.Revision != had.Revision {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "别人刚改过这个二维码，请刷新后再改")
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "scene.change", Object: "scene_code", ObjectID: had.Scene,
			Before: model.AuditJSON(settings(had, had.DisabledAt != nil)), After: model.AuditJSON(settings(c, disabled))})
	})
	if err != nil {
		return had, err
	}
	return s.One(ctx, id)
}

func settings(c model.SceneCode, disabled bool) map[string]any {
	return map[string]any{"channel": c.Channel, "campaign_id": c.CampaignID, "tag_id": c.TagID, "disabled": disabled}
}
