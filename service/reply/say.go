package reply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Quota gives the windows in which a fan may be written to now, and what of each is used.
func (s *Service) Quota(ctx context.Context, openid model.OpenID) ([]model.Window, error) {
	windows, err := s.fans.Windows(ctx, s.appid, openid, s.now())
	if err != nil || len(windows) == 0 {
		return []model.Window{}, err
	}
	return windows, s.used(ctx, s.appid, openid, windows)
}

// Say sends what an operator wrote to a fan, once for a key: the same key again tells what became of the
// first. WeChat is asked after the commit; whether a message went out that a kill or a silence fell upon is not
// known, and it is not sent again by itself, since the operator can look. Errors: ErrInvalid for the message;
// ErrConflict when no window is open, the quota is used up, or the key was used for another message;
// ErrUnavailable.
func (s *Service) Say(ctx context.Context, by model.Operator, fan model.Follower, key string, m model.Message) (Sent, error) {
	m.Delay = 0
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查要发的内容")
	for _, fault := range m.Faults(1) {
		bad.Field("message", fault)
	}
	if m.Custom(fan.OpenID) == nil && len(bad.Fields) == 0 {
		bad.Field("message", m.KindName()+"不能这样发")
	}
	if key == "" {
		bad.Field("key", "缺少 Idempotency-Key")
	}
	if len(bad.Fields) > 0 {
		return Sent{}, bad
	}
	text, err := json.Marshal(m)
	if err != nil {
		return Sent{}, fmt.Errorf("message to follower %d: %w", fan.ID, err)
	}
	sum := sha256.Sum256([]byte(key))
	now := model.Milli(s.now())
	r := sendRow{AppID: s.appid, PushKey: "op:" + hex.EncodeToString(sum[:24]), Seq: 1, OpenID: string(fan.OpenID), Message: string(text), State: sendQueued,
		OpenedAt: now, EndsAt: now, CreatedAt: now, OperatorID: by.ID, OperatorName: by.Name}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		r.ID = 0
		if err := tx.Create(&r).Error; err != nil {
			return err
		}
		// A kill from here on leaves the row to the job; it looks after this call has surely ended.
		if err := s.jobs.Add(tx, SendJob, s.appid+":"+r.PushKey, sendPayload{s.appid, r.PushKey, 0}, time.Now().Add(30*time.Second)); err != nil {
			return err
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "follower.say", Object: "follower", ObjectID: fmt.Sprint(fan.ID),
			After: model.AuditJSON(map[string]any{"kind": m.Type, "bytes": len(m.Content)})})
	})
	if _, dup := store.Duplicate(err); dup {
		return s.saidBefore(ctx, r)
	}
	if err != nil {
		return Sent{}, fmt.Errorf("message to follower %d: %w", fan.ID, err)
	}
	if err := s.sendOne(ctx, &r); err != nil && !errors.Is(err, model.ErrUnavailable) {
		return Sent{}, err
	}
	return s.said(context.WithoutCancel(ctx), r.PushKey)
}

// saidBefore tells what became of the message that had r's key first.
func (s *Service) saidBefore(ctx context.Context, r sendRow) (Sent, error) {
	var had sendRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND push_key = ? AND seq = 1", s.appid, r.PushKey).Take(&had).Error; err != nil {
		return Sent{}, fmt.Errorf("message %s: %w", r.PushKey, err)
	}
	if had.OpenID != r.OpenID || had.Message != r.Message {
		return Sent{}, model.Refuse(model.ErrConflict, model.CodeKeyReused, "这个编号已经用来发过别的内容")
	}
	return s.said(ctx, r.PushKey)
}

// said gives the row of a key as an operator should read it: what was not sent is a refusal.
func (s *Service) said(ctx context.Context, pushKey string) (Sent, error) {
	var r sendRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND push_key = ? AND seq = 1", s.appid, pushKey).Take(&r).Error; err != nil {
		return Sent{}, fmt.Errorf("message %s: %w", pushKey, err)
	}
	switch r.State {
	case sendQuota:
		return Sent{}, model.Refuse(model.ErrConflict, model.CodeConflict, "没有发：这段时间可以发的条数已经用完，要等对方再说话、点菜单或扫码")
	case sendWindow:
		return Sent{}, model.Refuse(model.ErrConflict, model.CodeConflict, "没有发：已经过了可以发的时间，要等对方再说话、点菜单或扫码")
	case sendUnverified:
		return Sent{}, model.Refuse(model.ErrForbidden, model.CodeForbidden, "没有发：账号没有客服消息权限，认证后才能发送")
	case sendFailed:
		return Sent{}, model.Refuse(model.ErrConflict, model.CodeConflict, "没有发："+r.Reason)
	}
	return r.sent(), nil
}
