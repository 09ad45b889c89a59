// Package event takes events in: from phones through the group committer, from the house itself inside
// the transaction of the fact (Add). It owns the events, event_batches, event_daily, event_rejections,
// event_intake, event_checks, event_differences and event_people tables and the live counters in Redis.
//
// The road of one event: checked → a bounded queue → one of the committers, which takes whatever waits and
// stores it with one statement and one batch row in one transaction → the answer. Behind the answer the
// batch is folded into the daily roll-ups and marked as counted, again in one transaction, and Redis gets
// the roll-ups' absolute values with their version. Whatever is killed in between, a batch is counted
// exactly once: the mark decides, and a batch that stays unmarked is folded by any instance that sees it.
//
// A batch's number is the high part of its events' ids (batch·4096 + place), so no cursor over ids is
// needed, which would not be safe where several nodes hand out numbers in steps and out of commit order.
package event

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Catalogue knows which numbers of one kind of thing exist: articles, courses, lessons or campaigns.
type Catalogue interface {
	// IDs lists all of them.
	IDs(ctx context.Context) ([]int64, error)
	// Among gives those of ids that exist.
	Among(ctx context.Context, ids []int64) ([]int64, error)
}

// Options are what the house sets. A nil catalogue knows nothing.
type Options struct {
	Articles, Courses, Lessons, Campaigns Catalogue
	// Now is the business clock.
	Now func() time.Time
	// Committers is how many store at once; 0: two on MySQL, one on SQLite.
	Committers int
	// PerPerson is how many events a second one person may send (burst ten seconds' worth); 0: no limit.
	PerPerson int
	// PackLeast is how many events make the set of a day's people worth its row; 0: 64.
	PackLeast int64
}

// Service takes events in and counts them.
type Service struct {
	db        *gorm.DB
	redis     redis.UniversalClient
	now       func() time.Time
	mysql     bool
	instance  string
	account   atomic.Int32
	writers   int
	packLeast int64

	catalogues [4]*known
	limits     *limits
	queue      chan *job
	stopped    atomic.Bool

	mu      sync.Mutex
	waiting folding // committed here, not folded yet
	wake    chan struct{}

	rejected tally // refused events by reason
	intake   tally // what else was noted of those that were sent
	dirty    dirtyKeys
	behind   atomic.Bool // the last feed of Redis failed
	// Accepted, Duplicates and Folded count since the start, for /metrics.
	Accepted, Duplicates, Folded atomic.Int64
}

// New makes the service; nothing runs until Run.
func New(db *gorm.DB, rdb redis.UniversalClient, o Options) *Service {
	raw := make([]byte, 8)
	_, _ = rand.Read(raw)
	s := &Service{
		db: db, redis: rdb, now: o.Now, mysql: store.IsMySQL(db), instance: hex.EncodeToString(raw), writers: o.Committers,
		queue: make(chan *job, queueJobs), wake: make(chan struct{}, 1),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.packLeast = o.PackLeast; s.packLeast == 0 {
		s.packLeast = packLeast
	}
	if s.writers == 0 {
		s.writers = 1
		if s.mysql {
			s.writers = 2
		}
	}
	for i, c := range []Catalogue{o.Articles, o.Courses, o.Lessons, o.Campaigns} {
		s.catalogues[i] = newKnown(c)
	}
	s.limits = newLimits(o.PerPerson)
	s.waiting.sums = sums{}
	s.dirty.wake = make(chan struct{}, 1)
	s.rejected.table, s.rejected.column = "event_rejections", "reason"
	s.intake.table, s.intake.column = "event_intake", "what"
	return s
}

// Run commits, folds and feeds the counters until ctx ends; what waits then is still committed and
// counted. Callers must have stopped taking requests.
func (s *Service) Run(ctx context.Context) {
	var committers, behind sync.WaitGroup
	for range s.writers {
		committers.Go(func() { s.committer(ctx) })
	}
	stop, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	behind.Go(func() { s.folder(stop) })
	behind.Go(func() { s.feeder(stop) })
	behind.Go(func() { s.pollCatalogues(stop) })
	committers.Wait()
	cancel()
	behind.Wait()
}

// Serve says which account's events are taken in and counted: its number in this database (service/account), 0 until
// it is called. Call it before anything comes in.
func (s *Service) Serve(account int) { s.account.Store(int32(account)) } //nolint:gosec // a SMALLINT

// Account is the number whose events are taken in and counted.
func (s *Service) Account() int { return int(s.account.Load()) }

// Waiting is how many requests stand in the queue, for /metrics.
func (s *Service) Waiting() int { return len(s.queue) }

// Erase blanks what a person's events say beyond numbers; the events stay, so all sums stay.
func (s *Service) Erase(tx *gorm.DB, person int64) error {
	if err := tx.Exec("UPDATE events SET props = NULL WHERE person_id = ? AND props IS NOT NULL", person).Error; err != nil {
		return fmt.Errorf("erase events of person %d: %w", person, err)
	}
	return nil
}

// namespace turns natural keys into UUIDs (version 5). It is part of the data: never change it.
var namespace = uuid.MustParse("6f2c1d7e-3b0a-5a55-9c61-10ad00d0c0de")

// UID is the UUID that stands for a natural key.
func UID(key string) [16]byte { return uuid.NewSHA1(namespace, []byte(key)) }

// Add stores a server fact in the fact's own transaction. Its natural key makes it one event however often
// it is told. Errors: ErrInvalid for an event no client error can make (no key, unknown type).
func (s *Service) Add(tx *gorm.DB, e model.Event) error {
	r, err := s.rowOf(e)
	if err != nil {
		return err
	}
	return inTx(tx, func(tx *gorm.DB) error {
		return s.add(tx, []row{r})
	})
}

// add stores rows in the caller's transaction; once that has committed, the folder knows them without
// reading them.
func (s *Service) add(tx *gorm.DB, rows []row) error {
	batch, accepted, err := s.insert(tx.Statement.Context, tx, rows)
	if err == nil {
		store.After(tx, func() { s.remember(batch, rows, accepted) })
	}
	return err
}

// inTx makes sure of a transaction: a batch row that is seen before its events would be counted as empty.
func inTx(db *gorm.DB, fn func(tx *gorm.DB) error) error {
	if store.InTx(db) {
		return fn(db)
	}
	return db.Transaction(fn)
}

// rowOf is the row of a fact of ours: an event with a natural key, or with a UUID.
func (s *Service) rowOf(e model.Event) (row, error) {
	if !e.Type.Known() {
		return row{}, fmt.Errorf("event of unknown type %q: %w", e.Type, model.ErrInvalid)
	}
	received := s.now()
	if e.OccurredAt.IsZero() {
		e.OccurredAt = received
	}
	r := row{
		account: s.Account(),
		appid:   e.AppID, kind: uint8(e.Type.Number()), person: e.PersonID, //nolint:gosec // numbers below 64
		occurred: e.OccurredAt.UnixMilli(), received: received.UnixMilli(),
		article: e.ArticleID, course: e.CourseID, lesson: e.LessonID, campaign: e.CampaignID,
		channel: cut(e.Channel), code: cut(e.Code), share: cut(e.ShareID), scene: e.Scene, seconds: e.Seconds,
		amount: int64(e.Amount), outTradeNo: e.OutTradeNo,
	}
	switch {
	case e.Key != "":
		r.uid = UID(e.Key)
	case e.ID != "":
		id, err := uuid.Parse(e.ID)
		if err != nil {
			return row{}, fmt.Errorf("event id %q: %w", e.ID, model.ErrInvalid)
		}
		r.uid = id
	default:
		return row{}, fmt.Errorf("event %s without a key: %w", e.Type, model.ErrInvalid)
	}
	if len(e.Props) > 0 {
		b, err := json.Marshal(e.Props)
		if err != nil {
			return row{}, fmt.Errorf("props of event %s: %w", e.Type, errors.Join(err, model.ErrInvalid))
		}
		r.props = string(b)
	}
	if model.ExcludedByScene(e.Scene) {
		r.excluded = model.ExcludedScene
	}
	r.place()
	return r, nil
}

// cut keeps a text of ours within its column.
func cut(s string) string {
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText])
	}
	return s
}
