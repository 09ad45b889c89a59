package event

import (
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
)

// AddAll stores several server facts in the transaction of the facts, with one statement. It is Add for
// whoever commits many at once; the same rules hold for each.
func (s *Service) AddAll(tx *gorm.DB, facts []model.Event) error {
	rows := make([]row, 0, len(facts))
	for _, e := range facts {
		r, err := s.rowOf(e)
		if err != nil {
			return fmt.Errorf("fact %s: %w", e.Key, err)
		}
		rows = append(rows, r)
	}
	for len(rows) > 0 {
		n := min(len(rows), places)
		if err := s.add(tx, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
