package homework

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// The kinds of the jobs: WeChat is asked about a hand-in, tells what it thinks of a picture, and files are removed.
const (
	CheckJob  = "homework.check"
	JudgedJob = "homework.judged"
	ForgetJob = "homework.forget"
)

const (
	// unheard is how long WeChat's word about a picture is waited for; it promises half an hour.
	unheard = 2 * time.Hour
	// unasked is how long a hand-in is tried to be asked about; the job has given up by then.
	unasked = 24 * time.Hour
)

type payload struct {
	ID int64 `json:"id"`
}

// Check has WeChat look at a hand-in: the text at once, the pictures by a push that comes later. Twice does no harm; an
// error tries again later, and the hand-in stays unseen.
func (s *Service) Check(ctx context.Context, raw json.RawMessage) error {
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		return fmt.Errorf("check homework: %w", err)
	}
	sub, openid, err := s.asked(ctx, p.ID)
	if err != nil || sub.ID == 0 {
		return err
	}
	if sub.Verdict == "" {
		v, err := s.Checks.Judge(ctx, openid, sub.Content)
		if err != nil {
			return fmt.Errorf("check homework %d: %w", p.ID, err)
		}
		if err := s.judged(ctx, sub.ID, func(tx *gorm.DB) error {
			return tx.Model(&model.HomeworkSubmission{}).Where("id = ? AND verdict = ''", sub.ID).UpdateColumn("verdict", v).Error
		}); err != nil {
			return err
		}
	}
	for _, x := range sub.Pictures {
		if x.Verdict != "" || x.TraceID != "" {
			continue
		}
		trace, v, err := s.Checks.AskPicture(ctx, openid, s.Files.Sign(x.Address))
		if err != nil {
			return fmt.Errorf("check picture %d: %w", x.ID, err)
		}
		if err := s.judged(ctx, sub.ID, func(tx *gorm.DB) error {
			return tx.Model(&model.HomeworkPicture{}).Where("id = ? AND trace_id = '' AND verdict = ''", x.ID).
				UpdateColumns(map[string]any{"trace_id": trace, "verdict": v, "asked_at": model.Milli(s.Now())}).Error
		}); err != nil {
			return err
		}
	}
	return nil
}

// asked gives a hand-in with its writer's openid; ID 0: forgotten meanwhile.
func (s *Service) asked(ctx context.Context, id int64) (model.HomeworkSubmission, model.OpenID, error) {
	var list []model.HomeworkSubmission
	var openid model.OpenID
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		list, openid = nil, ""
		if err := tx.Where("id = ? AND appid = ?", id, s.AppID).Limit(1).Find(&list).Error; err != nil || len(list) == 0 {
			return err
		}
		l, err := s.Learners.Lock(tx, list[0].LearnerID)
		if err != nil {
			return err
		}
		openid = l.OpenID
		return withPictures(tx, list)
	})
	if err != nil || len(list) == 0 {
		return model.HomeworkSubmission{}, "", err
	}
	return list[0], openid, nil
}

// judged keeps something WeChat said of a hand-in; what is risky comes back to its writer and is shown to nobody.
func (s *Service) judged(ctx context.Context, id int64, keep func(tx *gorm.DB) error) error {
	return store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		var list []model.HomeworkSubmission
		if err := store.Lock(tx).Where("id = ? AND appid = ?", id, s.AppID).Limit(1).Find(&list).Error; err != nil || len(list) == 0 {
			return err
		}
		if err := keep(tx); err != nil {
			return err
		}
		if err := tx.Where("id = ?", id).Take(&list[0]).Error; err != nil {
			return err
		}
		if err := withPictures(tx, list); err != nil {
			return err
		}
		if list[0].Check() != string(model.TextRisky) {
			return nil
		}
		if err := tx.Model(&model.HomeworkSubmission{}).Where("id = ?", id).UpdateColumn("featured", false).Error; err != nil {
			return err
		}
		now := model.Milli(s.Now())
		return tx.Model(&model.HomeworkSubmission{}).Where("id = ? AND state = ?", id, model.HomeworkWaiting).
			UpdateColumns(map[string]any{"state": model.HomeworkReturned, "words": model.HomeworkByWeChat, "marked_at": now}).Error
	})
}

type verdict struct {
	TraceID string            `json:"trace_id"`
	Verdict model.TextVerdict `json:"verdict"`
	HeardAt time.Time         `json:"heard_at"`
}

// Take hears WeChat's word about pictures: the event wxa_media_check. It is acted on by a job, because it may come before
// the number it names was kept. Source: 多媒体内容安全识别.
func (s *Service) Take(tx *gorm.DB, kept []*model.Kept) error {
	for _, k := range kept {
		trace := k.Get("trace_id")
		if k.AppID != s.AppID || k.Event != "wxa_media_check" || trace == "" || len(trace) > 128 {
			continue
		}
		v := model.TextVerdict(k.Get("result.suggest"))
		if code := k.Get("errcode"); code != "" && code != "0" || v != model.TextPass && v != model.TextReview && v != model.TextRisky {
			v = model.TextUnknown
		}
		if err := s.Jobs.Add(tx, JudgedJob, trace, verdict{trace, v, model.Milli(s.Now())}, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// Judged acts on WeChat's word about a picture. Twice is once. An error where no picture has the number yet, to be tried
// again; after a while it is nobody's: of a picture that was forgotten or asked about twice.
func (s *Service) Judged(ctx context.Context, raw json.RawMessage) error {
	var v verdict
	if err := json.Unmarshal(raw, &v); err != nil || v.TraceID == "" {
		return fmt.Errorf("a picture's check: %w", errors.Join(err, model.ErrInvalid))
	}
	var p model.HomeworkPicture
	err := s.DB.WithContext(ctx).Where("trace_id = ? AND appid = ?", v.TraceID, s.AppID).Take(&p).Error
	if errors.Is(err, gorm.ErrRecordNotFound) && s.Now().Sub(v.HeardAt) > unheard {
		return nil
	}
	if err != nil {
		return fmt.Errorf("picture of check %s: %w", v.TraceID, err)
	}
	return s.judged(ctx, p.SubmissionID, func(tx *gorm.DB) error {
		return tx.Model(&model.HomeworkPicture{}).Where("id = ? AND verdict IN ('', ?)", p.ID, model.TextUnknown).UpdateColumn("verdict", v.Verdict).Error
	})
}

// Sweep gives up waiting for WeChat's word, where it was asked and where it could not be, and forgets pictures nobody
// handed in within a day.
func (s *Service) Sweep(ctx context.Context) error {
	now := model.Milli(s.Now())
	db := s.DB.WithContext(ctx)
	err := db.Model(&model.HomeworkPicture{}).Where("appid = ? AND verdict = '' AND (asked_at < ? OR asked_at IS NULL AND submission_id > 0 AND created_at < ?)", s.AppID, now.Add(-unheard), now.Add(-2*unasked)).UpdateColumn("verdict", model.TextUnknown).Error
	if err != nil {
		return fmt.Errorf("pictures WeChat did not judge: %w", err)
	}
	if err := db.Model(&model.HomeworkSubmission{}).Where("appid = ? AND verdict = '' AND created_at < ?", s.AppID, now.Add(-unasked)).UpdateColumn("verdict", model.TextUnknown).Error; err != nil {
		return fmt.Errorf("homework WeChat did not judge: %w", err)
	}
	return store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		var old []model.HomeworkPicture
		if err := store.Lock(tx).Where("appid = ? AND submission_id = 0 AND created_at < ?", s.AppID, now.Add(-24*time.Hour)).Order("id").Limit(500).Find(&old).Error; err != nil || len(old) == 0 {
			return err
		}
		return s.drop(tx, old)
	})
}

// drop deletes pictures; their files go with a job after the commit.
func (s *Service) drop(tx *gorm.DB, pictures []model.HomeworkPicture) error {
	for _, p := range pictures {
		if err := s.Jobs.Add(tx, ForgetJob, p.Address, p.Address, time.Time{}); err != nil {
			return err
		}
		if err := tx.Delete(&model.HomeworkPicture{}, p.ID).Error; err != nil {
			return err
		}
	}
	return nil
}

// Forget removes a file: the job ForgetJob. Twice is once.
func (s *Service) Forget(ctx context.Context, raw json.RawMessage) error {
	var address string
	if err := json.Unmarshal(raw, &address); err != nil || !strings.HasPrefix(address, "/media/") {
		return fmt.Errorf("forget a picture: %w", errors.Join(err, model.ErrInvalid))
	}
	return s.Files.Forget(ctx, []string{address})
}

// Erase removes what a person handed in, its pictures with it.
func (s *Service) Erase(tx *gorm.DB, personID int64) error {
	var all []model.HomeworkPicture
	if err := tx.Where("person_id = ?", personID).Find(&all).Error; err != nil {
		return err
	}
	if err := s.drop(tx, all); err != nil {
		return err
	}
	return tx.Where("person_id = ?", personID).Delete(&model.HomeworkSubmission{}).Error
}
