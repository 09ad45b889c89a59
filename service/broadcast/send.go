package broadcast

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// guardLife is how long a clientmsgid guards: WeChat says 24 hours; an hour is kept back.
const guardLife = 23 * time.Hour

// Send lets broadcast id go: now, or at a time to come. Pressing twice sends once; the second press is ErrConflict
// "state". While two people must stand behind it, their yes is counted here.
func (s *Service) Send(ctx context.Context, by model.Operator, id, version int64, at *time.Time) (View, error) {
	return s.change(ctx, id, version, func(tx *gorm.DB, b *model.Broadcast) error {
		if b.State != model.BroadcastDraft && b.State != model.BroadcastWaiting && b.State != model.BroadcastConfirmed {
			return model.Refuse(model.ErrConflict, "state", "已经排定或发出，不会再发一次")
		}
		return s.release(tx, by, b, at, "broadcast.send")
	})
}

// Again sends a broadcast that failed once more: under a new number, since nothing of the first went out. One that was
// sent, or of which it is not known, is not sent again.
func (s *Service) Again(ctx context.Context, by model.Operator, id, version int64) (View, error) {
	return s.change(ctx, id, version, func(tx *gorm.DB, b *model.Broadcast) error {
		if b.State != model.BroadcastFailed {
			return model.Refuse(model.ErrConflict, "state", "只有失败的群发能重发")
		}
		return s.release(tx, by, b, nil, "broadcast.again")
	})
}

func (s *Service) release(tx *gorm.DB, by model.Operator, b *model.Broadcast, at *time.Time, action string) error {
	if err := s.refresh(tx, b); err != nil {
		return err
	}
	if err := s.behind(tx, *b); err != nil {
		return err
	}
	if at != nil {
		t := model.Milli(*at)
		switch {
		case !t.After(s.now()):
			at = nil
		case t.After(s.now().AddDate(0, 3, 0)):
			return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("at", "最多提前三个月")
		default:
			at = &t
		}
	}
	b.SentBy, b.LastError, b.PlannedAt = by.Name, "", at
	if b.AskedByID == 0 {
		b.AskedByID, b.AskedBy = by.ID, by.Name
	}
	if at != nil {
		b.State = model.BroadcastScheduled
		return s.trail(tx, by, action, *b, nil, "")
	}
	if err := s.start(tx, b); err != nil {
		return err
	}
	return s.trail(tx, by, action, *b, nil, "")
}

// start makes the send's number and its job, in the transaction that takes the broadcast.
func (s *Service) start(tx *gorm.DB, b *model.Broadcast) error {
	if b.DraftID != nil {
		if err := s.drafts.Sending(tx, *b.DraftID, true); err != nil {
			return err
		}
	}
	b.State, b.Round = model.BroadcastSending, b.Round+1
	row := model.BroadcastSend{AppID: s.appid, BroadcastID: b.ID, Round: b.Round, ClientID: fmt.Sprintf("ld-%d-%d-%s", b.ID, b.Round, b.ContentHash[:8]), State: model.BroadcastSending, Operator: b.SentBy, CreatedAt: model.Milli(s.now())}
	if err := tx.Create(&row).Error; err != nil {
		return fmt.Errorf("send broadcast %d: %w", b.ID, err)
	}
	return s.jobs.Add(tx, SendJob, strconv.FormatInt(row.ID, 10), row.ID, time.Time{})
}

// Cancel takes back a broadcast that waits for its time.
func (s *Service) Cancel(ctx context.Context, by model.Operator, id, version int64) (View, error) {
	return s.change(ctx, id, version, func(tx *gorm.DB, b *model.Broadcast) error {
		if b.State != model.BroadcastScheduled {
			return model.Refuse(model.ErrConflict, "state", "只有排定了时间、还没有发出的群发能取消")
		}
		b.State, b.PlannedAt = model.BroadcastDraft, nil
		return s.trail(tx, by, "broadcast.cancel", *b, nil, "")
	})
}

// Delete takes away a broadcast of which nothing was ever given to WeChat.
func (s *Service) Delete(ctx context.Context, by model.Operator, id int64) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		b, err := s.lock(tx, id)
		if err != nil {
			return err
		}
		if !b.State.Editable() || b.Round > 0 {
			return model.Refuse(model.ErrConflict, "state", "发出过的群发要留作记录，不能删除")
		}
		for _, row := range []any{&model.BroadcastConfirmation{}, &model.BroadcastPreview{}} {
			if err := tx.Where("broadcast_id = ?", id).Delete(row).Error; err != nil {
				return fmt.Errorf("delete broadcast %d: %w", id, err)
			}
		}
		if err := tx.Delete(&b).Error; err != nil {
			return fmt.Errorf("delete broadcast %d: %w", id, err)
		}
		return s.trail(tx, by, "broadcast.delete", b, brief(b), "")
	})
}

// Due starts the broadcasts whose time has come. It is on the timetable. One that may no longer go (the draft was taken
// away, a confirmer was disabled) fails with the reason instead.
func (s *Service) Due(ctx context.Context) error {
	var ids []int64
	if err := s.db.WithContext(ctx).Model(&model.Broadcast{}).Where("appid = ? AND state = ? AND planned_at <= ?", s.appid, model.BroadcastScheduled, model.Milli(s.now())).Order("planned_at").Limit(50).Pluck("id", &ids).Error; err != nil {
		return fmt.Errorf("due broadcasts: %w", err)
	}
	for _, id := range ids {
		err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			b, err := s.lock(tx, id)
			if err != nil || b.State != model.BroadcastScheduled {
				return err
			}
			was := b.ContentHash
			err = s.describe(tx, &b)
			if err == nil && was != b.ContentHash {
				err = model.Refuse(model.ErrConflict, "changed", "排定之后图文又改过，没有发出；请重新确认")
			}
			if err == nil {
				err = s.behind(tx, b)
			}
			if err == nil {
				err = s.start(tx, &b)
			}
			if text, ok := said(err); ok {
				b.State, b.LastError, err = model.BroadcastFailed, text, nil
			}
			if err != nil {
				return err
			}
			b.UpdatedAt = model.Milli(s.now())
			return s.keep(tx, b)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// said gives the words of a refusal that no second try would cure.
func said(err error) (string, bool) {
	if err == nil || errors.Is(err, model.ErrUnavailable) {
		return "", false
	}
	var r *model.Refusal
	if !errors.As(err, &r) {
		return "", false
	}
	text := r.Text
	for _, f := range r.Fields {
		text = f.Message
	}
	return model.Cut(text, 500), true
}

// Call is the job that gives a send to WeChat. It may run again, here or elsewhere: the number guards.
func (s *Service) Call(ctx context.Context, payload json.RawMessage) error {
	var id int64
	if err := json.Unmarshal(payload, &id); err != nil {
		return fmt.Errorf("%w: broadcast send: %w", model.ErrInvalid, err)
	}
	var row model.BroadcastSend
	var b model.Broadcast
	mediaID := ""
	now := time.Now()
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if err := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, id).Take(&row).Error; err != nil {
			return fmt.Errorf("broadcast send %d: %w", id, notFound(err))
		}
		if row.State != model.BroadcastSending {
			return nil
		}
		if err := tx.Where("id = ?", row.BroadcastID).Take(&b).Error; err != nil {
			return fmt.Errorf("broadcast %d: %w", row.BroadcastID, notFound(err))
		}
		if b.DraftID != nil {
			d, err := s.drafts.Boxed(tx, *b.DraftID)
			if err != nil {
				return err
			}
			mediaID = d.MediaID
		}
		if row.FirstCallAt != nil && now.Sub(*row.FirstCallAt) > guardLife {
			row.State = model.BroadcastUnknown
			return s.lost(tx, row)
		}
		if row.FirstCallAt == nil {
			first := model.Milli(now)
			row.FirstCallAt = &first
		}
		row.Calls++
		return tx.Model(&row).Select("first_call_at", "calls").Updates(row).Error
	})
	if err != nil || row.State != model.BroadcastSending {
		return err
	}
	got, err := s.wechat.MassSendAll(ctx, model.MassTo{All: b.ToAll, TagID: b.TagID}, b.Message(mediaID), row.ClientID)
	ctx = context.WithoutCancel(ctx)
	if err == nil {
		return store.Tx(ctx, s.db, func(tx *gorm.DB) error { return s.accepted(tx, row.ID, got) })
	}
	text, final := said(err)
	if model.OutcomeUnknown(err) || !final {
		// Perhaps it went out: the same number again.
		_ = s.db.WithContext(ctx).Model(&model.BroadcastSend{}).Where("id = ? AND state = ?", row.ID, model.BroadcastSending).Update("last_error", model.Cut(model.WordsOf(err, "微信接口暂时不可用"), 500)).Error
		return fmt.Errorf("broadcast send %d: %w: %s", row.ID, model.ErrUnavailable, err)
	}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error { return s.failed(tx, row.ID, "", text) })
}

func notFound(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.ErrNotFound
	}
	return err
}

func (s *Service) take(tx *gorm.DB, sendID int64) (model.BroadcastSend, model.Broadcast, error) {
	var row model.BroadcastSend
	if err := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, sendID).Take(&row).Error; err != nil {
		return row, model.Broadcast{}, fmt.Errorf("broadcast send %d: %w", sendID, notFound(err))
	}
	b, err := s.lock(tx, row.BroadcastID)
	return row, b, err
}

// accepted keeps WeChat's number. The result may have come before the answer: then it is there already.
func (s *Service) accepted(tx *gorm.DB, sendID int64, got model.MassAccepted) error {
	row, b, err := s.take(tx, sendID)
	if err != nil || row.State != model.BroadcastSending {
		return err
	}
	now := model.Milli(s.now())
	check := model.Milli(s.now().Add(10 * time.Minute))
	row.State, row.MsgDataID, row.AcceptedAt, row.CheckAt, row.LastError = model.BroadcastSent, got.MsgDataID, &now, &check, ""
	if got.MsgID != "" {
		row.MsgID = &got.MsgID
	}
	if err := tx.Model(&row).Select("state", "msg_id", "msg_data_id", "accepted_at", "check_at", "last_error").Updates(row).Error; err != nil {
		return fmt.Errorf("broadcast send %d: %w", sendID, err)
	}
	b.State, b.UpdatedAt = model.BroadcastSent, now
	if err := s.keep(tx, b); err != nil {
		return err
	}
	var results []model.BroadcastResult
	if err := tx.Where("appid = ? AND msg_id = ?", s.appid, got.MsgID).Limit(1).Find(&results).Error; err != nil {
		return fmt.Errorf("result of broadcast %d: %w", b.ID, err)
	}
	if len(results) == 1 {
		return s.settle(tx, row, b, results[0])
	}
	return nil
}

// failed ends a send that WeChat refused, or that did not go out in the end.
func (s *Service) failed(tx *gorm.DB, sendID int64, status, text string) error {
	row, b, err := s.take(tx, sendID)
	if err != nil || row.State != model.BroadcastSending && row.State != model.BroadcastSent {
		return err
	}
	now := model.Milli(s.now())
	row.State, row.Status, row.LastError, row.FinishedAt, row.CheckAt = model.BroadcastFailed, status, text, &now, nil
	if err := s.finish(tx, row); err != nil {
		return err
	}
	b.State, b.LastError, b.UpdatedAt = model.BroadcastFailed, text, now
	if b.DraftID != nil {
		if err := s.drafts.Sending(tx, *b.DraftID, false); err != nil {
			return err
		}
	}
	return s.keep(tx, b)
}

func (s *Service) finish(tx *gorm.DB, row model.BroadcastSend) error {
	err := tx.Model(&row).Select("state", "status", "total", "filtered", "sent", "errors", "last_error", "finished_at", "check_at").Updates(row).Error
	if err != nil {
		return fmt.Errorf("broadcast send %d: %w", row.ID, err)
	}
	return nil
}

// lost ends a send of which WeChat said nothing for a day: another call might send it twice.
func (s *Service) lost(tx *gorm.DB, row model.BroadcastSend) error {
	row.LastError = "一天里都没有听到微信的答复，不知道有没有发出。请到微信后台「已发送」查看，再决定要不要新建一次"
	if err := s.finish(tx, row); err != nil {
		return err
	}
	slog.Error("mass send of unknown outcome", "broadcast", row.BroadcastID)
	return tx.Model(&model.Broadcast{}).Where("id = ?", row.BroadcastID).Updates(map[string]any{"state": model.BroadcastUnknown, "last_error": row.LastError, "updated_at": model.Milli(s.now())}).Error
}
