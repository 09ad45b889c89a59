package gift

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Seen is a gift as whoever holds its code sees it. Nobody is named: who paid is for the two to tell each other.
type Seen struct {
	CourseID int64
	Title    string
	Cover    string
	Status   model.GiftStatus
	Mine     bool       // the caller opened it
	Given    bool       // the caller paid for it
	Owned    bool       // the caller has the course already
	EndsAt   *time.Time // when the caller's access ends; nil: never, or not theirs
}

// Look shows a gift to whoever holds its code. ErrNotFound for a code that was never made and for a gift that
// was given back, alike.
func (s *Service) Look(ctx context.Context, c model.Caller, typed string) (Seen, error) {
	db := s.DB.WithContext(ctx)
	g, err := s.byCode(db, typed)
	if err != nil {
		return Seen{}, err
	}
	if g.ID == 0 || g.Status == model.GiftVoid {
		return Seen{}, model.UnknownGift()
	}
	out := Seen{CourseID: g.CourseID, Status: g.Status, Mine: g.Status == model.GiftOpened && g.LearnerID == c.LearnerID, Given: g.GiverID == c.LearnerID}
	if out.Mine {
		out.EndsAt = g.EndsAt(*g.OpenedAt)
	}
	if out.Owned, err = s.Grants.Covers(db, c.LearnerID, g.CourseID); err != nil {
		return Seen{}, err
	}
	named, err := s.Courses.Named(ctx, []int64{g.CourseID})
	out.Title, out.Cover = named[g.CourseID].Title, named[g.CourseID].Cover
	return out, err
}

// Given shows the learner the gift their order paid for, its code with it. ErrNotFound for an order of somebody
// else, and for one that is no gift or not paid.
func (s *Service) Given(ctx context.Context, c model.Caller, orderID int64) (model.Gift, error) {
	g, err := s.Of(s.DB.WithContext(ctx), orderID)
	if err == nil && (g.ID == 0 || g.GiverID != c.LearnerID || g.AppID != c.AppID) {
		err = model.Refuse(model.ErrNotFound, model.CodeNotFound, "这个订单没有礼物：不是送人的，或者还没有付款")
	}
	return g, err
}

// Opened is what a gift opened.
type Opened struct {
	CourseID int64
	Title    string
	EndsAt   *time.Time // when the access ends; nil: never
	Again    bool       // this learner had opened it before
}

// Open opens the gift's course to the learner who comes first, the giver themselves included. The same learner
// again is the same answer; another's gift is ErrConflict, a course owned ErrConflict owned, and then the gift
// is still there for somebody else. An unpaid order the learner has for the course is let go.
func (s *Service) Open(ctx context.Context, c model.Caller, typed string) (Opened, error) {
	var out Opened
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		out = Opened{}
		if _, err := s.Learners.Lock(tx, c.LearnerID); err != nil {
			return err
		}
		g, err := s.byCode(store.Lock(tx), typed)
		if err != nil {
			return err
		}
		again, err := g.OpenBy(c.LearnerID)
		if err != nil {
			return err
		}
		now := model.Milli(s.Now())
		if again {
			now = *g.OpenedAt
		}
		out = Opened{CourseID: g.CourseID, Again: again, EndsAt: g.EndsAt(now)}
		if again {
			return nil
		}
		who, why := model.LearnerActor(c.LearnerID), "领取了朋友送的课"
		if g.GiverID == c.LearnerID {
			why = "留给了自己"
		}
		// First: it waits for a payment that is being booked, so that the course that one opens is seen as owned.
		if err := s.Orders.GiveUp(tx, c.LearnerID, g.CourseID, who, why); err != nil {
			return err
		}
		owned, err := s.Grants.Covers(tx, c.LearnerID, g.CourseID)
		if err != nil {
			return err
		}
		if owned {
			return model.Refuse(model.ErrConflict, model.CodeOwned, "你已经有这门课了，这份礼物没有用掉，可以转给别人")
		}
		g.LearnerID, g.OpenedAt = c.LearnerID, &now
		return s.take(tx, c, g, who, why)
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

// byCode finds a gift by its code however typed; the zero gift when there is none.
func (s *Service) byCode(db *gorm.DB, typed string) (model.Gift, error) {
	var g model.Gift
	err := db.Where("appid = ? AND code = ?", s.AppID, model.TypedCode(typed)).Take(&g).Error
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return g, fmt.Errorf("gift: %w", err)
	}
	return g, nil
}

// take uses the gift up and opens the course, in the caller's transaction.
func (s *Service) take(tx *gorm.DB, c model.Caller, g model.Gift, who model.Actor, why string) error {
	if err := s.step(tx, g, model.GiftOpened, who, why); err != nil {
		return err
	}
	if err := s.Grants.ByGift(tx, g, who); err != nil {
		return err
	}
	return s.Facts.Add(tx, model.Event{Key: fmt.Sprintf("gift:%d", g.ID), AppID: s.AppID, Type: model.EventGiftOpen, OccurredAt: *g.OpenedAt, PersonID: c.PersonID, CourseID: g.CourseID})
}
