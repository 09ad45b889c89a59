package person

import (
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
)

// OpenIDs lists how a person, linked numbers included, is known within our apps: whoever keeps rows by
// openid finds them through it.
func (s *Service) OpenIDs(tx *gorm.DB, person int64) ([]model.PersonIdentity, error) {
	c, err := s.Canonical(tx, person)
	if err != nil {
		return nil, err
	}
	var out []model.PersonIdentity
	if err := tx.Where("kind = ? AND (person_id = ? OR person_id IN (SELECT person_id FROM person_links WHERE canonical_id = ?))", model.IdentityOpenID, c, c).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("openids of person %d: %w", person, err)
	}
	return out, nil
}
