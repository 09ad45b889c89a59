package person

import (
	"context"
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

// Humans gives, for each of persons, every number their human has been known under: Numbers for many, in two queries.
func (s *Service) Humans(ctx context.Context, persons []int64) (map[int64][]int64, error) {
	db := s.db.WithContext(ctx)
	var up, down []model.PersonLink
	if err := db.Where("person_id IN ?", append([]int64{0}, persons...)).Find(&up).Error; err != nil {
		return nil, fmt.Errorf("who persons are: %w", err)
	}
	canonical, heads := map[int64]int64{}, []int64{0}
	for _, l := range up {
		canonical[l.PersonID] = l.CanonicalID
	}
	for _, p := range persons {
		if canonical[p] == 0 {
			canonical[p] = p
		}
		heads = append(heads, canonical[p])
	}
	if err := db.Where("canonical_id IN ?", heads).Find(&down).Error; err != nil {
		return nil, fmt.Errorf("numbers of persons: %w", err)
	}
	known := map[int64][]int64{}
	for _, l := range down {
		known[l.CanonicalID] = append(known[l.CanonicalID], l.PersonID)
	}
	out := map[int64][]int64{}
	for _, p := range persons {
		out[p] = append([]int64{canonical[p]}, known[canonical[p]]...)
	}
	return out, nil
}
