package release

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Desk says what a release of the desk would change now.
func (s *Service) Desk(ctx context.Context) (d Desk, err error) {
	desk, live, revision, err := s.menus.DeskIn(s.db.WithContext(ctx), nil)
	if err != nil {
		return d, err
	}
	d.Menu, d.Revision = model.MenuDiff(live, desk), revision
	var bad *model.Refusal
	if len(d.Menu) > 0 && errors.As(desk.Check(), &bad) {
		for _, f := range bad.Fields {
			d.Faults = append(d.Faults, f.Message)
		}
	}
	d.Rules, d.Seen, err = s.rules.Pending(ctx)
	return d, err
}

// Waiting lists what goes out at a time, the next first, and what failed to and nobody has seen to.
func (s *Service) Waiting(ctx context.Context) ([]Release, error) {
	var rows []row
	if err := s.db.WithContext(ctx).Where("appid = ? AND state IN ?", s.appid, []string{waiting, running, failed}).Order("publish_at, id").Limit(200).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("releases: %w", err)
	}
	out := make([]Release, 0, len(rows))
	for i := range rows {
		one := rows[i].view()
		words, err := s.words(ctx, &rows[i])
		if err != nil {
			return nil, err
		}
		one.Words = words
		out = append(out, one)
	}
	return out, nil
}

// words says what a release would change of what is live now.
func (s *Service) words(ctx context.Context, r *row) ([]string, error) {
	c, err := r.content()
	if err != nil {
		return nil, err
	}
	out := []string{}
	if c.menu != nil {
		_, live, _, err := s.menus.DeskIn(s.db.WithContext(ctx), nil)
		if err != nil {
			return nil, err
		}
		out = prefixed("菜单：", model.MenuDiff(live, *c.menu))
	}
	words, err := s.rules.Weigh(ctx, c.rules)
	if errors.Is(err, model.ErrConflict) || errors.Is(err, model.ErrInvalid) {
		return append(out, "回复：现在这样发布不了："+model.WordsOf(err, "规则写得不对")), nil
	}
	return append(out, prefixed("回复：", words)...), err
}

// History lists what was published, newest first, older than before (0: from the top).
func (s *Service) History(ctx context.Context, before int64, limit int) ([]Release, error) {
	q := s.db.WithContext(ctx).Omit("menu", "menu_before", "rules").Where("appid = ? AND state = ?", s.appid, done).Order("id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var rows []row
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("releases: %w", err)
	}
	out := make([]Release, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].view())
	}
	return out, nil
}

// Failed counts the releases that were not published and wait for a person.
func (s *Service) Failed(ctx context.Context) (int64, error) {
	var n int64
	if err := s.db.WithContext(ctx).Model(&row{}).Where("appid = ? AND state = ?", s.appid, failed).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("failed releases: %w", err)
	}
	return n, nil
}

func (s *Service) one(ctx context.Context, id int64) (Release, error) {
	r, err := s.take(s.db.WithContext(ctx), id)
	if err != nil {
		return Release{}, err
	}
	out := r.view()
	if r.State != done {
		out.Words, err = s.words(ctx, r)
	}
	return out, err
}

func (s *Service) take(tx *gorm.DB, id int64) (*row, error) {
	var r row
	if err := tx.Where("appid = ? AND id = ?", s.appid, id).Take(&r).Error; errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这次发布")
	} else if err != nil {
		return nil, fmt.Errorf("release %d: %w", id, err)
	}
	return &r, nil
}

// Change moves a release that waits or failed to another time. ErrConflict when somebody changed it since revision, or it
// is being published.
func (s *Service) Change(ctx context.Context, by model.Operator, id, revision int64, at time.Time, note string) (Release, error) {
	err := s.change(ctx, id, revision, func(tx *gorm.DB, r *row) error {
		before := r.brief()
		r.PublishAt, r.Note, r.State, r.Tries, r.Error, r.AtOnce = model.Milli(at), strings.TrimSpace(note), waiting, 0, "", false
		if err := s.fit(r); err != nil {
			return err
		}
		return s.queue(tx, by, r, "release.replan", before)
	})
	if err != nil {
		return Release{}, err
	}
	return s.one(ctx, id)
}

// Drop takes a release back: what it holds lies on the desk again. left names what was not laid there, because somebody
// wrote on it since.
func (s *Service) Drop(ctx context.Context, by model.Operator, id, revision int64) (left []string, err error) {
	err = s.change(ctx, id, revision, func(tx *gorm.DB, r *row) error {
		c, err := r.content()
		if err != nil {
			return err
		}
		before := r.brief()
		r.State, left = dropped, []string{}
		if r.RestoredFrom == 0 {
			if left, err = s.rules.LayIn(tx, by, c.rules); err != nil {
				return err
			}
			if c.menu != nil {
				laid, err := s.menus.LayIn(tx, by, *c.before, *c.menu)
				if err != nil {
					return err
				}
				if !laid {
					left = append(left, "菜单")
				}
			}
		}
		return s.trail(tx, by, r, "release.unplan", before, "")
	})
	return left, err
}

func (s *Service) change(ctx context.Context, id, revision int64, fn func(tx *gorm.DB, r *row) error) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		r, err := s.take(store.Lock(tx), id)
		if err != nil {
			return err
		}
		switch {
		case r.State == done:
			return model.Refuse(model.ErrConflict, model.CodeConflict, "已经发布了")
		case r.State == dropped:
			return model.Refuse(model.ErrConflict, model.CodeConflict, r.OperatorName+" 定的这次发布已被取消")
		case r.State == running && s.now().Sub(r.UpdatedAt) < 5*time.Minute:
			return model.Refuse(model.ErrConflict, model.CodeConflict, "正在发布，来不及改了")
		case r.Revision != revision:
			return model.Refuse(model.ErrConflict, model.CodeConflict, "这次发布刚刚改过，请刷新后再改")
		}
		r.Revision, r.UpdatedAt = revision+1, model.Milli(s.now())
		if err := fn(tx, r); err != nil {
			return err
		}
		res := tx.Model(&row{}).Where("id = ? AND revision = ?", id, revision).
			Select("publish_at", "note", "revision", "state", "tries", "error", "at_once", "updated_at").Updates(r)
		if res.Error != nil {
			return fmt.Errorf("release %d: %w", id, res.Error)
		}
		return nil
	})
}

// Back says what rolling release id back would change now, in words.
func (s *Service) Back(ctx context.Context, id int64) ([]string, error) {
	r, _, err := s.back(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.words(ctx, r)
}

// back makes the release that undoes release id. What it did not touch stays, though it was published later. Where there
// was no menu before, the menu is left: WeChat has none to go back to.
func (s *Service) back(ctx context.Context, id int64) (*row, content, error) {
	old, err := s.take(s.db.WithContext(ctx), id)
	if err != nil {
		return nil, content{}, err
	}
	if old.State != done {
		return nil, content{}, model.Refuse(model.ErrConflict, model.CodeConflict, "还没有发布，退不了")
	}
	c, err := old.content()
	if err != nil {
		return nil, content{}, err
	}
	to := content{rules: model.Reversed(c.rules)}
	if c.menu != nil && len(c.before.Buttons) > 0 {
		to.menu, to.before = c.before, c.menu
	}
	r := &row{AppID: s.appid, RestoredFrom: id, Revision: 1, State: waiting, AtOnce: true}
	return r, to, r.fill(to)
}

// Restore rolls release id back: menu and rules together, at once, as a release of its own.
func (s *Service) Restore(ctx context.Context, by model.Operator, id int64, note string) (Release, error) {
	r, c, err := s.back(ctx, id)
	if err != nil {
		return Release{}, err
	}
	r.Note, r.OperatorID, r.OperatorName = strings.TrimSpace(note), by.ID, by.Name
	if err := s.fit(r); err != nil {
		return Release{}, err
	}
	if err := s.tx(ctx, func(tx *gorm.DB) error { return s.keep(tx, by, r, c, "") }); err != nil {
		return Release{}, err
	}
	return s.goNow(ctx, r)
}
