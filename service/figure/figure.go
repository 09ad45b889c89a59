// Package figure answers: roll-ups, people, KPI, funnels, attribution, retention, live counters. It reads
// any table and owns none; every figure says what it means (rule), how old it is (as_of) and whether it
// may still move (state).
//
// What adds up comes from the daily roll-ups; people come from the events themselves, over covering
// indexes and through the links between persons, so they are exact for any range and follow a link or a
// staff flag made later.
package figure

import (
	"context"
	"time"

	"gorm.io/gorm"

	"loudou/model"
)

// People gives the counting view of persons: service/person.
type People interface {
	People(ctx context.Context) (*model.People, error)
}

// Live gives today's counters of one thing: service/event.
type Live interface {
	Live(ctx context.Context, kind int, ref string) (map[model.EventType]int64, error)
}

// Service answers.
type Service struct {
	db     *gorm.DB
	people People
	live   Live
	now    func() time.Time
	views  liveCache
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, people People, live Live, now func() time.Time) *Service {
	return &Service{db: db, people: people, live: live, now: now}
}

// Now is the business clock by which figures are as of.
func (s *Service) Now() time.Time { return s.now() }
