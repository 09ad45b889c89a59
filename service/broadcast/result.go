package broadcast

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// Take hears MASSSENDJOBFINISH in the transaction that keeps the push. The result is kept whoever sent.
func (s *Service) Take(tx *gorm.DB, kept []*model.Kept) error {
	for _, k := range kept {
		if k.AppID != s.appid || k.Event != "MASSSENDJOBFINISH" {
			continue
		}
		msgID := k.Get("MsgID")
		if msgID == "" {
			msgID = k.MsgID // some events spell it so
		}
		if msgID == "" || len(msgID) > 32 {
			continue
		}
		urls, err := json.Marshal(k.All("ArticleUrlResult.ResultList.item.ArticleUrl"))
		if err != nil {
			return fmt.Errorf("result %s: %w", msgID, err)
		}
		number := func(path string) int64 { n, _ := strconv.ParseInt(k.Get(path), 10, 64); return max(0, n) }
		r := model.BroadcastResult{AppID: s.appid, MsgID: msgID, Status: model.Cut(k.Get("Status"), 64), Total: number("TotalCount"), Filtered: number("FilterCount"), Sent: number("SentCount"), Errors: number("ErrorCount"), URLs: string(urls), HappenedAt: k.At}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&r).Error; err != nil {
			return fmt.Errorf("result %s: %w", msgID, err)
		}
		var ids []int64
		if err := tx.Model(&model.BroadcastSend{}).Where("appid = ? AND msg_id = ?", s.appid, msgID).Limit(1).Pluck("id", &ids).Error; err != nil {
			return fmt.Errorf("result %s: %w", msgID, err)
		}
		if len(ids) == 0 {
			continue // sent from WeChat's console, or faster than the answer to our call
		}
		row, b, err := s.take(tx, ids[0])
		if err != nil {
			return err
		}
		if err := s.settle(tx, row, b, r); err != nil {
			return err
		}
	}
	return nil
}

// settle writes the result of a send. The event may come after it was asked for: then it brings the numbers.
func (s *Service) settle(tx *gorm.DB, row model.BroadcastSend, b model.Broadcast, r model.BroadcastResult) error {
	if row.State != model.BroadcastSent && !(row.State == model.BroadcastDone && row.Total == nil) {
		return nil
	}
	row.Status, row.Total, row.Filtered, row.Sent, row.Errors = r.Status, &r.Total, &r.Filtered, &r.Sent, &r.Errors
	if text := model.MassWord(r.Status); text != "" {
		if err := s.finish(tx, row); err != nil {
			return err
		}
		return s.failed(tx, row.ID, r.Status, text)
	}
	urls := []string{}
	_ = json.Unmarshal([]byte(r.URLs), &urls)
	return s.done(tx, row, b, urls, r.HappenedAt)
}

func (s *Service) done(tx *gorm.DB, row model.BroadcastSend, b model.Broadcast, urls []string, at time.Time) error {
	now := model.Milli(at)
	first := row.State != model.BroadcastDone
	row.State, row.FinishedAt, row.CheckAt, row.LastError = model.BroadcastDone, &now, nil, ""
	if err := s.finish(tx, row); err != nil {
		return err
	}
	if b.DraftID != nil {
		if err := s.drafts.Sent(tx, *b.DraftID, row.MsgDataID, urls, at, b.SentBy); err != nil {
			return err
		}
	}
	if !first {
		return nil
	}
	b.State, b.LastError, b.UpdatedAt = model.BroadcastDone, "", model.Milli(s.now())
	return s.keep(tx, b)
}

// Check asks for the results whose event did not come: after ten minutes, then ever more rarely, for three days.
func (s *Service) Check(ctx context.Context) error {
	var due []model.BroadcastSend
	if err := s.db.WithContext(ctx).Where("appid = ? AND state = ? AND check_at <= ?", s.appid, model.BroadcastSent, model.Milli(s.now())).Order("check_at").Limit(50).Find(&due).Error; err != nil {
		return fmt.Errorf("results to ask for: %w", err)
	}
	for _, row := range due {
		if err := s.ask(ctx, row); err != nil {
			if ctx.Err() != nil {
				return err
			}
			slog.Warn("mass send not known yet", "broadcast", row.BroadcastID, "err", err)
		}
	}
	return nil
}

// Ask asks WeChat now how broadcast id went.
func (s *Service) Ask(ctx context.Context, id int64) (View, error) {
	v, err := s.Get(ctx, id)
	if err != nil {
		return v, err
	}
	for _, row := range v.Sends {
		if row.State == model.BroadcastSent {
			if err := s.ask(ctx, row); err != nil {
				return v, err
			}
		}
	}
	return s.Get(ctx, id)
}

func (s *Service) ask(ctx context.Context, row model.BroadcastSend) error {
	status, id := "", ""
	if row.MsgID != nil {
		id = *row.MsgID
	}
	if id != "" {
		var err error
		if status, err = s.wechat.MassGet(ctx, id); err != nil {
			return err
		}
	}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		row, b, err := s.take(tx, row.ID)
		if err != nil || row.State != model.BroadcastSent {
			return err
		}
		switch {
		case model.MassOK(status):
			row.Status = status
			return s.done(tx, row, b, nil, s.now())
		case status == "SEND_FAIL" || status == "DELETE":
			return s.failed(tx, row.ID, status, model.MassWord(status))
		}
		next := model.Milli(s.now().Add(min(6*time.Hour, max(10*time.Minute, s.now().Sub(*row.AcceptedAt)))))
		row.CheckAt = &next
		if s.now().Sub(*row.AcceptedAt) > 72*time.Hour {
			row.CheckAt = nil
		}
		return tx.Model(&row).Select("check_at").Updates(row).Error
	})
}

// Erase forgets a person's account in the previews.
func (s *Service) Erase(tx *gorm.DB, appid string, openid model.OpenID) error {
	err := tx.Where("appid = ? AND account = ?", appid, string(openid)).Delete(&model.BroadcastPreview{}).Error
	if err != nil {
		return fmt.Errorf("erase previews: %w", err)
	}
	return nil
}
