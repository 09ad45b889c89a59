// Package menu holds the account's menu: one draft, checked before anything is sent, and every
// published version. It owns the menu_drafts, menu_versions, menu_plans and menu_turns tables.
//
// Publishing calls WeChat first and writes the version after: a call that fails leaves the versions
// as they were, and publishing again is safe. Of all instances one publishes at a time.
package menu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Live is the menu at WeChat: service/wechat.
type Live interface {
	// MenuCreate puts the default menu live.
	MenuCreate(ctx context.Context, buttons []model.MenuButton) error
	// MenuConditional lists the menuids of the conditional menus there are.
	MenuConditional(ctx context.Context) ([]string, error)
	MenuAddConditional(ctx context.Context, buttons []model.MenuButton, match model.MenuMatch) (menuID string, err error)
	MenuDelConditional(ctx context.Context, menuID string) error
	// MenuLive reads what is live, whoever made it.
	MenuLive(ctx context.Context) (model.LiveMenu, error)
	// MenuTryMatch tells which buttons a fan sees, by openid or WeChat id.
	MenuTryMatch(ctx context.Context, who model.OpenID) ([]model.MenuButton, error)
	Articles
}

// Articles are what the account has published: service/wechat.
type Articles interface {
	Published(ctx context.Context, offset int) (articles []model.PublishedArticle, total int, err error)
}

// Jobs run after the commit: service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
}

// Taps counts the pushes of buttons: service/inbox.
type Taps interface {
	// Taps counts by event and key what happened from the first of cuts until before the last; part n lies between
	// cuts n and n+1.
	Taps(ctx context.Context, appid string, cuts []time.Time) ([]model.Tap, error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service keeps one account's menu.
type Service struct {
	db     *gorm.DB
	appid  string
	live   Live
	jobs   Jobs
	taps   Taps
	audit  Auditor
	things Things
	now    func() time.Time
	clock  *store.Clock // judges whose turn it is to publish
}

// New makes the service for the account appid; now is the business clock.
func New(db *gorm.DB, appid string, live Live, jobs Jobs, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, live: live, jobs: jobs, audit: audit, now: now, clock: store.NewClock(db)}
}

// Counts says who counts the taps: the inbox is made later.
func (s *Service) Counts(t Taps) { s.taps = t }

type draftRow struct {
	AppID        string `gorm:"column:appid;primaryKey"`
	Revision     int64
	Menu         string
	OperatorID   int64
	OperatorName string
	UpdatedAt    time.Time
}

func (draftRow) TableName() string { return "menu_drafts" }

type versionRow struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	Version      int64
	Note         string
	RestoredFrom int64
	Menu         string
	Diff         string
	OperatorID   int64
	OperatorName string
	PublishedAt  time.Time
}

func (versionRow) TableName() string { return "menu_versions" }

// Draft is the menu on the desk. Revision 0: nothing was ever saved.
type Draft struct {
	model.Menu
	Revision  int64
	By        string
	UpdatedAt *time.Time
	Live      int64    // the version that is live; 0: none of ours
	Faults    []string // what would be refused on publishing
	Changes   []string // against what is live
	Warnings  []Warning
}

// Version is one publication.
type Version struct {
	model.Menu
	Version      int64
	Note         string
	RestoredFrom int64
	Diff         []string
	By           string
	At           time.Time
	Live         bool
}

// Draft reads the desk.
func (s *Service) Draft(ctx context.Context) (Draft, error) {
	d, err := s.draft(s.db.WithContext(ctx))
	if err == nil {
		d.Warnings = s.lint(ctx, &d.Menu)
	}
	return d, err
}

func (s *Service) draft(tx *gorm.DB) (Draft, error) {
	var rows []draftRow
	if err := tx.Where("appid = ?", s.appid).Limit(1).Find(&rows).Error; err != nil {
		return Draft{}, fmt.Errorf("menu draft: %w", err)
	}
	last, err := s.newest(tx)
	if err != nil {
		return Draft{}, err
	}
	d := Draft{Menu: last.Menu, Live: last.Version}
	if len(rows) > 0 {
		at := rows[0].UpdatedAt.UTC()
		d.Menu, d.Revision, d.By, d.UpdatedAt = model.Menu{}, rows[0].Revision, rows[0].OperatorName, &at
		if err := json.Unmarshal([]byte(rows[0].Menu), &d.Menu); err != nil {
			return Draft{}, fmt.Errorf("menu draft: %w", err)
		}
	}
	tidy(&d.Menu)
	var bad *model.Refusal
	if err := d.Check(); errors.As(err, &bad) {
		for _, f := range bad.Fields {
			d.Faults = append(d.Faults, f.Message)
		}
	}
	d.Changes = model.MenuDiff(last.Menu, d.Menu)
	return d, nil
}

// tidy leaves no list nil, so that the console gets [].
func tidy(m *model.Menu) {
	if m.Buttons == nil {
		m.Buttons = []model.MenuButton{}
	}
	if m.Conditional == nil {
		m.Conditional = []model.ConditionalMenu{}
	}
}

// maxMenu bounds a draft's JSON; a full menu is below 20 KiB.
const maxMenu = 256 << 10

// Save writes the draft, finished or not. With the revision that was read, ErrConflict names who saved
// since and when; without, the last one wins.
func (s *Service) Save(ctx context.Context, by model.Operator, revision *int64, m model.Menu) (Draft, error) {
	var out Draft
	var err error
	for range 4 {
		err = store.Tx(ctx, s.db, func(tx *gorm.DB) (err error) {
			out, err = s.SaveIn(tx, by, revision, m)
			return err
		})
		if _, dup := store.Duplicate(err); !dup {
			break
		}
	}
	if err == nil {
		out.Warnings = s.lint(ctx, &out.Menu)
	}
	return out, err
}

// SaveIn is Save inside another's transaction. A duplicate key means that somebody saved the first draft at the same
// moment: the caller begins again.
func (s *Service) SaveIn(tx *gorm.DB, by model.Operator, revision *int64, m model.Menu) (Draft, error) {
	tidy(&m)
	b, err := json.Marshal(m)
	if err != nil {
		return Draft{}, err
	}
	if len(b) > maxMenu || len(m.Conditional) > 20 {
		return Draft{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "菜单太大了")
	}
	var rows []draftRow
	if err := store.Lock(tx).Where("appid = ?", s.appid).Limit(1).Find(&rows).Error; err != nil {
		return Draft{}, fmt.Errorf("menu draft: %w", err)
	}
	row := draftRow{AppID: s.appid, Revision: 1, Menu: string(b), OperatorID: by.ID, OperatorName: by.Name, UpdatedAt: model.Milli(s.now())}
	before := ""
	if len(rows) == 0 {
		if revision != nil && *revision != 0 {
			return Draft{}, model.Refuse(model.ErrConflict, model.CodeConflict, "草稿已变化，这次没有保存")
		}
		if err := tx.Create(&row).Error; err != nil {
			return Draft{}, fmt.Errorf("menu draft: %w", err)
		}
	} else {
		old := rows[0]
		if revision != nil && *revision != old.Revision {
			return Draft{}, faster(old.OperatorName, old.UpdatedAt, "这次没有保存")
		}
		row.Revision, before = old.Revision+1, old.Menu
		if err := tx.Model(&draftRow{}).Where("appid = ?", s.appid).Select("revision", "menu", "operator_id", "operator_name", "updated_at").Updates(&row).Error; err != nil {
			return Draft{}, fmt.Errorf("menu draft: %w", err)
		}
	}
	if err := s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "menu.draft", Object: "menu", ObjectID: fmt.Sprint(row.Revision), Before: before, After: row.Menu}); err != nil {
		return Draft{}, err
	}
	return s.draft(tx)
}
