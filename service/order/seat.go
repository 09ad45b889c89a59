package order

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
)

// holdSeat takes a seat for an order that was just made, where the course has so many and no more.
func (s *Service) holdSeat(tx *gorm.DB, o *model.Order, item model.Item) error {
	if s.Seats == nil || !item.Limited {
		return nil
	}
	took, err := s.Seats.HoldSeat(tx, o.CourseID)
	if err != nil || !took {
		return err
	}
	o.Seat = true
	if err := tx.Model(&model.Order{}).Where("id = ?", o.ID).UpdateColumn("seat", true).Error; err != nil {
		return fmt.Errorf("seat of order %d: %w", o.ID, err)
	}
	return nil
}

// Unpaid lists a learner's orders of a course that still wait for their money, the one for themselves before the gift:
// two at most. Each of them keeps its seat.
func (s *Service) Unpaid(ctx context.Context, learnerID, courseID int64) ([]model.Order, error) {
	list := []model.Order{}
	keys := []string{model.OpenKeyOf(model.OrderForSelf, learnerID, courseID), model.OpenKeyOf(model.OrderForGift, learnerID, courseID)}
	err := s.db.WithContext(ctx).Where("open_key IN ? AND status = ? AND expires_at > ?", keys, model.OrderPending, s.time()).
		Order("CASE kind WHEN 'gift' THEN 1 ELSE 0 END").Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("unpaid orders of learner %d: %w", learnerID, err)
	}
	return list, nil
}

// followSeat moves the seat with the order's status, in its transaction: closed and wholly refunded give it back. An
// order paid after it was closed, which only Apple's payment can be, takes one again whatever is left: the money cannot
// be returned.
func (s *Service) followSeat(tx *gorm.DB, from model.OrderStatus, o model.Order) error {
	if s.Seats == nil || !o.Seat || from.HoldsSeat() == o.Status.HoldsSeat() {
		return nil
	}
	if o.Status.HoldsSeat() {
		return s.Seats.MoveSeat(tx, o.CourseID, 1)
	}
	return s.Seats.MoveSeat(tx, o.CourseID, -1)
}
