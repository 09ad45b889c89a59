// Package menu holds the account's menu: one draft, checked before anything is sent, and every
// published version. It owns the menu_drafts and menu_versions tables.
//
// Publishing calls WeChat first and writes the version after: a call that fails leaves the versions
// as they were, and publishing again is safe.
package menu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

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
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service keeps one account's menu.
type Service struct {
	db    *gorm.DB
	appid string
	live  Live
	audit Auditor
	now   func() time.Time
	one   sync.Mutex // one publish at a time here; the unique number orders instances
}

// New makes the service for the account appid; now is the business clock.
func New(db *gorm.DB, appid string, live Live, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, live: live, audit: audit, now: now}
}

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
	return s.draft(s.db.WithContext(ctx))
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
	d.Changes = Diff(last.Menu, d.Menu)
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
	tidy(&m)
	b, err := json.Marshal(m)
	if err != nil {
		return Draft{}, err
	}
	if len(b) > maxMenu || len(m.Conditional) > 20 {
		return Draft{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "菜单太大了")
	}
	var out Draft
	for range 4 {
		err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			var rows []draftRow
			if err := store.Lock(tx).Where("appid = ?", s.appid).Limit(1).Find(&rows).Error; err != nil {
				return fmt.Errorf("menu draft: %w", err)
			}
			row := draftRow{AppID: s.appid, Revision: 1, Menu: string(b), OperatorID: by.ID, OperatorName: by.Name, UpdatedAt: model.Milli(s.now())}
			before := ""
			if len(rows) == 0 {
				if revision != nil && *revision != 0 {
					return model.Refuse(model.ErrConflict, model.CodeConflict, "草稿已变化，这次没有保存")
				}
				if err := tx.Create(&row).Error; err != nil {
					return fmt.Errorf("menu draft: %w", err)
				}
			} else {
				old := rows[0]
				if revision != nil && *revision != old.Revision {
					return faster(old.OperatorName, old.UpdatedAt, "这次没有保存")
				}
				row.Revision, before = old.Revision+1, old.Menu
				if err := tx.Model(&draftRow{}).Where("appid = ?", s.appid).Select("revision", "menu", "operator_id", "operator_name", "updated_at").Updates(&row).Error; err != nil {
					return fmt.Errorf("menu draft: %w", err)
				}
			}
			if err := s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "menu.draft", Object: "menu", ObjectID: fmt.Sprint(row.Revision), Before: before, After: row.Menu}); err != nil {
				return err
			}
			out, err = s.draft(tx)
			return err
		})
		if _, dup := store.Duplicate(err); !dup {
			break
		}
	}
	return out, err
}

// Publish checks the draft, puts it live at WeChat and keeps it as the next version. Errors: ErrInvalid
// names the button; WeChat's own come through with their reason, and no version is written. With the revision
// that was looked at, ErrConflict where the draft is another by now.
func (s *Service) Publish(ctx context.Context, by model.Operator, note string, revision *int64) (Version, error) {
	d, err := s.Draft(ctx)
	if err != nil {
		return Version{}, err
	}
	if revision != nil && *revision != d.Revision && d.UpdatedAt != nil {
		return Version{}, faster(d.By, *d.UpdatedAt, "没有发布")
	}
	return s.publish(ctx, by, note, d.Menu, 0)
}

// faster says who changed the draft since it was read, when, and what therefore did not happen.
func faster(name string, at time.Time, so string) error {
	return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("%s 在 %s 改过菜单草稿，%s", name, at.In(model.Shanghai).Format("01-02 15:04"), so))
}

// Restore puts version n live again, as a new version, and lays it on the desk.
func (s *Service) Restore(ctx context.Context, by model.Operator, n int64, note string) (Version, error) {
	var row versionRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND version = ?", s.appid, n).Take(&row).Error; err != nil {
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return Version{}, model.Refuse(model.ErrNotFound, model.CodeNotFound, fmt.Sprintf("没有第 %d 版", n))
		}
		return Version{}, fmt.Errorf("menu version %d: %w", n, err)
	}
	v, err := row.view()
	if err != nil {
		return Version{}, err
	}
	return s.publish(ctx, by, note, v.Menu, n)
}

func (s *Service) publish(ctx context.Context, by model.Operator, note string, m model.Menu, restored int64) (Version, error) {
	note = strings.TrimSpace(note)
	if utf8.RuneCountInString(note) > 200 {
		return Version{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "说明最多 200 个字").Field("note", "最多 200 个字")
	}
	if err := m.Check(); err != nil {
		return Version{}, err
	}
	s.one.Lock()
	defer s.one.Unlock()
	last, err := s.newest(s.db.WithContext(ctx))
	if err != nil {
		return Version{}, err
	}
	if err := s.send(ctx, m, last.Menu); err != nil {
		return Version{}, fmt.Errorf("publish menu: %w", err)
	}
	// It is live now: the version must be written whatever the caller does.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var out Version
	for range 4 {
		err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			last, err := s.newest(tx)
			if err != nil {
				return err
			}
			out, err = s.write(tx, by, note, m, last, restored)
			return err
		})
		if _, dup := store.Duplicate(err); !dup {
			break
		}
	}
	return out, err
}

func (s *Service) write(tx *gorm.DB, by model.Operator, note string, m model.Menu, last Version, restored int64) (Version, error) {
	tidy(&m)
	body, err := json.Marshal(m)
	if err != nil {
		return Version{}, err
	}
	words, err := json.Marshal(Diff(last.Menu, m))
	if err != nil {
		return Version{}, err
	}
	now := model.Milli(s.now())
	row := versionRow{AppID: s.appid, Version: last.Version + 1, Note: note, RestoredFrom: restored, Menu: string(body), Diff: string(words), OperatorID: by.ID, OperatorName: by.Name, PublishedAt: now}
	if err := tx.Create(&row).Error; err != nil {
		return Version{}, fmt.Errorf("menu version: %w", err)
	}
	action := "menu.publish"
	if restored > 0 {
		action = "menu.restore"
		set := map[string]any{"menu": row.Menu, "revision": gorm.Expr("revision + 1"), "operator_id": by.ID, "operator_name": by.Name, "updated_at": now}
		if err := tx.Model(&draftRow{}).Where("appid = ?", s.appid).Updates(set).Error; err != nil {
			return Version{}, fmt.Errorf("menu draft: %w", err)
		}
	}
	if err := s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "menu_version", ObjectID: fmt.Sprint(row.Version), After: row.Diff, Reason: note}); err != nil {
		return Version{}, err
	}
	v, err := row.view()
	v.Live = true
	return v, err
}

// send puts m live. New conditional menus are added before the old ones go, so that no fan is without.
// Should adding fail, what was live before is put back as far as WeChat lets us.
func (s *Service) send(ctx context.Context, m, before model.Menu) error {
	old, err := s.live.MenuConditional(ctx)
	if err != nil && !errors.Is(err, model.ErrNotFound) {
		return err
	}
	if err := s.live.MenuCreate(ctx, m.Buttons); err != nil {
		return err
	}
	var added []string
	for _, c := range m.Conditional {
		id, err := s.live.MenuAddConditional(ctx, c.Button, c.MatchRule)
		if err != nil {
			for _, id := range added {
				_ = s.live.MenuDelConditional(ctx, id)
			}
			if len(before.Buttons) > 0 {
				_ = s.live.MenuCreate(ctx, before.Buttons)
			}
			return err
		}
		added = append(added, id)
	}
	for _, id := range old {
		if err := s.live.MenuDelConditional(ctx, id); err != nil && !errors.Is(err, model.ErrNotFound) {
			return err
		}
	}
	return nil
}

func (s *Service) newest(tx *gorm.DB) (Version, error) {
	var rows []versionRow
	if err := tx.Where("appid = ?", s.appid).Order("version DESC").Limit(1).Find(&rows).Error; err != nil {
		return Version{}, fmt.Errorf("newest menu version: %w", err)
	}
	if len(rows) == 0 {
		return Version{}, nil
	}
	v, err := rows[0].view()
	v.Live = true
	return v, err
}

func (v *versionRow) view() (Version, error) {
	out := Version{Version: v.Version, Note: v.Note, RestoredFrom: v.RestoredFrom, By: v.OperatorName, At: v.PublishedAt.UTC()}
	if err := json.Unmarshal([]byte(v.Menu), &out.Menu); err != nil {
		return out, fmt.Errorf("menu version %d: %w", v.Version, err)
	}
	tidy(&out.Menu)
	_ = json.Unmarshal([]byte(v.Diff), &out.Diff) // our own writing
	return out, nil
}

// LiveMenu gives the menu that was published last; nil before the first.
func (s *Service) LiveMenu(ctx context.Context) (*model.Menu, error) {
	v, err := s.newest(s.db.WithContext(ctx))
	if err != nil || v.Version == 0 {
		return nil, err
	}
	return &v.Menu, nil
}

// Versions lists the history, newest first, older than before (0: from the top).
func (s *Service) Versions(ctx context.Context, before int64, limit int) ([]Version, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("version DESC").Limit(limit)
	if before > 0 {
		q = q.Where("version < ?", before)
	}
	var rows []versionRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("menu versions: %w", err)
	}
	out := make([]Version, 0, len(rows))
	for i := range rows {
		v, err := rows[i].view()
		if err != nil {
			return nil, err
		}
		v.Live = before == 0 && i == 0
		out = append(out, v)
	}
	return out, nil
}

// Diff says in words how after differs from before; empty: not at all.
func Diff(before, after model.Menu) []string {
	out := diffButtons("", before.Buttons, after.Buttons)
	if len(before.Conditional) != len(after.Conditional) {
		out = append(out, fmt.Sprintf("个性化菜单由 %d 个变为 %d 个", len(before.Conditional), len(after.Conditional)))
	} else {
		for i := range after.Conditional {
			if !reflect.DeepEqual(before.Conditional[i], after.Conditional[i]) {
				out = append(out, fmt.Sprintf("第 %d 个个性化菜单有改动", i+1))
			}
		}
	}
	return out
}

func diffButtons(under string, before, after []model.MenuButton) []string {
	out := []string{}
	name := func(b model.MenuButton) string { return "「" + under + b.Name + "」" }
	for i := range max(len(before), len(after)) {
		switch {
		case i >= len(before):
			out = append(out, "新增按钮"+name(after[i])+"："+after[i].Summary())
		case i >= len(after):
			out = append(out, "删除按钮"+name(before[i]))
		default:
			o, n := before[i], after[i]
			if o.Name != n.Name {
				out = append(out, "按钮"+name(o)+"改名为"+name(n))
			}
			os, ns := o.SubButton, n.SubButton
			o.SubButton, n.SubButton, o.Name, n.Name = nil, nil, "", ""
			if !reflect.DeepEqual(o, n) {
				out = append(out, fmt.Sprintf("按钮%s由 %s 改为 %s", name(after[i]), before[i].Summary(), after[i].Summary()))
			}
			out = append(out, diffButtons(after[i].Name+" / ", os, ns)...)
		}
	}
	return out
}
