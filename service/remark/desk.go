package remark

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// The operator's side: what is shown, answered, pinned and deleted.

type settingRow struct {
	AppID     string `gorm:"column:appid;primaryKey"`
	How       model.RemarkHow
	UpdatedBy string
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

func (settingRow) TableName() string { return "remark_settings" }

func (s *Service) how(db *gorm.DB) (model.RemarkHow, error) {
	var rows []settingRow
	if err := db.Where("appid = ?", s.AppID).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return model.RemarkFirst, err
	}
	return rows[0].How, nil
}

// How tells when comments are looked at.
func (s *Service) How(ctx context.Context) (model.RemarkHow, error) {
	return s.how(s.DB.WithContext(ctx))
}

// SetHow says when comments are looked at. What is shown or waits stays so.
func (s *Service) SetHow(ctx context.Context, by model.Operator, how model.RemarkHow) error {
	if !how.Known() {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "没有这种方式").Field("how", "应为 first、after 或 off")
	}
	return store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		was, err := s.how(tx)
		if err != nil || was == how {
			return err
		}
		row := settingRow{AppID: s.AppID, How: how, UpdatedBy: by.Name, UpdatedAt: model.Milli(s.Now())}
		if err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "appid"}}, DoUpdates: clause.AssignmentColumns([]string{"how", "updated_by", "updated_at"})}).Create(&row).Error; err != nil {
			return err
		}
		return s.audit(tx, by, "remark.setting", 0, map[string]any{"how": was}, map[string]any{"how": how})
	})
}

// Filter narrows the desk's list.
type Filter struct {
	CourseID int64
	State    model.RemarkState
	Before   int64 // id; 0: from the top
	Limit    int
}

// List gives comments to the desk, the newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]model.Remark, error) {
	q := s.DB.WithContext(ctx).Where("appid = ? AND deleted_at IS NULL", s.AppID)
	if f.CourseID > 0 {
		q = q.Where("course_id = ?", f.CourseID)
	}
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	if f.Before > 0 {
		q = q.Where("id < ?", f.Before)
	}
	out := []model.Remark{}
	if err := q.Order("id DESC").Limit(f.Limit).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("comments: %w", err)
	}
	return out, nil
}

// Waiting counts what an operator has to look at.
func (s *Service) Waiting(ctx context.Context) (int64, error) {
	var n int64
	err := s.DB.WithContext(ctx).Model(&model.Remark{}).Where("appid = ? AND state = ? AND deleted_at IS NULL", s.AppID, model.RemarkWaiting).Count(&n).Error
	if err != nil {
		return 0, fmt.Errorf("comments that wait: %w", err)
	}
	return n, nil
}

// Show lets a comment be seen. Twice changes nothing. ErrConflict while WeChat has not been heard.
func (s *Service) Show(ctx context.Context, by model.Operator, id int64) (model.Remark, error) {
	return s.change(ctx, by, id, "remark.show", func(r *model.Remark) (bool, error) {
		if s.hearing(r) {
			return false, unheard()
		}
		if r.State == model.RemarkShown {
			return false, nil
		}
		r.State, r.Why = model.RemarkShown, ""
		return true, nil
	})
}

// Refuse keeps a comment from being seen, with a reason its writer reads.
func (s *Service) Refuse(ctx context.Context, by model.Operator, id int64, reason string) (model.Remark, error) {
	why, err := model.RemarkWhy(reason)
	if err != nil {
		return model.Remark{}, err
	}
	return s.change(ctx, by, id, "remark.refuse", func(r *model.Remark) (bool, error) {
		if s.hearing(r) {
			return false, unheard()
		}
		changed := r.State != model.RemarkRefused || r.Why != why
		r.State, r.Why, r.Pinned = model.RemarkRefused, why, false
		return changed, nil
	})
}

// Pin puts a shown comment first, or takes it from there. ErrConflict when it is not shown, or the course has enough.
func (s *Service) Pin(ctx context.Context, by model.Operator, id int64, on bool) (model.Remark, error) {
	action := "remark.pin"
	if !on {
		action = "remark.unpin"
	}
	return s.changeTx(ctx, by, id, action, func(tx *gorm.DB, r *model.Remark) (bool, error) {
		if r.Pinned == on {
			return false, nil
		}
		if on && r.State != model.RemarkShown {
			return false, model.Refuse(model.ErrConflict, model.CodeConflict, "显示出来的评论才能置顶")
		}
		if on {
			var n int64
			if err := tx.Model(&model.Remark{}).Where("course_id = ? AND pinned = ? AND deleted_at IS NULL", r.CourseID, true).Count(&n).Error; err != nil {
				return false, err
			}
			if n >= model.RemarkPinsMost {
				return false, model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("一门课最多置顶 %d 条，先取消一条", model.RemarkPinsMost))
			}
		}
		r.Pinned = on
		return true, nil
	})
}

// Reply writes our answer under a comment, or with an empty text takes it away.
func (s *Service) Reply(ctx context.Context, by model.Operator, id int64, typed string) (model.Remark, error) {
	text, action := "", "remark.unreply"
	if typed != "" {
		var err error
		if text, err = model.RemarkText("content", typed); err != nil {
			return model.Remark{}, err
		}
		action = "remark.reply"
	}
	return s.change(ctx, by, id, action, func(r *model.Remark) (bool, error) {
		if r.Answer == text {
			return false, nil
		}
		r.Answer, r.AnsweredBy, r.AnsweredAt = text, "", nil
		if text != "" {
			now := model.Milli(s.Now())
			r.AnsweredBy, r.AnsweredAt = by.Name, &now
		}
		return true, nil
	})
}

// Delete takes a comment away for good: its text is gone.
func (s *Service) Delete(ctx context.Context, by model.Operator, id int64) error {
	return store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		if _, err := s.lock(tx, id); err != nil {
			return err
		}
		if err := s.drop(tx, id); err != nil {
			return err
		}
		return s.audit(tx, by, "remark.delete", id, nil, nil)
	})
}

func (s *Service) change(ctx context.Context, by model.Operator, id int64, action string, fn func(*model.Remark) (bool, error)) (model.Remark, error) {
	return s.changeTx(ctx, by, id, action, func(_ *gorm.DB, r *model.Remark) (bool, error) { return fn(r) })
}

// changeTx does one act of an operator on a locked comment; fn says whether anything changed.
func (s *Service) changeTx(ctx context.Context, by model.Operator, id int64, action string, fn func(*gorm.DB, *model.Remark) (bool, error)) (model.Remark, error) {
	var r model.Remark
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		var err error
		if r, err = s.lock(tx, id); err != nil {
			return err
		}
		was := r.State
		changed, err := fn(tx, &r)
		if err != nil || !changed {
			return err
		}
		if was != r.State {
			now := model.Milli(s.Now())
			r.ReviewedBy, r.ReviewedAt = by.Name, &now
		}
		err = tx.Model(&model.Remark{}).Where("id = ?", id).Select("state", "why", "pinned", "answer", "answered_by", "answered_at", "reviewed_by", "reviewed_at").Updates(&r).Error
		if err != nil {
			return err
		}
		return s.audit(tx, by, action, id, map[string]any{"state": was}, map[string]any{"state": r.State, "course_id": r.CourseID})
	})
	return r, err
}

func (s *Service) lock(tx *gorm.DB, id int64) (model.Remark, error) {
	var r model.Remark
	err := store.Lock(tx).Where("id = ? AND appid = ? AND deleted_at IS NULL", id, s.AppID).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return r, notFound(id)
	}
	return r, err
}

// audit names the act, never the words: they are the learner's, and go when the learner wants them gone.
func (s *Service) audit(tx *gorm.DB, by model.Operator, action string, id int64, before, after map[string]any) error {
	e := model.AuditEntry{AppID: s.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "remark", Before: model.AuditJSON(before), After: model.AuditJSON(after)}
	if id > 0 {
		e.ObjectID = strconv.FormatInt(id, 10)
	}
	return s.Audit.Audit(tx, e)
}

// hearing holds while WeChat may still say what it thinks of a comment. After an hour people decide: it may be away for longer
// than a job tries.
func (s *Service) hearing(r *model.Remark) bool {
	return r.State == model.RemarkChecking && s.Now().Sub(r.CreatedAt) < time.Hour
}

func unheard() error {
	return model.Refuse(model.ErrConflict, model.CodeConflict, "微信的内容检查还没有结果，等一会儿再看")
}
