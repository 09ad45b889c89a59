// Package broadcast sends one message to many followers (群发): it owns the broadcasts, broadcast_sends,
// broadcast_results, broadcast_confirmations and broadcast_previews tables.
//
// Exactly one send: pressing twice meets a conditional change of state; two instances and a crash after the call meet
// one job and WeChat's own guard, the clientmsgid, which is made before the first call and stays the same for every
// repeat. WeChat keeps it for a day: a send of which nothing was heard for that long is never tried again by itself.
package broadcast

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// WeChat is who sends: service/wechat.
type WeChat interface {
	MassSendAll(ctx context.Context, to model.MassTo, m model.MassMessage, clientID string) (model.MassAccepted, error)
	MassPreview(ctx context.Context, account string, m model.MassMessage) error
	MassGet(ctx context.Context, msgID string) (status string, err error)
	// MassQuota is how many mass sends the account may make a day, and how many are left today.
	MassQuota(ctx context.Context) (limit, left int64, err error)
	Tags(ctx context.Context) ([]model.Tag, error)
}

// Drafts are the articles in WeChat's draft box: service/draft.
type Drafts interface {
	Get(ctx context.Context, id int64) (model.Draft, error)
	Boxed(tx *gorm.DB, id int64) (model.Draft, error)
	Sending(tx *gorm.DB, id int64, on bool) error
	Sent(tx *gorm.DB, id int64, msgDataID string, urls []string, at time.Time, by string) error
}

// Operators answers for the people who confirm: service/operator.
type Operators interface {
	TwoPerson(tx *gorm.DB) (bool, error)
	EnabledAmong(tx *gorm.DB, ids []int64) (int, error)
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Jobs run after the commit: service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
}

// SendJob is the kind of the job that calls WeChat.
const SendJob = "broadcast.send"

// Service keeps the broadcasts of the account appid.
type Service struct {
	db        *gorm.DB
	appid     string
	wechat    WeChat
	drafts    Drafts
	operators Operators
	jobs      Jobs
	now       func() time.Time
	quota     quotaCache
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, wechat WeChat, drafts Drafts, operators Operators, jobs Jobs, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, wechat: wechat, drafts: drafts, operators: operators, jobs: jobs, now: now}
}

// Input is what an operator writes. Version is the one the change was made on, 0 when the caller does not say.
type Input struct {
	ToAll    bool
	TagID    int
	TagName  string
	Kind     model.BroadcastKind
	Content  string
	MediaIDs []string
	DraftID  *int64
	Reprint  bool
	Version  int64
}

func (in Input) put(b *model.Broadcast) {
	b.ToAll, b.TagID, b.TagName, b.Kind, b.Reprint = in.ToAll, in.TagID, model.Cut(in.TagName, 60), in.Kind, in.Reprint
	if in.ToAll {
		b.TagID, b.TagName = 0, ""
	}
	b.Content, b.Pictures, b.DraftID = "", "", nil
	switch in.Kind {
	case model.BroadcastText:
		b.Content = in.Content
	case model.BroadcastImages:
		if raw, err := json.Marshal(in.MediaIDs); err == nil {
			b.Pictures = string(raw)
		}
	case model.BroadcastMPNews:
		b.DraftID = in.DraftID
	}
}

func refuse(b model.Broadcast) error {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	for name, text := range b.Faults() {
		bad.Field(name, text)
	}
	if len(bad.Fields) == 0 {
		return nil
	}
	return bad
}

// Create keeps a new broadcast; nothing leaves the house.
func (s *Service) Create(ctx context.Context, by model.Operator, in Input) (View, error) {
	now := model.Milli(s.now())
	b := model.Broadcast{AppID: s.appid, State: model.BroadcastDraft, Version: 1, CreatedBy: by.Name, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
	in.put(&b)
	if err := refuse(b); err != nil {
		return View{}, err
	}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		b.ID = 0
		if err := s.describe(tx, &b); err != nil {
			return err
		}
		if err := tx.Create(&b).Error; err != nil {
			return fmt.Errorf("create broadcast: %w", err)
		}
		return s.trail(tx, by, "broadcast.create", b, nil, "")
	})
	if err != nil {
		return View{}, err
	}
	return s.Get(ctx, b.ID)
}

// describe gives b its title and the hash of what it says now. The draft must be in the box.
func (s *Service) describe(tx *gorm.DB, b *model.Broadcast) error {
	b.Title = b.Name()
	pushed := ""
	if b.DraftID != nil {
		d, err := s.drafts.Boxed(tx, *b.DraftID)
		if err != nil {
			if errors.Is(err, model.ErrNotFound) || errors.Is(err, model.ErrConflict) {
				return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("draft_id", "这篇图文不在草稿箱里了，请重新选择")
			}
			return err
		}
		b.Title, pushed = d.Title, d.PushedHash
	}
	b.ContentHash = b.Hash(pushed)
	return nil
}

// Save changes broadcast id while nothing of it has left the house; what people said yes to before counts no longer.
// Errors: ErrInvalid, ErrNotFound, ErrConflict ("version", "state").
func (s *Service) Save(ctx context.Context, by model.Operator, id int64, in Input) (View, error) {
	return s.change(ctx, id, in.Version, func(tx *gorm.DB, b *model.Broadcast) error {
		if !b.State.Editable() {
			return model.Refuse(model.ErrConflict, "state", "已经排定或发出的群发不能再改；排定的可以先取消")
		}
		before := *b
		in.put(b)
		if err := refuse(*b); err != nil {
			return err
		}
		if err := s.describe(tx, b); err != nil {
			return err
		}
		if b.ContentHash != before.ContentHash || b.State != model.BroadcastFailed {
			b.State = model.BroadcastDraft
		}
		b.Version, b.UpdatedBy, b.LastError = b.Version+1, by.Name, ""
		return s.trail(tx, by, "broadcast.save", *b, brief(before), "")
	})
}

// Preview shows broadcast id to one colleague, by WeChat name or openid, as it would arrive.
func (s *Service) Preview(ctx context.Context, by model.Operator, id int64, account string) (View, error) {
	if !model.GoodWeChatName(account) {
		return View{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("account", "填同事的微信号，或 TA 在本公众号的 openid")
	}
	v, err := s.Get(ctx, id)
	if err != nil {
		return v, err
	}
	if !v.State.Editable() {
		return v, model.Refuse(model.ErrConflict, "state", "已经排定或发出，不能再预览")
	}
	mediaID := ""
	b := v.Broadcast
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error { // as it is now, not as it was when saved
		if err := s.describe(tx, &b); err != nil || b.DraftID == nil {
			return err
		}
		d, err := s.drafts.Boxed(tx, *b.DraftID)
		mediaID = d.MediaID
		return err
	})
	if err != nil {
		return v, err
	}
	if err := s.wechat.MassPreview(ctx, account, b.Message(mediaID)); err != nil {
		return v, err
	}
	err = store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		p := model.BroadcastPreview{AppID: s.appid, BroadcastID: id, ContentHash: b.ContentHash, Account: account, Operator: by.Name, CreatedAt: model.Milli(s.now())}
		if err := tx.Create(&p).Error; err != nil {
			return fmt.Errorf("preview of broadcast %d: %w", id, err)
		}
		return s.trail(tx, by, "broadcast.preview", b, nil, "")
	})
	if err != nil {
		return v, err
	}
	return s.Get(ctx, id)
}

// Submit asks the others for their yes. While two people must stand behind what leaves the house, it wants a preview of
// exactly this content first.
func (s *Service) Submit(ctx context.Context, by model.Operator, id, version int64) (View, error) {
	return s.change(ctx, id, version, func(tx *gorm.DB, b *model.Broadcast) error {
		if !b.State.Editable() {
			return model.Refuse(model.ErrConflict, "state", "已经排定或发出")
		}
		if err := s.refresh(tx, b); err != nil {
			return err
		}
		two, err := s.operators.TwoPerson(tx)
		if err != nil {
			return err
		}
		if two {
			if err := s.previewed(tx, *b); err != nil {
				return err
			}
		}
		b.State, b.AskedByID, b.AskedBy, b.LastError = model.BroadcastWaiting, by.ID, by.Name, ""
		return s.trail(tx, by, "broadcast.submit", *b, nil, "")
	})
}

// refresh looks whether the draft still says what it said; a changed one asks again.
func (s *Service) refresh(tx *gorm.DB, b *model.Broadcast) error {
	was := b.ContentHash
	if err := s.describe(tx, b); err != nil {
		return err
	}
	if b.ContentHash != was && b.State != model.BroadcastDraft {
		b.State = model.BroadcastDraft
	}
	return nil
}

// Confirm is by's yes to exactly what broadcast id says now, and to whom. Who asked cannot confirm.
func (s *Service) Confirm(ctx context.Context, by model.Operator, id, version int64, comment string) (View, error) {
	return s.change(ctx, id, version, func(tx *gorm.DB, b *model.Broadcast) error {
		was := b.ContentHash
		if err := s.refresh(tx, b); err != nil {
			return err
		}
		switch {
		case b.State != model.BroadcastWaiting && b.State != model.BroadcastConfirmed, was != b.ContentHash:
			return model.Refuse(model.ErrConflict, "state", "内容改过，或还没有提交确认")
		case b.AskedByID == by.ID:
			return model.Refuse(model.ErrConflict, "own", "要由提交的人之外的另一位同事确认")
		}
		c := model.BroadcastConfirmation{BroadcastID: id, OperatorID: by.ID, Operator: by.Name, ContentHash: b.ContentHash, Comment: model.Cut(comment, 500), CreatedAt: model.Milli(s.now())}
		if err := tx.Create(&c).Error; err != nil {
			if _, dup := store.Duplicate(err); dup {
				return model.Refuse(model.ErrConflict, "already_confirmed", "您已确认过这一版")
			}
			return fmt.Errorf("confirm broadcast %d: %w", id, err)
		}
		b.State = model.BroadcastConfirmed
		return s.trail(tx, by, "broadcast.confirm", *b, nil, comment)
	})
}

// Return sends broadcast id back to its writer with a word; the yeses to this content are void.
func (s *Service) Return(ctx context.Context, by model.Operator, id, version int64, comment string) (View, error) {
	return s.change(ctx, id, version, func(tx *gorm.DB, b *model.Broadcast) error {
		if b.State != model.BroadcastWaiting && b.State != model.BroadcastConfirmed {
			return model.Refuse(model.ErrConflict, "state", "只有待确认的群发能退回")
		}
		if err := tx.Where("broadcast_id = ?", id).Delete(&model.BroadcastConfirmation{}).Error; err != nil {
			return fmt.Errorf("broadcast %d: %w", id, err)
		}
		b.State, b.LastError = model.BroadcastDraft, ""
		if comment != "" {
			b.LastError = model.Cut(by.Name+" 退回："+comment, 500)
		}
		return s.trail(tx, by, "broadcast.return", *b, nil, comment)
	})
}

func (s *Service) previewed(tx *gorm.DB, b model.Broadcast) error {
	var n int64
	if err := tx.Model(&model.BroadcastPreview{}).Where("broadcast_id = ? AND content_hash = ?", b.ID, b.ContentHash).Limit(1).Count(&n).Error; err != nil {
		return fmt.Errorf("previews of broadcast %d: %w", b.ID, err)
	}
	if n == 0 {
		return model.Refuse(model.ErrConflict, "not_previewed", "请先把这一版预览发给同事看过")
	}
	return nil
}

// behind refuses while two people must stand behind b and do not.
func (s *Service) behind(tx *gorm.DB, b model.Broadcast) error {
	two, err := s.operators.TwoPerson(tx)
	if err != nil || !two {
		return err
	}
	if err := s.previewed(tx, b); err != nil {
		return err
	}
	var ids []int64
	if err := tx.Model(&model.BroadcastConfirmation{}).Where("broadcast_id = ? AND content_hash = ? AND operator_id <> ?", b.ID, b.ContentHash, b.AskedByID).Distinct("operator_id").Pluck("operator_id", &ids).Error; err != nil {
		return fmt.Errorf("confirmations of broadcast %d: %w", b.ID, err)
	}
	yes, err := s.operators.EnabledAmong(tx, ids)
	if err == nil && (b.AskedByID == 0 || yes == 0) {
		err = model.Refuse(model.ErrConflict, "not_confirmed", "群发要由另一位同事确认同一版内容")
	}
	return err
}

// change locks broadcast id, lets fn alter it, and writes it, all in one transaction.
func (s *Service) change(ctx context.Context, id, version int64, fn func(tx *gorm.DB, b *model.Broadcast) error) (View, error) {
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		b, err := s.lock(tx, id)
		if err != nil {
			return err
		}
		if version != 0 && version != b.Version {
			return model.Refuse(model.ErrConflict, "version", fmt.Sprintf("%s 刚刚保存了第 %d 版，您看到的是第 %d 版；请刷新后再看", b.UpdatedBy, b.Version, version))
		}
		if err := fn(tx, &b); err != nil {
			return err
		}
		b.UpdatedAt = model.Milli(s.now())
		return s.keep(tx, b)
	})
	if err != nil {
		return View{}, err
	}
	return s.Get(ctx, id)
}

func (s *Service) lock(tx *gorm.DB, id int64) (model.Broadcast, error) {
	var b model.Broadcast
	err := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, id).Take(&b).Error
	return b, missing(err, id)
}

func (s *Service) keep(tx *gorm.DB, b model.Broadcast) error {
	err := tx.Model(&b).Select("title", "to_all", "tag_id", "tag_name", "kind", "content", "pictures", "draft_id", "reprint", "state", "version", "content_hash", "planned_at", "round",
		"last_error", "asked_by_id", "asked_by", "updated_by", "sent_by", "updated_at").Updates(b).Error
	if err != nil {
		return fmt.Errorf("broadcast %d: %w", b.ID, err)
	}
	return nil
}

func missing(err error, id int64) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这次群发")
	}
	if err != nil {
		return fmt.Errorf("broadcast %d: %w", id, err)
	}
	return nil
}

func brief(b model.Broadcast) map[string]any {
	to := "全部粉丝"
	if !b.ToAll {
		to = "标签 " + b.TagName
	}
	return map[string]any{"title": b.Title, "kind": b.Kind, "to": to, "status": b.State, "version": b.Version, "content_hash": b.ContentHash, "planned_at": b.PlannedAt}
}

func (s *Service) trail(tx *gorm.DB, by model.Operator, action string, b model.Broadcast, before map[string]any, reason string) error {
	e := model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "broadcast", ObjectID: strconv.FormatInt(b.ID, 10), After: model.AuditJSON(brief(b)), Reason: reason}
	if before != nil {
		e.Before = model.AuditJSON(before)
	}
	return s.operators.Audit(tx, e)
}
