package menu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Publish checks the draft, puts it live at WeChat and keeps it as the next version. With the revision that was
// looked at, ErrConflict if somebody saved since. Errors: ErrInvalid names the button; WeChat's own come through
// with their reason, and no version is written.
func (s *Service) Publish(ctx context.Context, by model.Operator, note string, seen *int64) (Version, error) {
	d, err := s.Draft(ctx)
	if err != nil {
		return Version{}, err
	}
	if seen != nil && *seen != d.Revision && d.UpdatedAt != nil {
		return Version{}, faster(d.By, *d.UpdatedAt, "没有发布")
	}
	return s.publish(ctx, by, note, d.Menu, 0, nil)
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
	return s.publish(ctx, by, note, v.Menu, n, nil)
}

// publish puts m live and keeps it as the next version; also joins the transaction that writes it.
func (s *Service) publish(ctx context.Context, by model.Operator, note string, m model.Menu, restored int64, also func(tx *gorm.DB, v Version) error) (Version, error) {
	note = strings.TrimSpace(note)
	if utf8.RuneCountInString(note) > 200 {
		return Version{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "说明最多 200 个字").Field("note", "最多 200 个字")
	}
	if err := m.Check(); err != nil {
		return Version{}, err
	}
	done, err := s.turn(ctx)
	if err != nil {
		return Version{}, err
	}
	defer done()
	last, err := s.newest(s.db.WithContext(ctx))
	if err != nil {
		return Version{}, err
	}
	if err := s.send(ctx, m, last.Menu); err != nil {
		if model.OutcomeUnknown(err) {
			err = fmt.Errorf("%w: %w", model.Refuse(model.ErrUnavailable, model.CodeUnavailable, "微信没有给出结果，手机上的菜单可能变了，也可能没变。草稿和版本都没有动，再发布一次就好"), err)
		}
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
			if out, err = s.write(tx, by, note, m, last, restored); err != nil || also == nil {
				return err
			}
			return also(tx, out)
		})
		if _, dup := store.Duplicate(err); !dup {
			break
		}
	}
	if also != nil && (errors.Is(err, model.ErrConflict) || errors.Is(err, model.ErrInvalid)) {
		s.putBack(ctx, last.Menu, m)
	}
	return out, err
}

// putBack sends the menu that was live before: what belongs to the one just sent was refused, so neither stands.
func (s *Service) putBack(ctx context.Context, before, sent model.Menu) {
	if len(before.Buttons) == 0 {
		slog.Warn("the menu of a publication that was refused stays: there was none of ours before")
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if err := s.send(ctx, before, sent); err != nil {
		slog.Warn("the menu of a publication that was refused stays", "err", err)
	}
}

func (s *Service) write(tx *gorm.DB, by model.Operator, note string, m model.Menu, last Version, restored int64) (Version, error) {
	tidy(&m)
	body, err := json.Marshal(m)
	if err != nil {
		return Version{}, err
	}
	words, err := json.Marshal(model.MenuDiff(last.Menu, m))
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
			s.takeBack(ctx, added, before)
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

func (s *Service) takeBack(ctx context.Context, added []string, before model.Menu) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second) // the caller's may be what ended
	defer cancel()
	for _, id := range added {
		if err := s.live.MenuDelConditional(ctx, id); err != nil {
			slog.Warn("a conditional menu of a publication that failed stays", "menuid", id, "err", err)
		}
	}
	if len(before.Buttons) > 0 {
		if err := s.live.MenuCreate(ctx, before.Buttons); err != nil {
			slog.Warn("the default menu of a publication that failed stays", "err", err)
		}
	}
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
