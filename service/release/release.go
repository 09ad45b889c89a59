// Package release publishes the menu and the reply rules, the welcome among them, as one: shown as one difference,
// published with one note at once or at a time, rolled back together. It owns the releases table.
//
// No call to WeChat lies in a transaction, and yet nothing of a release stands when WeChat refuses the menu. A release
// is first kept with all it holds. Then everything of it is checked against what is live; then WeChat is sent the menu;
// and only when it took it are the version of the menu, that of the rules and the end of the release written, in one
// commit. Should that commit be refused, the menu before is sent again. A release whose instance was killed between
// WeChat and the commit is found by its job, which sends the same menu again, to no effect, and ends it.
//
// A release holds changes, not a whole state: a rule that it does not name stays as others left it meanwhile, though
// the release was planned days ago. What is planned is taken off the desk, so that nobody publishes it early with
// something else; taken back, it lies on the desk again.
package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Rules are the reply rules: service/reply.
type Rules interface {
	Pending(ctx context.Context) (words []string, seen string, err error)
	DeskIn(tx *gorm.DB, seen string) ([]model.RuleChange, error)
	LayIn(tx *gorm.DB, by model.Operator, cs []model.RuleChange) (left []string, err error)
	Weigh(ctx context.Context, cs []model.RuleChange) (words []string, err error)
	PublishIn(tx *gorm.DB, by model.Operator, note string, cs []model.RuleChange) (version int64, done []model.RuleChange, words []string, err error)
	Refresh(ctx context.Context) error
}

// Menus are the menu: service/menu.
type Menus interface {
	DeskIn(tx *gorm.DB, seen *int64) (desk, live model.Menu, revision int64, err error)
	LayIn(tx *gorm.DB, by model.Operator, before, after model.Menu) (bool, error)
	PublishWith(ctx context.Context, by model.Operator, note string, m model.Menu, also func(tx *gorm.DB, version int64, before model.Menu, words []string) error) (sent bool, err error)
}

// Jobs run after the commit: service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service keeps one account's releases.
type Service struct {
	db    *gorm.DB
	appid string
	rules Rules
	menus Menus
	jobs  Jobs
	audit Auditor
	now   func() time.Time
}

// New makes the service for the account appid; now is the business clock.
func New(db *gorm.DB, appid string, rules Rules, menus Menus, jobs Jobs, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, rules: rules, menus: menus, jobs: jobs, audit: audit, now: now}
}

// States of a release. Running is passing: the instance that publishes may be killed in it, and the job comes again.
const (
	waiting, running, done, failed, dropped = "waiting", "running", "done", "failed", "dropped"
)

type row struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	PublishAt    time.Time
	Note         string
	Menu         string
	MenuBefore   string
	Rules        string
	Words        string
	AtOnce       bool
	Revision     int64
	State        string
	Tries        int64
	Error        string
	MenuVersion  int64
	ReplyVersion int64
	RestoredFrom int64
	OperatorID   int64
	OperatorName string
	CreatedAt    time.Time
	UpdatedAt    time.Time
	PublishedAt  *time.Time
}

func (row) TableName() string { return "releases" }

// content is what a release changes. Menu nil: it leaves the menu alone.
type content struct {
	menu, before *model.Menu
	rules        []model.RuleChange
}

func (r *row) content() (c content, err error) {
	for _, part := range []struct {
		from string
		to   **model.Menu
	}{{r.Menu, &c.menu}, {r.MenuBefore, &c.before}} {
		if part.from == "" {
			continue
		}
		*part.to = &model.Menu{}
		err = errors.Join(err, json.Unmarshal([]byte(part.from), *part.to))
	}
	err = errors.Join(err, json.Unmarshal([]byte(r.Rules), &c.rules))
	if err != nil {
		return c, fmt.Errorf("release %d: %w: %w", r.ID, model.ErrInvalid, err)
	}
	return c, nil
}

func (r *row) fill(c content) error {
	b, err := json.Marshal(c.rules)
	if err != nil {
		return err
	}
	r.Rules, r.Menu, r.MenuBefore = string(b), "", ""
	if c.menu != nil {
		after, err := json.Marshal(c.menu)
		before, err2 := json.Marshal(c.before)
		r.Menu, r.MenuBefore = string(after), string(before)
		return errors.Join(err, err2)
	}
	return nil
}

// Release is menu and rules published as one, or to be.
type Release struct {
	ID           int64
	At           time.Time // when it shall be or was published
	Note         string
	Words        []string // what it changes; once done: what it changed
	State        string   // waiting, running, done, failed
	AtOnce       bool
	Revision     int64
	Tries        int64
	Error        string // of the last try, in Chinese
	MenuVersion  int64  // 0: the menu was left alone
	ReplyVersion int64
	RestoredFrom int64
	By           string
	UpdatedAt    time.Time
}

func (r *row) view() Release {
	out := Release{ID: r.ID, At: r.PublishAt.UTC(), Note: r.Note, State: r.State, AtOnce: r.AtOnce, Revision: r.Revision, Tries: r.Tries, Error: r.Error,
		MenuVersion: r.MenuVersion, ReplyVersion: r.ReplyVersion, RestoredFrom: r.RestoredFrom, By: r.OperatorName, UpdatedAt: r.UpdatedAt.UTC(), Words: []string{}}
	if r.PublishedAt != nil {
		out.At = r.PublishedAt.UTC()
	}
	if r.Words != "" {
		_ = json.Unmarshal([]byte(r.Words), &out.Words) // our own writing
	}
	return out
}

// Desk is what a release of the desk would change now.
type Desk struct {
	Menu     []string
	Rules    []string
	Faults   []string // of the menu: what would be refused
	Revision int64    // of the menu's draft, and
	Seen     string   // of the rules': sent back with a release
}

// Seen is what the operator looked at; nil and empty ask for nothing.
type Seen struct {
	Menu  *int64
	Rules string
}

// Make publishes what is on the desk: at once with at nil, else at that time. ErrConflict when somebody changed a draft
// since it was seen, or there is nothing to publish. What WeChat refuses comes through with its reason, and the desk
// is as it was.
func (s *Service) Make(ctx context.Context, by model.Operator, at *time.Time, note string, seen Seen) (Release, error) {
	r := row{AppID: s.appid, Note: strings.TrimSpace(note), Revision: 1, State: waiting, OperatorID: by.ID, OperatorName: by.Name, AtOnce: at == nil}
	if at != nil {
		r.PublishAt = model.Milli(*at)
	}
	if err := s.fit(&r); err != nil {
		return Release{}, err
	}
	var c content
	err := s.tx(ctx, func(tx *gorm.DB) (err error) {
		if c, err = s.desk(tx, seen); err != nil {
			return err
		}
		if !r.AtOnce {
			return s.plan(tx, by, &r, c)
		}
		return s.keep(tx, by, &r, c, "")
	})
	if err != nil {
		return Release{}, err
	}
	if r.AtOnce {
		return s.goNow(ctx, &r)
	}
	return s.one(ctx, r.ID)
}

// desk reads what is on the desk and not live.
func (s *Service) desk(tx *gorm.DB, seen Seen) (c content, err error) {
	desk, live, _, err := s.menus.DeskIn(tx, seen.Menu)
	if err != nil {
		return c, err
	}
	if len(model.MenuDiff(live, desk)) > 0 {
		if err := desk.Check(); err != nil {
			return c, err
		}
		c.menu, c.before = &desk, &live
	}
	if c.rules, err = s.rules.DeskIn(tx, seen.Rules); err != nil {
		return c, err
	}
	if c.menu == nil && len(c.rules) == 0 {
		return c, nothing()
	}
	return c, nil
}

func nothing() error {
	return model.Refuse(model.ErrConflict, model.CodeConflict, "没有改动，不用发布")
}

// plan keeps the release and takes what it holds off the desk.
func (s *Service) plan(tx *gorm.DB, by model.Operator, r *row, c content) error {
	var n int64
	if err := tx.Model(&row{}).Where("appid = ? AND state = ?", s.appid, waiting).Count(&n).Error; err != nil {
		return fmt.Errorf("releases: %w", err)
	}
	if n >= mostWaiting {
		return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("已经定了 %d 个时间，请先取消不用的", mostWaiting))
	}
	if _, err := s.rules.LayIn(tx, by, model.Reversed(c.rules)); err != nil {
		return err
	}
	if c.menu != nil {
		if _, err := s.menus.LayIn(tx, by, *c.menu, *c.before); err != nil {
			return err
		}
	}
	return s.keep(tx, by, r, c, "release.plan")
}

const mostWaiting = 20

// keep writes a new release and its job. Of one that goes out at once the job only looks two minutes later whether it
// did: it finds nothing to do unless the instance was killed.
func (s *Service) keep(tx *gorm.DB, by model.Operator, r *row, c content, action string) error {
	if err := r.fill(c); err != nil {
		return err
	}
	now := model.Milli(s.now())
	r.ID, r.CreatedAt, r.UpdatedAt = 0, now, now
	if r.AtOnce {
		r.PublishAt = now
	}
	if err := tx.Create(r).Error; err != nil {
		return fmt.Errorf("release: %w", err)
	}
	return s.queue(tx, by, r, action, "")
}

// queue keeps the job and the trail. Jobs run by the real clock, the release's time is the business clock's.
func (s *Service) queue(tx *gorm.DB, by model.Operator, r *row, action, before string) error {
	due := time.Now().Add(r.PublishAt.Sub(s.now()))
	if r.AtOnce {
		due = time.Now().Add(2 * time.Minute)
	}
	if err := s.jobs.Add(tx, Job, fmt.Sprintf("%s:%d:%d", s.appid, r.ID, r.Revision), jobOf{r.ID, r.Revision}, due); err != nil || action == "" {
		return err
	}
	return s.trail(tx, by, r, action, before, r.brief())
}

func (s *Service) trail(tx *gorm.DB, by model.Operator, r *row, action, before, after string) error {
	return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "release", ObjectID: fmt.Sprint(r.ID), Before: before, After: after, Reason: r.Note})
}

func (r *row) brief() string { return model.AuditJSON(map[string]any{"publish_at": r.PublishAt.UTC()}) }

func (s *Service) fit(r *row) error {
	switch {
	case !r.AtOnce && !r.PublishAt.After(s.now()):
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "时间已经过了").Field("at", "请选将来的时间")
	case !r.AtOnce && r.PublishAt.After(s.now().AddDate(1, 0, 0)):
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "最多定到一年以后").Field("at", "最多定到一年以后")
	case utf8.RuneCountInString(r.Note) > 180:
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "说明最多 180 个字").Field("note", "最多 180 个字")
	}
	return nil
}

// tx begins again where two wrote the same key at once.
func (s *Service) tx(ctx context.Context, fn func(tx *gorm.DB) error) (err error) {
	for range 4 {
		err = store.Tx(ctx, s.db, fn)
		if _, dup := store.Duplicate(err); !dup {
			break
		}
	}
	return err
}
