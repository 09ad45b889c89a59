package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
	"loudou/service/store/outward"
)

// Send is the job: one try of one send. Run twice, the receiver may get it twice, with the same id.
func (s *Service) Send(ctx context.Context, payload json.RawMessage) error {
	var j job
	if err := json.Unmarshal(payload, &j); err != nil {
		return fmt.Errorf("webhook job: %w: %w", model.ErrInvalid, err)
	}
	var x model.WebhookSend
	err := s.o.DB.WithContext(ctx).Take(&x, j.ID).Error
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && x.State != model.WebhookWaiting {
		return nil // swept away, or ended by another run
	}
	if err != nil {
		return fmt.Errorf("webhook send %d: %w", j.ID, err)
	}
	var w model.Webhook
	if err := s.o.DB.WithContext(ctx).Take(&w, x.WebhookID).Error; err != nil {
		return fmt.Errorf("webhook %d: %w", x.WebhookID, err)
	}
	if !w.Enabled && x.Type != model.WebhookPing {
		return s.settle(ctx, x, func(x *model.WebhookSend) { x.State, x.NextAt = model.WebhookDropped, nil }, false)
	}
	code, why := s.post(ctx, w, x)
	now := s.o.Now()
	return s.settle(ctx, x, func(x *model.WebhookSend) {
		if why == "" {
			at := model.Milli(now)
			x.State, x.Code, x.LastError, x.NextAt, x.DoneAt = model.WebhookDone, code, "", nil, &at
			x.Attempts++
			return
		}
		x.Failed(code, why, now)
		if x.Type == model.WebhookPing { // a trial is looked at now, not tomorrow
			x.State, x.NextAt = model.WebhookDead, nil
		}
	}, code == http.StatusGone)
}

// settle keeps what came of a try, with the job of the next one. gone: the receiver wants nothing any more.
func (s *Service) settle(ctx context.Context, x model.WebhookSend, fn func(*model.WebhookSend), gone bool) error {
	return store.Tx(ctx, s.o.DB, func(tx *gorm.DB) error {
		var now model.WebhookSend
		if err := store.Lock(tx).Take(&now, x.ID).Error; err != nil {
			return fmt.Errorf("webhook send %d: %w", x.ID, err)
		}
		if now.State != model.WebhookWaiting || now.Attempts != x.Attempts {
			return nil // another run was faster
		}
		fn(&now)
		if err := tx.Save(&now).Error; err != nil {
			return fmt.Errorf("webhook send %d: %w", x.ID, err)
		}
		if gone {
			if err := tx.Model(&model.Webhook{}).Where("id = ?", x.WebhookID).Updates(map[string]any{"enabled": false, "why_off": "对方回答 410：不再接收"}).Error; err != nil {
				return fmt.Errorf("webhook %d: %w", x.WebhookID, err)
			}
			store.After(tx, s.forget)
		}
		if now.NextAt != nil {
			return s.queue(tx, now, *now.NextAt)
		}
		return nil
	})
}

// post tries once. why is empty for an answer of 2xx, else in Chinese, without anything the receiver said.
func (s *Service) post(ctx context.Context, w model.Webhook, x model.WebhookSend) (code int, why string) {
	key, err := s.key(w)
	if err != nil {
		return 0, "签名的密钥做不出来"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader([]byte(x.Body)))
	if err != nil {
		return 0, "网址不能用"
	}
	at := strconv.FormatInt(time.Now().Unix(), 10) // the real clock: the receiver judges its age
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(x.UID + "." + at + "." + x.Body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "loudou-webhook/1")
	req.Header.Set("webhook-id", x.UID)
	req.Header.Set("webhook-timestamp", at)
	req.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	res, err := s.client.Do(req)
	if err != nil {
		switch {
		case errors.Is(err, outward.ErrInside):
			return 0, "网址指向本机或内网，没有去连"
		case errors.Is(err, context.DeadlineExceeded):
			return 0, "10 秒内没有回答"
		}
		return 0, "连不上"
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection serves again
	if res.StatusCode/100 == 2 {
		return res.StatusCode, ""
	}
	if res.StatusCode/100 == 3 {
		return res.StatusCode, fmt.Sprintf("对方回答 %d（转向），不跟过去", res.StatusCode)
	}
	return res.StatusCode, fmt.Sprintf("对方回答 %d", res.StatusCode)
}

// Ping sends something harmless to an address, on or off, so that a person sees whether it arrives.
func (s *Service) Ping(ctx context.Context, id int64) error {
	return store.Tx(ctx, s.o.DB, func(tx *gorm.DB) error {
		var w model.Webhook
		err := tx.Where("appid = ? AND removed_at IS NULL", s.o.AppID).Take(&w, id).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return fmt.Errorf("webhook %d: %w", id, model.ErrNotFound)
		}
		if err != nil {
			return fmt.Errorf("webhook %d: %w", id, err)
		}
		raw, err := json.Marshal(body{model.WebhookPing, s.o.Now().UTC(), data{AppID: s.o.AppID}})
		if err != nil {
			return err
		}
		return s.put(tx, w, model.WebhookPing, uuid.NewString(), string(raw))
	})
}

// Again sends a dead or dropped send from its first try on; one that waits or has arrived is left alone: ErrConflict.
func (s *Service) Again(ctx context.Context, id int64) error {
	return store.Tx(ctx, s.o.DB, func(tx *gorm.DB) error {
		var x model.WebhookSend
		err := store.Lock(tx).Where("appid = ?", s.o.AppID).Take(&x, id).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return fmt.Errorf("webhook send %d: %w", id, model.ErrNotFound)
		}
		if err != nil {
			return fmt.Errorf("webhook send %d: %w", id, err)
		}
		if x.State != model.WebhookDead && x.State != model.WebhookDropped {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "这一条正在发，或者已经送到")
		}
		at := model.Milli(s.o.Now())
		x.State, x.Attempts, x.NextAt = model.WebhookWaiting, 0, &at
		if err := tx.Save(&x).Error; err != nil {
			return fmt.Errorf("webhook send %d: %w", id, err)
		}
		return s.queue(tx, x, time.Time{})
	})
}

// Sends lists what was and is to be sent to an address, the newest first, below number before (0: from the start).
func (s *Service) Sends(ctx context.Context, webhook int64, state model.WebhookState, before int64, limit int) ([]model.WebhookSend, error) {
	q := s.o.DB.WithContext(ctx).Where("appid = ? AND webhook_id = ?", s.o.AppID, webhook).Order("id DESC").Limit(limit)
	if state != "" {
		q = q.Where("state = ?", state)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var out []model.WebhookSend
	if err := q.Find(&out).Error; err != nil {
		return nil, fmt.Errorf("webhook sends: %w", err)
	}
	return out, nil
}

// Waiting counts, per address, what waits and what was given up.
func (s *Service) Waiting(ctx context.Context) (map[int64]map[model.WebhookState]int64, error) {
	var rows []struct {
		WebhookID int64
		State     model.WebhookState
		N         int64
	}
	err := s.o.DB.WithContext(ctx).Model(&model.WebhookSend{}).Where("appid = ? AND state IN ?", s.o.AppID, []model.WebhookState{model.WebhookWaiting, model.WebhookDead}).
		Select("webhook_id, state, COUNT(*) AS n").Group("webhook_id, state").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("webhook sends: %w", err)
	}
	out := map[int64]map[model.WebhookState]int64{}
	for _, r := range rows {
		if out[r.WebhookID] == nil {
			out[r.WebhookID] = map[model.WebhookState]int64{}
		}
		out[r.WebhookID][r.State] = r.N
	}
	return out, nil
}

// keep is how long what has ended is kept.
const keep = 30 * 24 * time.Hour

// Sweep takes away what ended longer ago than thirty days, in pieces that hold no lock for long.
func (s *Service) Sweep(ctx context.Context) error {
	for ctx.Err() == nil {
		var ids []int64
		err := s.o.DB.WithContext(ctx).Model(&model.WebhookSend{}).Where("created_at < ? AND state <> ?", model.Milli(s.o.Now().Add(-keep)), model.WebhookWaiting).Limit(1000).Pluck("id", &ids).Error
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := s.o.DB.WithContext(ctx).Delete(&model.WebhookSend{}, ids).Error; err != nil {
			return fmt.Errorf("sweep webhook sends: %w", err)
		}
	}
	return ctx.Err()
}
