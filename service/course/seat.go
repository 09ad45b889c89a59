package course

import (
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// HoldSeat takes one of a course's seats for an order that is being placed, in its transaction. The count moves only
// while one is left, so that no two buyers on any two instances get the same. False: the course has no limit.
func (s *Service) HoldSeat(tx *gorm.DB, courseID int64) (bool, error) {
	res := tx.Model(&model.Course{}).Where("id = ? AND appid = ? AND seats IS NOT NULL AND seats_taken < seats", courseID, s.o.AppID).UpdateColumn("seats_taken", gorm.Expr("seats_taken + 1"))
	if res.Error != nil {
		return false, fmt.Errorf("seat of course %d: %w", courseID, res.Error)
	}
	if res.RowsAffected == 1 {
		return true, nil
	}
	var c model.Course
	if err := store.Lock(tx).Select("id", "seats", "seats_taken").Where("id = ? AND appid = ?", courseID, s.o.AppID).Take(&c).Error; err != nil {
		return false, fmt.Errorf("seats of course %d: %w", courseID, err)
	}
	if c.Seats == nil { // the limit went while the order was on its way
		return false, nil
	}
	return false, model.Refuse(model.ErrConflict, model.CodeNotSellable, "名额已满；有人没付款或退款，名额会空出来")
}

// MoveSeat gives a seat back (−1), or takes one whatever is left (+1): for money that came late and cannot be returned.
func (s *Service) MoveSeat(tx *gorm.DB, courseID, by int64) error {
	err := tx.Model(&model.Course{}).Where("id = ? AND appid = ?", courseID, s.o.AppID).UpdateColumn("seats_taken", gorm.Expr("seats_taken + ?", by)).Error
	if err != nil {
		return fmt.Errorf("seat of course %d: %w", courseID, err)
	}
	return nil
}
