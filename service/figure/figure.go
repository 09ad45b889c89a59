// Package figure answers: roll-ups, people, KPI, funnels, attribution, retention, live counters. It reads
// any table and owns none; every figure says what it means (rule), how old it is (as_of) and whether it
// may still move (state).
//
// What adds up comes from the daily roll-ups; people come from the sets of packed days and from the events
// themselves, over covering indexes, and through the links between persons, so they are exact for any range and
// follow a link or a staff flag made later.
package figure

import (
	"context"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"gorm.io/gorm"

	"loudou/model"
)

// People gives the counting view of persons: service/person.
type People interface {
	People(ctx context.Context) (*model.People, error)
}

// Live gives today's counters of one thing, and the person numbers behind a range of days: service/event.
type Live interface {
	// Account is the number of the account whose events these are.
	Account() int
	Live(ctx context.Context, kind int, ref string) (map[model.EventType]int64, error)
	// Persons gives numbers as the rows have them: of everything (0), an article (1) or a course (2).
	Persons(ctx context.Context, kind uint8, id int64, types []model.EventType, first, last int) (*roaring.Bitmap, error)
}

// Service answers.
type Service struct {
	db       *gorm.DB
	official string               // the Official Account's appid
	miniApp  string               // the Mini Program's
	things   map[string]Catalogue // articles, courses: what has figures
	people   People
	live     Live
	now      func() time.Time
	views    liveCache
}

// New makes the service for the articles and courses of an Official Account and its Mini Program; now is the business clock.
func New(db *gorm.DB, official, mini string, people People, live Live, now func() time.Time) *Service {
	things := map[string]Catalogue{"articles": NewCatalogue(db, "articles", official), "courses": NewCatalogue(db, "courses", mini)}
	return &Service{db: db, official: official, miniApp: mini, things: things, people: people, live: live, now: now}
}

// Now is the business clock by which figures are as of.
func (s *Service) Now() time.Time { return s.now() }
