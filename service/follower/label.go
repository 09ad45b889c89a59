package follower

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// LabelJob is the kind of the job that puts a tag on the fans who wait for it.
const LabelJob = "follower.label"

// labelRow is a fan who waits for a tag.
type labelRow struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	TagID     int64
	OpenID    string    `gorm:"column:openid"`
	DueAt     time.Time // not before
	CreatedAt time.Time
}

func (labelRow) TableName() string { return "follower_labels" }

type labelPayload struct {
	TagID int64 `json:"tag_id"`
}

// HasTag tells whether the account has a tag.
func (s *Service) HasTag(ctx context.Context, id int64) (bool, error) {
	_, err := s.tag(ctx, id)
	if errors.Is(err, model.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Label has a tag put on a fan, after the caller's commit. Who wears it already, or waits for it, is left alone. The
// job is the timetable's to add: its row would be one that all pushes wait for.
func (s *Service) Label(tx *gorm.DB, tagID int64, openid model.OpenID) error {
	var worn int64
	if err := tx.Table("follower_tags w").Joins("JOIN followers f ON f.id = w.follower_id").Where("w.appid = ? AND w.tag_id = ? AND f.appid = ? AND f.openid = ?", s.appid, tagID, s.appid, string(openid)).Count(&worn).Error; err != nil {
		return fmt.Errorf("label: %w", err)
	}
	if worn > 0 {
		return nil
	}
	now := model.Milli(time.Now())
	if err := tx.Clauses(nothing).Create(&labelRow{AppID: s.appid, TagID: tagID, OpenID: string(openid), DueAt: now, CreatedAt: now}).Error; err != nil {
		return fmt.Errorf("label: %w", err)
	}
	return nil
}

// PlanLabels gives every tag that somebody waits for a job, one at a time. A line of the timetable: the scans of a few
// seconds are one call to WeChat.
func (s *Service) PlanLabels(ctx context.Context) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var tags []int64
		if err := tx.Model(&labelRow{}).Distinct("tag_id").Where("appid = ? AND due_at <= ?", s.appid, model.Milli(time.Now())).Order("tag_id").Pluck("tag_id", &tags).Error; err != nil {
			return fmt.Errorf("labels: %w", err)
		}
		for _, id := range tags {
			if err := s.jobs.Add(tx, LabelJob, s.appid+":"+strconv.FormatInt(id, 10), labelPayload{id}, time.Time{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// PutLabels puts a tag on the fans who wait for it, 50 in a call: the job LabelJob. Twice is safe: WeChat takes a tag
// that is there already, and the history has one line. Who left, or bears 20 tags, waits no longer; when the day's
// calls are used up all wait until WeChat's day begins anew.
func (s *Service) PutLabels(ctx context.Context, payload json.RawMessage) error {
	var p labelPayload
	if err := json.Unmarshal(payload, &p); err != nil {
		return fmt.Errorf("labels: %w: %w", model.ErrInvalid, err)
	}
	t, err := s.tag(ctx, p.TagID)
	if errors.Is(err, model.ErrNotFound) {
		return s.unlabel(ctx, p.TagID)
	}
	if err != nil {
		return err
	}
	for end := time.Now().Add(stint); time.Now().Before(end); {
		var waiting []labelRow
		if err := s.db.WithContext(ctx).Where("appid = ? AND tag_id = ? AND due_at <= ?", s.appid, p.TagID, model.Milli(time.Now())).Order("id").Limit(model.TagFansMost).Find(&waiting).Error; err != nil {
			return fmt.Errorf("labels of tag %d: %w", p.TagID, err)
		}
		if len(waiting) == 0 {
			return nil
		}
		if err := s.label(ctx, t, waiting); err != nil {
			if model.CallCode(err) == "45159" { // WeChat does not know the tag any more
				return s.unlabel(ctx, p.TagID)
			}
			if ctx.Err() != nil || !errors.Is(err, model.ErrUnavailable) && !errors.Is(err, model.ErrForbidden) {
				return err
			}
			at := time.Now()
			pause := model.CallPause(model.CallCode(err), at)
			if errors.Is(err, model.ErrForbidden) {
				pause = time.Hour // an account without the right may get it
			}
			slog.Warn("labels wait", "tag", p.TagID, "fans", len(waiting), "err", err)
			return s.db.WithContext(context.WithoutCancel(ctx)).Model(&labelRow{}).Where("appid = ? AND tag_id = ?", s.appid, p.TagID).Update("due_at", model.Milli(at.Add(pause))).Error
		}
	}
	return nil // the timetable goes on
}

// label tells WeChat of some fans who wait, and writes down what it did.
func (s *Service) label(ctx context.Context, t tagRow, waiting []labelRow) error {
	openids, ids := make([]string, 0, len(waiting)), make([]int64, 0, len(waiting))
	for _, w := range waiting {
		openids, ids = append(openids, w.OpenID), append(ids, w.ID)
	}
	var fans []row
	if err := s.db.WithContext(ctx).Where("appid = ? AND openid IN ? AND subscribed = ?", s.appid, openids, true).Order("id").Find(&fans).Error; err != nil {
		return fmt.Errorf("labels of tag %d: %w", t.TagID, err)
	}
	worn, err := s.worn(ctx, idsOf(fans))
	if err != nil {
		return err
	}
	fans = slices.DeleteFunc(fans, func(f row) bool {
		return len(worn[f.ID]) >= fanTags || slices.ContainsFunc(worn[f.ID], func(x model.Tag) bool { return x.ID == t.TagID })
	})
	if len(fans) > 0 {
		err := s.ask.TagFans(ctx, t.TagID, openidsOf(fans), true)
		if model.CallCode(err) != "45159" && (errors.Is(err, model.ErrInvalid) || errors.Is(err, model.ErrConflict)) { // one of them spoils the call for all
			if fans, err = s.oneByOne(ctx, t, fans); err != nil {
				return err
			}
		} else if err != nil {
			return fmt.Errorf("labels of tag %d: %w", t.TagID, err)
		}
	}
	now := model.Milli(s.now())
	return store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		add, history := make([]wornRow, 0, len(fans)), make([]changeRow, 0, len(fans))
		for _, f := range fans {
			add = append(add, wornRow{s.appid, t.TagID, f.ID})
			history = append(history, changeRow{AppID: s.appid, OpenID: f.OpenID, Kind: model.FollowerTag, Scene: model.Cut(t.Name, model.SceneMost), PushKey: "label:" + strconv.FormatInt(waitingOf(waiting, f.OpenID), 10), HappenedAt: now})
		}
		if err := s.give(tx, add); err != nil {
			return err
		}
		if len(history) > 0 {
			if err := tx.Clauses(nothing).Create(&history).Error; err != nil {
				return fmt.Errorf("labels of tag %d: %w", t.TagID, err)
			}
		}
		return tx.Where("id IN ?", ids).Delete(&labelRow{}).Error
	})
}

func waitingOf(waiting []labelRow, openid string) int64 {
	for _, w := range waiting {
		if w.OpenID == openid {
			return w.ID
		}
	}
	return 0
}

// oneByOne gives those of fans that WeChat puts the tag on when asked for each alone.
func (s *Service) oneByOne(ctx context.Context, t tagRow, fans []row) (good []row, err error) {
	for _, f := range fans {
		err := s.ask.TagFans(ctx, t.TagID, []model.OpenID{model.OpenID(f.OpenID)}, true)
		switch {
		case err == nil:
			good = append(good, f)
		case errors.Is(err, model.ErrInvalid) || errors.Is(err, model.ErrConflict):
			slog.Warn("a fan gets no label", "tag", t.TagID, "follower_id", f.ID, "err", err)
		default:
			return good, fmt.Errorf("labels of tag %d: %w", t.TagID, err)
		}
	}
	return good, nil
}

// unlabel lets nobody wait any more for a tag that is gone.
func (s *Service) unlabel(ctx context.Context, tagID int64) error {
	if err := s.db.WithContext(ctx).Where("appid = ? AND tag_id = ?", s.appid, tagID).Delete(&labelRow{}).Error; err != nil {
		return fmt.Errorf("labels of tag %d: %w", tagID, err)
	}
	return nil
}
