// Package notice sends one template message (模板消息) or subscription notice (订阅通知) to the fans a filter meets: it
// owns the notice_templates, notices, notice_sends and notice_previews tables.
//
// Once per fan: who gets it is written down when it is confirmed, a row each (unique: notice, fan). A row is claimed
// by a conditional change before the call and says afterwards what WeChat answered, so two instances or a kill leave out nobody. After
// a kill between call and answer a template message is called again under the same client_msg_id, which WeChat sends once
// in ten minutes; what is older than that, and a subscription notice, which has no such guard, becomes unknown and is not
// sent again by itself.
package notice

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
	NoticeTemplates(ctx context.Context, kind model.NoticeKind) ([]model.NoticeTemplate, error)
	SendNotice(ctx context.Context, to model.OpenID, m model.NoticeMessage) (msgID string, err error)
}

// Fans knows who follows: service/follower.
type Fans interface {
	// Reachable gives number and openid of those a filter meets who follow and are not blocked, the oldest first.
	Reachable(ctx context.Context, f model.FollowerFilter) ([]model.Follower, error)
	CountReachable(ctx context.Context, f model.FollowerFilter) (int64, error)
	// Among gives the followers of these numbers, without their tags.
	Among(ctx context.Context, ids []int64) (map[int64]model.Follower, error)
}

// Operators answers for the people who confirm: service/operator.
type Operators interface {
	TwoPerson(tx *gorm.DB) (bool, error)
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Jobs run after the commit: service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
	// Dead tells that the job of this key was given up.
	Dead(tx *gorm.DB, kind, key string) (bool, error)
}

// Service keeps the notices of the account appid.
type Service struct {
	db        *gorm.DB
	appid     string
	wechat    WeChat
	fans      Fans
	operators Operators
	jobs      Jobs
	now       func() time.Time
	clock     *store.Clock // calls of several instances are judged by one clock only
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, wechat WeChat, fans Fans, operators Operators, jobs Jobs, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, wechat: wechat, fans: fans, operators: operators, jobs: jobs, now: now, clock: store.NewClock(db)}
}

// Input is what an operator writes. Version is the one the change was made on, 0 when the caller does not say.
type Input struct {
	Template  int64 // ours, of the kept copy
	Values    map[string]string
	Nameless  string
	URL       string
	MiniAppID string
	MiniPath  string
	Filter    model.FollowerFilter
	Version   int64
}

// put makes n say what in says. What the template does not name is left out.
func (s *Service) put(tx *gorm.DB, n *model.Notice, in Input) error {
	var t []model.NoticeTemplate
	if err := tx.Where("appid = ? AND id = ?", s.appid, in.Template).Limit(1).Find(&t).Error; err != nil {
		return fmt.Errorf("notice template %d: %w", in.Template, err)
	}
	if len(t) == 0 {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("template_id", "没有这个模板，请刷新模板列表")
	}
	n.Kind, n.TemplateID, n.Title, n.Content = t[0].Kind, t[0].TemplateID, t[0].Title, t[0].Content
	values := map[string]string{}
	for _, f := range model.NoticeFields(n.Content) {
		values[f.Key] = in.Values[f.Key]
	}
	words, err := json.Marshal(values)
	if err != nil {
		return err
	}
	filter, err := json.Marshal(in.Filter)
	if err != nil {
		return err
	}
	n.Words, n.Nameless, n.URL, n.MiniAppID, n.MiniPath = string(words), in.Nameless, in.URL, in.MiniAppID, in.MiniPath
	if n.AgainOf == nil {
		n.Filter = string(filter)
	}
	n.ContentHash = n.Hash()
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	for name, text := range n.Faults() {
		bad.Field(name, text)
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Create keeps a new notice; nothing leaves the house.
func (s *Service) Create(ctx context.Context, by model.Operator, in Input) (View, error) {
	now := model.Milli(s.now())
	n := model.Notice{AppID: s.appid, State: model.NoticeDraft, Version: 1, CreatedBy: by.Name, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		n.ID = 0
		if err := s.put(tx, &n, in); err != nil {
			return err
		}
		if err := tx.Create(&n).Error; err != nil {
			return fmt.Errorf("create notice: %w", err)
		}
		return s.trail(tx, by, "notice.create", n, "")
	})
	if err != nil {
		return View{}, err
	}
	return s.Get(ctx, n.ID)
}

// Save changes notice id while nothing of it has left the house; one that waits for a yes is a draft again. Errors:
// ErrInvalid, ErrNotFound, ErrConflict ("version", "state").
func (s *Service) Save(ctx context.Context, by model.Operator, id int64, in Input) (View, error) {
	return s.change(ctx, id, in.Version, func(tx *gorm.DB, n *model.Notice) error {
		if !n.State.Editable() {
			return model.Refuse(model.ErrConflict, "state", "发出过的通知不能再改")
		}
		if err := s.put(tx, n, in); err != nil {
			return err
		}
		n.State, n.Version, n.UpdatedBy, n.LastError = model.NoticeDraft, n.Version+1, by.Name, ""
		return s.trail(tx, by, "notice.save", *n, "")
	})
}

// Delete takes away a notice of which nothing has left the house.
func (s *Service) Delete(ctx context.Context, by model.Operator, id int64) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		n, err := s.lock(tx, id)
		if err != nil {
			return err
		}
		if !n.State.Editable() {
			return model.Refuse(model.ErrConflict, "state", "发出过的通知要留作记录，不能删除")
		}
		if err := tx.Where("notice_id = ?", id).Delete(&model.NoticePreview{}).Error; err != nil {
			return fmt.Errorf("delete notice %d: %w", id, err)
		}
		if err := tx.Delete(&n).Error; err != nil {
			return fmt.Errorf("delete notice %d: %w", id, err)
		}
		return s.trail(tx, by, "notice.delete", n, "")
	})
}

// change locks notice id, lets fn alter it, and writes it, all in one transaction.
func (s *Service) change(ctx context.Context, id, version int64, fn func(tx *gorm.DB, n *model.Notice) error) (View, error) {
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		n, err := s.lock(tx, id)
		if err != nil {
			return err
		}
		if version != 0 && version != n.Version {
			return model.Refuse(model.ErrConflict, "version", fmt.Sprintf("%s 刚刚保存了第 %d 版，您看到的是第 %d 版；请刷新后再看", n.UpdatedBy, n.Version, version))
		}
		if err := fn(tx, &n); err != nil {
			return err
		}
		n.UpdatedAt = model.Milli(s.now())
		err = tx.Model(&n).Select("kind", "template_id", "title", "content", "words", "nameless", "url", "mini_appid", "mini_path", "filter", "state", "version", "content_hash", "total", "step", "resume_at",
			"last_error", "asked_by_id", "asked_by", "updated_by", "sent_by", "sent_at", "ended_at", "updated_at").Updates(n).Error
		if err != nil {
			return fmt.Errorf("notice %d: %w", id, err)
		}
		return nil
	})
	if err != nil {
		return View{}, err
	}
	return s.Get(ctx, id)
}

func (s *Service) lock(tx *gorm.DB, id int64) (model.Notice, error) {
	var n model.Notice
	err := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, id).Take(&n).Error
	return n, missing(err, id)
}

func missing(err error, id int64) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这次通知")
	}
	if err != nil {
		return fmt.Errorf("notice %d: %w", id, err)
	}
	return nil
}

func (s *Service) trail(tx *gorm.DB, by model.Operator, action string, n model.Notice, reason string) error {
	after := map[string]any{"title": n.Title, "kind": n.Kind, "status": n.State, "version": n.Version, "target": n.Total, "filter": json.RawMessage(n.Filter), "content_hash": n.ContentHash}
	return s.operators.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "notice", ObjectID: strconv.FormatInt(n.ID, 10), After: model.AuditJSON(after), Reason: reason})
}
