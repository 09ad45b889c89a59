package draft

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

func refusal(err error) bool {
	var r *model.Refusal
	return errors.As(err, &r)
}

// Take hears PUBLISHJOBFINISH in the transaction that keeps the push.
func (s *Service) Take(tx *gorm.DB, kept []*model.Kept) error {
	for _, k := range kept {
		if k.AppID != s.appid || k.Event != "PUBLISHJOBFINISH" && k.Event != "FREEPUBLISHJOBFINISH" {
			continue
		}
		status, err := strconv.Atoi(k.Get("PublishEventInfo.publish_status"))
		if err != nil {
			continue
		}
		p := model.Publication{PublishID: k.Get("PublishEventInfo.publish_id"), Status: status, ArticleID: k.Get("PublishEventInfo.article_id"), URLs: k.All("PublishEventInfo.article_detail.item.article_url")}
		var ids []int64
		if err := tx.Model(&model.Draft{}).Where("appid = ? AND publish_id = ?", s.appid, p.PublishID).Limit(1).Pluck("id", &ids).Error; err != nil {
			return fmt.Errorf("publication %s: %w", p.PublishID, err)
		}
		if len(ids) == 0 {
			// The event was faster than the answer, or the answer was lost: it is the one that waits for its number.
			if err := tx.Model(&model.Draft{}).Where("appid = ? AND state = ? AND publish_id = ''", s.appid, model.DraftPublishing).Limit(2).Pluck("id", &ids).Error; err != nil {
				return fmt.Errorf("publication %s: %w", p.PublishID, err)
			}
		}
		if len(ids) != 1 {
			continue // published from WeChat's own console
		}
		if err := s.settle(tx, ids[0], p, k.At); err != nil {
			return err
		}
	}
	return nil
}

// settle writes what WeChat says of the publication of draft id. Hearing it again changes nothing.
func (s *Service) settle(tx *gorm.DB, id int64, p model.Publication, at time.Time) error {
	d, err := s.lock(tx, id)
	if err != nil || d.State != model.DraftPublishing {
		return err
	}
	d.PublishID, d.PublishStatus, d.UpdatedAt = p.PublishID, &p.Status, model.Milli(s.now())
	switch p.Status {
	case 1:
		next := model.Milli(s.now().Add(min(time.Hour, max(time.Minute, s.now().Sub(d.CreatedAt)/4))))
		d.CheckAt = &next
		return s.keep(tx, d)
	case 0:
		d.State, d.PublicID, d.BoxKey, d.CheckAt, d.LastError = model.DraftPublished, p.ArticleID, nil, nil, ""
		if len(p.URLs) > 0 {
			d.URL = model.Cut(p.URLs[0], 1024)
		}
		if err := s.keep(tx, d); err != nil {
			return err
		}
		return s.articles.WentOut(tx, d.ArticleID, d.URL, d.MsgDataID, at, d.OperatorName)
	}
	d.State, d.CheckAt, d.LastError = model.DraftFailed, nil, model.PublishWord(p.Status)
	return s.keep(tx, d)
}

// Check asks for publications whose event did not come, at most a hundred at a time. It is on the timetable.
func (s *Service) Check(ctx context.Context) error {
	var due []model.Draft
	if err := s.db.WithContext(ctx).Where("appid = ? AND state = ? AND check_at <= ?", s.appid, model.DraftPublishing, model.Milli(s.now())).Order("check_at").Limit(100).Find(&due).Error; err != nil {
		return fmt.Errorf("publications to ask for: %w", err)
	}
	for _, d := range due {
		if err := s.ask(ctx, d); err != nil {
			if ctx.Err() != nil {
				return err
			}
			slog.Warn("publication not known yet", "draft", d.ID, "err", err)
		}
	}
	return nil
}

// Ask asks WeChat now how draft id goes.
func (s *Service) Ask(ctx context.Context, id int64) (model.Draft, error) {
	d, err := s.Get(ctx, id)
	if err == nil && d.State == model.DraftPublishing {
		err = s.ask(ctx, d)
	}
	if err != nil {
		return d, err
	}
	return s.Get(ctx, id)
}

func (s *Service) ask(ctx context.Context, d model.Draft) error {
	p := model.Publication{Status: 3}
	if d.PublishID == "" {
		// The answer to the call was lost. A draft that is still in the box was not taken.
		_, err := s.wechat.DraftGet(ctx, d.MediaID)
		if err != nil && model.CallCode(err) != "40007" {
			return err
		}
		p.Status = 3
		if err != nil {
			p.Status = 0
		}
		return store.Tx(ctx, s.db, func(tx *gorm.DB) error { return s.settle(tx, d.ID, p, s.now()) })
	}
	p, err := s.wechat.PublishGet(ctx, d.PublishID)
	if err != nil {
		return err
	}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error { return s.settle(tx, d.ID, p, s.now()) })
}

// For mass sends.

// Boxed gives draft id for a mass send; ErrConflict when it is not in the box.
func (s *Service) Boxed(tx *gorm.DB, id int64) (model.Draft, error) {
	d, err := s.lock(tx, id)
	if err != nil {
		return d, err
	}
	if d.State == model.DraftSending {
		return d, nil
	}
	return d, waiting(d)
}

// Sending takes draft id for a mass send, or gives it back to the box.
func (s *Service) Sending(tx *gorm.DB, id int64, on bool) error {
	from, to := []model.DraftState{model.DraftSending}, model.DraftInBox
	if on {
		from, to = []model.DraftState{model.DraftInBox, model.DraftFailed, model.DraftSending}, model.DraftSending
	}
	res := tx.Model(&model.Draft{}).Where("appid = ? AND id = ? AND state IN ?", s.appid, id, from).Updates(map[string]any{"state": to, "check_at": nil, "updated_at": model.Milli(s.now())})
	if res.Error != nil {
		return fmt.Errorf("draft %d: %w", id, res.Error)
	}
	if on && res.RowsAffected == 0 {
		return model.Refuse(model.ErrConflict, "draft", "这篇图文不在草稿箱里了，请重新选择")
	}
	return nil
}

// Sent notes that a mass send brought draft id to the followers: it has left the box.
func (s *Service) Sent(tx *gorm.DB, id int64, msgDataID string, urls []string, at time.Time, by string) error {
	d, err := s.lock(tx, id)
	if err != nil {
		return err
	}
	d.State, d.BoxKey, d.UpdatedAt, d.CheckAt, d.OperatorName = model.DraftSent, nil, model.Milli(s.now()), nil, by
	if msgDataID != "" {
		d.MsgDataID = msgDataID
	}
	if len(urls) > 0 {
		d.URL = model.Cut(urls[0], 1024)
	}
	if err := s.keep(tx, d); err != nil {
		return err
	}
	return s.articles.WentOut(tx, d.ArticleID, d.URL, d.MsgDataID, at, by)
}
