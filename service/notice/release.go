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

// Reach counts whom a filter would reach now: who follows and is not blocked.
func (s *Service) Reach(ctx context.Context, f model.FollowerFilter) (int64, error) {
	return s.fans.CountReachable(ctx, f)
}

// People counts whom notice id would go to if it were confirmed now.
func (s *Service) People(ctx context.Context, id int64) (int64, error) {
	v, err := s.Get(ctx, id)
	if err != nil {
		return 0, err
	}
	if v.AgainOf == nil {
		f, err := filterOf(v.Notice)
		if err != nil {
			return 0, err
		}
		return s.fans.CountReachable(ctx, f)
	}
	fans, err := s.audience(ctx, v.Notice)
	return int64(len(fans)), err
}

// filterOf is whom n is for.
func filterOf(n model.Notice) (f model.FollowerFilter, err error) {
	if err = json.Unmarshal([]byte(n.Filter), &f); err != nil {
		err = fmt.Errorf("notice %d: %w", n.ID, err)
	}
	return f, err
}

// audience is whom n goes to, as of now.
func (s *Service) audience(ctx context.Context, n model.Notice) ([]model.Follower, error) {
	if n.AgainOf == nil {
		f, err := filterOf(n)
		if err != nil {
			return nil, err
		}
		return s.fans.Reachable(ctx, f)
	}
	var out []model.Follower
	for after := int64(0); ; {
		var rows []model.NoticeSend
		if err := s.db.WithContext(ctx).Where("notice_id = ? AND state = ? AND id > ? AND follower_id > 0", *n.AgainOf, model.NoticeMissed, after).Order("id").Limit(500).Find(&rows).Error; err != nil {
			return nil, fmt.Errorf("failed of notice %d: %w", *n.AgainOf, err)
		}
		if len(rows) == 0 {
			return out, nil
		}
		ids := make([]int64, 0, len(rows))
		for _, r := range rows {
			ids = append(ids, r.FollowerID)
			after = r.ID
		}
		fans, err := s.fans.Among(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if f, ok := fans[id]; ok && f.Subscribed && !f.Blocked {
				out = append(out, f)
			}
		}
	}
}

// Preview sends notice id to one fan, as it would arrive. A subscription notice spends one of the fan's consents.
func (s *Service) Preview(ctx context.Context, by model.Operator, id, followerID int64) (View, error) {
	v, err := s.Get(ctx, id)
	if err != nil {
		return v, err
	}
	if !v.State.Editable() {
		return v, model.Refuse(model.ErrConflict, "state", "已经发出，不能再预览")
	}
	fans, err := s.fans.Among(ctx, []int64{followerID})
	if err != nil {
		return v, err
	}
	fan, ok := fans[followerID]
	if !ok || !fan.Subscribed {
		return v, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("follower_id", "请选一位关注中的粉丝")
	}
	if _, err := s.wechat.SendNotice(ctx, fan.OpenID, v.Message(fan.Remark, "")); err != nil {
		return v, err
	}
	err = store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		p := model.NoticePreview{AppID: s.appid, NoticeID: id, ContentHash: v.ContentHash, OpenID: string(fan.OpenID), Operator: by.Name, CreatedAt: model.Milli(s.now())}
		if err := tx.Create(&p).Error; err != nil {
			return fmt.Errorf("preview of notice %d: %w", id, err)
		}
		return s.trail(tx, by, "notice.preview", v.Notice, "")
	})
	if err != nil {
		return v, err
	}
	return s.Get(ctx, id)
}

// Submit asks the others for their yes. It wants a preview of exactly this content first.
func (s *Service) Submit(ctx context.Context, by model.Operator, id, version int64) (View, error) {
	return s.change(ctx, id, version, func(tx *gorm.DB, n *model.Notice) error {
		if n.State != model.NoticeDraft {
			return model.Refuse(model.ErrConflict, "state", "已经提交过，或已经发出")
		}
		var seen int64
		if err := tx.Model(&model.NoticePreview{}).Where("notice_id = ? AND content_hash = ?", id, n.ContentHash).Limit(1).Count(&seen).Error; err != nil {
			return fmt.Errorf("previews of notice %d: %w", id, err)
		}
		if seen == 0 {
			return model.Refuse(model.ErrConflict, "not_previewed", "请先把这一版预览发给一位粉丝看过")
		}
		n.State, n.AskedByID, n.AskedBy, n.LastError = model.NoticeWaiting, by.ID, by.Name, ""
		return s.trail(tx, by, "notice.submit", *n, "")
	})
}

// Return sends notice id back to its writer with a word.
func (s *Service) Return(ctx context.Context, by model.Operator, id, version int64, comment string) (View, error) {
	return s.change(ctx, id, version, func(tx *gorm.DB, n *model.Notice) error {
		if n.State != model.NoticeWaiting {
			return model.Refuse(model.ErrConflict, "state", "只有待确认的通知能退回")
		}
		n.State, n.LastError = model.NoticeDraft, ""
		if comment != "" {
			n.LastError = model.Cut(by.Name+" 退回："+comment, 500)
		}
		return s.trail(tx, by, "notice.return", *n, comment)
	})
}

// Confirm is by's yes to what notice id says, and to the people it goes to: it goes out at once. Who asked cannot confirm.
func (s *Service) Confirm(ctx context.Context, by model.Operator, id, version, people int64) (View, error) {
	return s.release(ctx, by, id, version, people, "notice.confirm", func(_ *gorm.DB, n *model.Notice) error {
		switch {
		case n.State != model.NoticeWaiting:
			return model.Refuse(model.ErrConflict, "state", "内容改过，或还没有提交确认")
		case n.AskedByID == by.ID:
			return model.Refuse(model.ErrConflict, "own", "要由提交的人之外的另一位同事确认")
		}
		return nil
	})
}

// Send lets notice id go where one person is enough. Pressing twice sends once; the second press is ErrConflict "state".
func (s *Service) Send(ctx context.Context, by model.Operator, id, version, people int64) (View, error) {
	return s.release(ctx, by, id, version, people, "notice.send", func(tx *gorm.DB, n *model.Notice) error {
		if n.State != model.NoticeDraft {
			return model.Refuse(model.ErrConflict, "state", "已经发出，不会再发一次；待确认的由另一位同事确认")
		}
		two, err := s.operators.TwoPerson(tx)
		if err == nil && two {
			err = model.Refuse(model.ErrConflict, "not_confirmed", "通知要由另一位同事确认")
		}
		return err
	})
}

// release writes down who gets it, no more than the people who were confirmed, and begins.
func (s *Service) release(ctx context.Context, by model.Operator, id, version, people int64, action string, may func(tx *gorm.DB, n *model.Notice) error) (View, error) {
	v, err := s.Get(ctx, id)
	if err != nil {
		return v, err
	}
	fans, err := s.audience(ctx, v.Notice)
	if err != nil {
		return v, err
	}
	return s.change(ctx, id, version, func(tx *gorm.DB, n *model.Notice) error {
		if err := may(tx, n); err != nil {
			return err
		}
		switch {
		case n.ContentHash != v.ContentHash:
			return model.Refuse(model.ErrConflict, "version", "内容刚刚改过，请刷新后再看")
		case len(fans) == 0:
			return model.Refuse(model.ErrConflict, model.CodeConflict, "没有关注中的粉丝符合条件")
		case int64(len(fans)) > people:
			return model.Refuse(model.ErrConflict, "people", fmt.Sprintf("符合条件的粉丝现在有 %d 位，比确认的 %d 位多，请重新确认", len(fans), people))
		}
		if err := s.known(tx, n); err != nil {
			return err
		}
		now := model.Milli(s.now())
		rows := make([]model.NoticeSend, len(fans))
		for i, f := range fans {
			rows[i] = model.NoticeSend{AppID: s.appid, NoticeID: id, FollowerID: f.ID, OpenID: string(f.OpenID), State: model.NoticeToSend, UpdatedAt: now}
		}
		if err := tx.CreateInBatches(rows, 1000).Error; err != nil {
			return fmt.Errorf("fans of notice %d: %w", id, err)
		}
		n.State, n.Total, n.SentBy, n.SentAt, n.LastError = model.NoticeSending, int64(len(fans)), by.Name, &now, ""
		if err := s.next(tx, n); err != nil {
			return err
		}
		return s.trail(tx, by, action, *n, "")
	})
}

// known refuses when the template went away, or says something else by now.
func (s *Service) known(tx *gorm.DB, n *model.Notice) error {
	var t []model.NoticeTemplate
	if err := tx.Where("appid = ? AND kind = ? AND template_id = ?", s.appid, n.Kind, n.TemplateID).Limit(1).Find(&t).Error; err != nil {
		return fmt.Errorf("template of notice %d: %w", n.ID, err)
	}
	if len(t) == 0 || t[0].Content != n.Content {
		return model.Refuse(model.ErrConflict, "template", "模板在微信后台改过或删掉了，请打开修改，重新选模板再存一次")
	}
	return nil
}

// Stop ends a notice where it is; what went out stays, and it may be gone on with.
func (s *Service) Stop(ctx context.Context, by model.Operator, id int64) (View, error) {
	return s.change(ctx, id, 0, func(tx *gorm.DB, n *model.Notice) error {
		if n.State != model.NoticeSending {
			return model.Refuse(model.ErrConflict, "state", "它现在没有在发")
		}
		n.State, n.ResumeAt = model.NoticeStopped, nil
		return s.trail(tx, by, "notice.stop", *n, "")
	})
}

// Resume lets one that waits, was stopped or failed go on to those who have not had it.
func (s *Service) Resume(ctx context.Context, by model.Operator, id int64) (View, error) {
	return s.change(ctx, id, 0, func(tx *gorm.DB, n *model.Notice) error {
		if n.Swept != "" {
			return gone()
		}
		switch n.State {
		case model.NoticeStopped, model.NoticeFailed:
		case model.NoticeSending:
			if n.ResumeAt == nil {
				return nil
			}
		default:
			return model.Refuse(model.ErrConflict, "state", "没有可以接着发的")
		}
		n.State, n.ResumeAt, n.EndedAt, n.Step, n.LastError = model.NoticeSending, nil, nil, n.Step+1, ""
		if err := s.next(tx, n); err != nil {
			return err
		}
		return s.trail(tx, by, "notice.resume", *n, "")
	})
}

// Again writes a draft of the same words for those alone whom notice id failed to reach; who refused, and of whom it
// is not known, are not among them. There is one such draft or notice at a time: ErrConflict when there is one.
func (s *Service) Again(ctx context.Context, by model.Operator, id int64) (View, error) {
	made := int64(0)
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		n, err := s.lock(tx, id)
		if err != nil {
			return err
		}
		if n.State.Editable() || n.State == model.NoticeSending {
			return model.Refuse(model.ErrConflict, "state", "还没有发完")
		}
		if n.Swept != "" {
			return gone()
		}
		var failed int64
		if err := tx.Model(&model.NoticeSend{}).Where("notice_id = ? AND state = ? AND follower_id > 0", id, model.NoticeMissed).Limit(1).Count(&failed).Error; err != nil {
			return fmt.Errorf("failed of notice %d: %w", id, err)
		}
		if failed == 0 {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "没有发送失败的人")
		}
		now := model.Milli(s.now())
		x := model.Notice{AppID: s.appid, Kind: n.Kind, TemplateID: n.TemplateID, Title: n.Title, Content: n.Content, Words: n.Words, Nameless: n.Nameless, URL: n.URL, MiniAppID: n.MiniAppID, MiniPath: n.MiniPath,
			Filter: "{}", AgainOf: &id, State: model.NoticeDraft, Version: 1, CreatedBy: by.Name, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
		x.ContentHash = x.Hash()
		if err := tx.Create(&x).Error; err != nil {
			return err
		}
		made = x.ID
		return s.trail(tx, by, "notice.again", x, "")
	})
	if _, dup := store.Duplicate(err); dup {
		return View{}, model.Refuse(model.ErrConflict, "again", "已经建过重发的通知，在列表里")
	}
	if err != nil {
		return View{}, err
	}
	return s.Get(ctx, made)
}

type payload struct {
	ID int64 `json:"id"`
}

func stepKey(n *model.Notice) string { return fmt.Sprintf("%d:%d", n.ID, n.Step) }

// next adds the job of the notice's step; its key is the step's, so it is there once.
func (s *Service) next(tx *gorm.DB, n *model.Notice) error {
	at := time.Time{}
	if n.ResumeAt != nil {
		at = *n.ResumeAt
	}
	return s.jobs.Add(tx, Job, stepKey(n), payload{n.ID}, at)
}

// Watch sees that each notice under way has its job, should the last one have been lost: a line of the timetable.
func (s *Service) Watch(ctx context.Context) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var open []model.Notice
		if err := tx.Where("appid = ? AND state = ?", s.appid, model.NoticeSending).Find(&open).Error; err != nil {
			return fmt.Errorf("notices under way: %w", err)
		}
		for i := range open {
			n := &open[i]
			dead, err := s.jobs.Dead(tx, Job, stepKey(n))
			if err == nil && !dead {
				err = s.next(tx, n)
			} else if err == nil {
				err = tx.Model(&model.Notice{}).Where("id = ? AND step = ? AND state = ?", n.ID, n.Step, model.NoticeSending).
					Updates(map[string]any{"state": model.NoticeFailed, "resume_at": nil, "last_error": "后台任务多次失败，已停下；可以接着发", "ended_at": model.Milli(s.now()), "updated_at": model.Milli(s.now())}).Error
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
