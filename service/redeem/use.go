package redeem

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Opened is what a code opened.
type Opened struct {
	CourseID int64
	Title    string
	EndsAt   *time.Time // when the access ends; nil: never
	Again    bool       // this learner had redeemed the code before
}

// Redeem opens the code's course to the learner. The same learner and code again are the same answer; another's
// code is ErrConflict, a course owned ErrConflict owned. A code that is not there and one that was withdrawn are
// refused alike, by the same statements, so that neither the answer nor its time tells them apart. An order the
// learner has open for the course is let go: nobody pays for what they own.
func (s *Service) Redeem(ctx context.Context, c model.Caller, typed string) (Opened, error) {
	var out Opened
	code := model.TypedCode(typed)
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		out = Opened{}
		if _, err := s.Learners.Lock(tx, c.LearnerID); err != nil {
			return err
		}
		var rc model.RedeemCode
		err := store.Lock(tx).Where("appid = ? AND code = ?", s.AppID, code).Take(&rc).Error
		if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
			return fmt.Errorf("redeem code: %w", err)
		}
		var b model.RedeemBatch
		if rc.ID != 0 && rc.Status != model.RedeemWithdrawn {
			if err := tx.Take(&b, rc.BatchID).Error; err != nil {
				return fmt.Errorf("batch of redeem code %d: %w", rc.ID, err)
			}
		}
		now := model.Milli(s.Now())
		again, err := b.RedeemBy(rc, c.LearnerID, now)
		if err != nil {
			return err
		}
		out = Opened{CourseID: b.CourseID, Again: again}
		if again {
			now = *rc.RedeemedAt
		}
		if b.AccessDays > 0 {
			end := now.AddDate(0, 0, b.AccessDays)
			out.EndsAt = &end
		}
		if again {
			return nil
		}
		// The order's lock waits for a payment that is being booked; only then is it known who owns what.
		if err := s.Orders.GiveUp(tx, c.LearnerID, b.CourseID, model.LearnerActor(c.LearnerID), "用兑换码开通了这门课"); err != nil {
			return err
		}
		owned, err := s.Grants.Covers(tx, c.LearnerID, b.CourseID)
		if err != nil {
			return err
		}
		if owned {
			return model.Refuse(model.ErrConflict, model.CodeOwned, "你已经有这门课了，兑换码没有用掉，可以送给别人")
		}
		rc.LearnerID, rc.RedeemedAt = c.LearnerID, &now
		return s.take(tx, c, rc, b)
	})
	if err != nil {
		return Opened{}, err
	}
	named, err := s.Courses.Named(ctx, []int64{out.CourseID})
	if err != nil {
		return out, err
	}
	out.Title = named[out.CourseID].Title
	return out, nil
}

// take uses the code up and opens the course, in the caller's transaction.
func (s *Service) take(tx *gorm.DB, c model.Caller, rc model.RedeemCode, b model.RedeemBatch) error {
	res := tx.Model(&model.RedeemCode{}).Where("id = ? AND status = ?", rc.ID, model.RedeemUnused).
		Updates(map[string]any{"status": model.RedeemRedeemed, "learner_id": rc.LearnerID, "redeemed_at": rc.RedeemedAt})
	if res.Error != nil {
		return fmt.Errorf("redeem code %d: %w", rc.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return model.RedeemTaken()
	}
	if err := s.Grants.ByCode(tx, rc, b, model.LearnerActor(c.LearnerID)); err != nil {
		return err
	}
	return s.Facts.Add(tx, model.Event{
		Key: fmt.Sprintf("redeem:%d", rc.ID), AppID: s.AppID, Type: model.EventRedeem, OccurredAt: *rc.RedeemedAt, PersonID: c.PersonID, CourseID: b.CourseID,
		Props: map[string]any{"batch_id": b.ID},
	})
}
