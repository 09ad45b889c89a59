package broadcast

import (
	"context"
	"encoding/json"
	"fmt"

	"loudou/model"
)

// MediaUses tells which material broadcasts refer to that have not gone out yet.
func (s *Service) MediaUses(ctx context.Context) ([]model.MaterialUse, error) {
	var rows []model.Broadcast
	ended := []model.BroadcastState{model.BroadcastSent, model.BroadcastDone, model.BroadcastCancelled}
	if err := s.db.WithContext(ctx).Where("appid = ? AND kind = ? AND state NOT IN ?", s.appid, model.BroadcastImages, ended).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("broadcasts with pictures: %w", err)
	}
	var out []model.MaterialUse
	for _, b := range rows {
		var ids []string
		if err := json.Unmarshal([]byte(b.Pictures), &ids); err != nil {
			continue // nothing that could be sent
		}
		for _, id := range ids {
			out = append(out, model.MaterialUse{MediaID: id, Where: "broadcast", Title: "群发「" + b.Title + "」", Link: fmt.Sprintf("/broadcasts/%d", b.ID)})
		}
	}
	return out, nil
}
