package order

import (
	"context"

	"gorm.io/gorm"

	"loudou/model"
)

// kind is whom the wished course is for.
func (w Wish) kind() model.OrderKind {
	if w.Gift {
		return model.OrderForGift
	}
	return model.OrderForSelf
}

// opening is what a paid order has opened: the buyer's grant, or a gift.
type opening interface {
	ByOrder(tx *gorm.DB, o model.Order, who model.Actor) error
	Freeze(tx *gorm.DB, orderID int64, who model.Actor, why string) error
	Thaw(tx *gorm.DB, orderID int64, who model.Actor, why string) error
	Revoke(tx *gorm.DB, orderID int64, who model.Actor, why string) error
}

func (s *Service) bought(o model.Order) opening {
	if o.Kind == model.OrderForGift {
		return s.Gifts
	}
	return s.Grants
}

// studied says how far the course of o was studied: by the buyer, or by who opened the gift. An unopened gift
// was studied by nobody.
func (s *Service) studied(ctx context.Context, o model.Order) (model.Study, error) {
	who := o.LearnerID
	if o.Kind == model.OrderForGift {
		g, err := s.Gifts.Of(s.db.WithContext(ctx), o.ID)
		if err != nil {
			return model.Study{}, err
		}
		who = g.LearnerID
	}
	done, err := s.Studies.Study(ctx, who, o.CourseID)
	done.ByAnother = o.Kind == model.OrderForGift && who != 0 && who != o.LearnerID
	return done, err
}

// GiftOf gives the number of the learner's order behind any of its attempts' numbers, to find its gift by.
func (s *Service) GiftOf(ctx context.Context, buyer model.Caller, no string) (int64, error) {
	o, err := s.mine(ctx, buyer, no)
	return o.ID, err
}
