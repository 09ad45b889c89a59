// Package reply decides what a push is answered: rules are written as drafts, published together as a
// numbered version, compiled once per version and held in memory by every instance. It owns the
// reply_rules, reply_versions, reply_hits and reply_sends tables.
//
// Answer never asks the database. Each instance asks twice a second, with one small query, whether a
// newer version is live; the one that publishes knows at once. While the database is away the last version
// goes on answering.
package reply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

	"loudou/model"
)

// Sender sends a customer-service message: service/wechat.
type Sender interface {
	SendCustom(ctx context.Context, to model.OpenID, m model.Message) error
}

// Fans knows which windows a fan's acts have opened: service/inbox.
type Fans interface {
	Windows(ctx context.Context, appid string, openid model.OpenID, at time.Time) ([]model.Window, error)
	// OurName is the account's gh_ id as the latest push named it; empty before the first.
	OurName(ctx context.Context, appid string) (string, error)
}

// Jobs are run after the commit: service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// SendJob is the kind of the job that sends what follows a passive answer.
const SendJob = "reply.send"

// Service answers for one Official Account.
type Service struct {
	db    *gorm.DB
	appid string
	jobs  Jobs
	audit Auditor
	send  Sender
	fans  Fans
	now   func() time.Time

	things    Things
	memory    memory
	renewed   func(ctx context.Context) (map[string]string, error)
	renewedAt time.Time // Begin's and Run's alone
	names     atomic.Pointer[map[string]string]
	gh        atomic.Pointer[string] // our gh_ id, as pushes name it: the simulator says the same bytes

	book atomic.Pointer[book]
	load sync.Mutex // one load at a time; an older version never replaces a newer one

	// Queries counts what this package asks of the database on its own account, for the test that says a
	// message costs none.
	polls atomic.Int64
}

// New makes the service for the account appid; now is the business clock. Fans may be set later with
// Knows: inbox and reply need each other.
func New(db *gorm.DB, appid string, jobs Jobs, audit Auditor, send Sender, now func() time.Time) *Service {
	s := &Service{db: db, appid: appid, jobs: jobs, audit: audit, send: send, now: now}
	empty, _ := compile(0, nil) // no rules cannot fail
	s.book.Store(empty)
	return s
}

// Knows says who knows the fans' windows.
func (s *Service) Knows(f Fans) { s.fans = f }

// Remembers names the Redis that several instances share; without, each process remembers for itself.
func (s *Service) Remembers(r redis.UniversalClient) { s.memory.redis = r }

// Answer is what the live version says to p at a time on the business clock. It asks Redis, for 100 ms at
// most, only where a rule with an interval or a dialog would answer, and the database never.
func (s *Service) Answer(p *model.Push, at time.Time) model.Answer {
	if p.AppID != s.appid {
		return model.Answer{}
	}
	if gh := s.gh.Load(); gh == nil || *gh != p.ToUserName {
		name := p.ToUserName
		s.gh.Store(&name)
	}
	b := s.book.Load()
	f := b.choose(p, at, asks{
		may: func(r *model.Rule) bool {
			return s.memory.claim(heardKey(s.appid, r.ID, p.FromUserName), p.Key(), time.Duration(r.Interval)*time.Second)
		},
		talk: func() int64 { return s.memory.talk(talkKey(s.appid, p.FromUserName), at) },
	})
	if f.rule >= 0 && f.step == nil {
		if r := &b.rules[f.rule]; r.Dialog != nil {
			d := time.Duration(r.Dialog.Seconds) * time.Second
			s.memory.begin(talkKey(s.appid, p.FromUserName), r.ID, at.Add(d), d)
		}
	}
	return b.answer(p, f, s.current)
}

// Live is the version that answers here now; 0: none yet.
func (s *Service) Live() int64 { return s.book.Load().version }

// Begin loads the live version once the schema is there.
func (s *Service) Begin(ctx context.Context) error {
	if err := s.refresh(ctx); err != nil {
		return err
	}
	return s.refreshMedia(ctx)
}

// Run notices new versions until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	told := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ask, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := errors.Join(s.refresh(ask), s.refreshMedia(ask))
		cancel()
		if err != nil && ctx.Err() == nil && !told {
			slog.Warn("reply rules: the last known version goes on answering", "version", s.Live(), "err", err)
		}
		told = err != nil
	}
}

func (s *Service) refresh(ctx context.Context) error {
	s.polls.Add(1)
	var newest int64
	if err := s.db.WithContext(ctx).Model(&versionRow{}).Where("appid = ?", s.appid).Select("COALESCE(MAX(version), 0)").Scan(&newest).Error; err != nil {
		return fmt.Errorf("reply version: %w", err)
	}
	if newest <= s.Live() {
		return nil
	}
	var v versionRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND version = ?", s.appid, newest).Take(&v).Error; err != nil {
		return fmt.Errorf("reply version %d: %w", newest, err)
	}
	rules, err := v.rules()
	if err != nil {
		return err
	}
	return s.use(newest, rules)
}

// use puts a version into memory unless a newer one is there.
func (s *Service) use(version int64, rules []model.Rule) error {
	b, err := compile(version, rules)
	if err != nil {
		return fmt.Errorf("reply version %d: %w", version, err)
	}
	s.load.Lock()
	defer s.load.Unlock()
	if version > s.Live() {
		s.book.Store(b)
	}
	return nil
}

type ruleRow struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	Name         string
	Kind         string
	EventKey     string
	Priority     int
	Enabled      bool
	Spec         string
	Revision     int64
	OperatorName string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

func (ruleRow) TableName() string { return "reply_rules" }

// spec is the part of a rule that no query asks for.
type spec struct {
	Keywords     []model.Keyword `json:"keywords"`
	Scenes       []string        `json:"scenes,omitempty"`
	Active       model.Active    `json:"active"`
	Pick         string          `json:"pick"`
	Messages     []model.Message `json:"messages"`
	MessageTypes []string        `json:"message_types,omitempty"`
	Sources      []string        `json:"sources,omitempty"`
	Interval     int             `json:"interval_seconds,omitempty"`
	Dialog       *model.Dialog   `json:"dialog,omitempty"`
}

func (r *ruleRow) rule() (model.Rule, error) {
	var sp spec
	if err := json.Unmarshal([]byte(r.Spec), &sp); err != nil {
		return model.Rule{}, fmt.Errorf("rule %d: %w", r.ID, err)
	}
	return model.Rule{ID: r.ID, Name: r.Name, Kind: model.RuleKind(r.Kind), EventKey: r.EventKey, Scenes: sp.Scenes, Keywords: sp.Keywords, Priority: r.Priority,
		Active: sp.Active, Pick: sp.Pick, Messages: sp.Messages, Enabled: r.Enabled,
		MessageTypes: sp.MessageTypes, Sources: sp.Sources, Interval: sp.Interval, Dialog: sp.Dialog}, nil
}

func rowOf(appid string, r *model.Rule) (ruleRow, error) {
	b, err := json.Marshal(spec{r.Keywords, r.Scenes, r.Active, r.Pick, r.Messages, r.MessageTypes, r.Sources, r.Interval, r.Dialog})
	if err != nil {
		return ruleRow{}, fmt.Errorf("rule %s: %w", r.Name, err)
	}
	return ruleRow{ID: r.ID, AppID: appid, Name: r.Name, Kind: string(r.Kind), EventKey: r.EventKey, Priority: r.Priority, Enabled: r.Enabled, Spec: string(b)}, nil
}

type versionRow struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	Version      int64
	Note         string
	RestoredFrom int64
	Rules        string
	Diff         string
	OperatorID   int64
	OperatorName string
	PublishedAt  time.Time
}

func (versionRow) TableName() string { return "reply_versions" }

func (v *versionRow) rules() ([]model.Rule, error) {
	var out []model.Rule
	if err := json.Unmarshal([]byte(v.Rules), &out); err != nil {
		return nil, fmt.Errorf("reply version %d: %w", v.Version, err)
	}
	return out, nil
}

// Erase forgets what was sent to a fan, and what is remembered. It belongs to the caller's transaction.
func (s *Service) Erase(tx *gorm.DB, appid string, openid model.OpenID) error {
	keys := []string{talkKey(appid, openid)}
	for _, r := range s.book.Load().rules {
		if r.Interval > 0 {
			keys = append(keys, heardKey(appid, r.ID, openid))
		}
	}
	s.memory.forget(keys)
	if err := tx.Where("appid = ? AND openid = ?", appid, string(openid)).Delete(&sendRow{}).Error; err != nil {
		return fmt.Errorf("erase sent replies: %w", err)
	}
	return nil
}

func notFound(err error, text string) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, text)
	}
	return err
}
