package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// sweepBatch is how many rows one transaction of a walk takes: few, so that nobody waits long for a lock.
const sweepBatch = 500

// gone refuses what would need to know who has had a notice.
func gone() error {
	return model.Refuse(model.ErrConflict, "swept", "发送记录过了保存天数，已经清理，不知道谁收到过；请写一次新的通知")
}

// Sweep forgets who was sent the notices that ended longer than keep ago, and whom previews of them went to; how many stood
// where stays with the notice. What was stopped or failed counts as ended when it last changed: it can then not go on. One
// walk over the past, a few rows at a time; ended half-way, the next one takes what is left.
func (s *Service) Sweep(ctx context.Context, keep time.Duration) error {
	end := model.Milli(s.now().Add(-keep))
	for after := int64(0); ; {
		var ids []int64
		if err := s.db.WithContext(ctx).Model(&model.Notice{}).Where("appid = ? AND state IN ? AND COALESCE(ended_at, updated_at) < ? AND id > ?", s.appid, over, end, after).
			Where("(EXISTS (SELECT 1 FROM notice_sends WHERE notice_sends.notice_id = notices.id) OR EXISTS (SELECT 1 FROM notice_previews WHERE notice_previews.notice_id = notices.id))").
			Order("id").Limit(100).Pluck("id", &ids).Error; err != nil {
			return fmt.Errorf("notices to sweep: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		for _, id := range ids {
			for more := true; more; {
				var err error
				if more, err = s.sweep(ctx, id, end); err != nil {
					return err
				}
			}
			after = id
		}
	}
}

// over are the states of notices that go on by themselves no more.
var over = []model.NoticeState{model.NoticeDone, model.NoticeStopped, model.NoticeFailed}

// sweep takes some rows of one notice and adds them to its sums, in one transaction; more says whether there may be others.
func (s *Service) sweep(ctx context.Context, id int64, end time.Time) (more bool, err error) {
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		more = false
		var found []model.Notice
		// Looked at again under the lock: somebody may go on with it meanwhile.
		if err := store.Lock(tx).Where("appid = ? AND id = ? AND state IN ? AND COALESCE(ended_at, updated_at) < ?", s.appid, id, over, end).Find(&found).Error; err != nil || len(found) == 0 {
			return err
		}
		var rows []model.NoticeSend
		if err := tx.Select("id", "state").Where("notice_id = ?", id).Order("id").Limit(sweepBatch).Find(&rows).Error; err != nil {
			return err
		}
		if len(rows) == 0 {
			return tx.Where("notice_id = ?", id).Delete(&model.NoticePreview{}).Error
		}
		sums, ids := found[0].Sums(), make([]int64, len(rows))
		for i, r := range rows {
			sums[r.State]++
			ids[i] = r.ID
		}
		raw, err := json.Marshal(sums)
		if err != nil {
			return err
		}
		if err := tx.Where("id IN ?", ids).Delete(&model.NoticeSend{}).Error; err != nil {
			return err
		}
		more = true
		return tx.Model(&model.Notice{}).Where("id = ?", id).UpdateColumn("swept", string(raw)).Error
	})
	if err != nil {
		err = fmt.Errorf("sweep notice %d: %w", id, err)
	}
	return more, err
}
