package release

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

// Job is the kind of the job that publishes a release at its time.
const Job = "release.run"

type jobOf struct {
	ID       int64 `json:"id"`
	Revision int64 `json:"revision"`
}

// grace is how late a release may still go out: what appears hours after its time surprises.
const grace = time.Hour

// broke is told where there is no refusal to quote.
const broke = "服务出了问题，稍后再试"

var errOver = errors.New("the release was ended by another instance")

// Run publishes a release whose time has come: the job Job. Run twice, or on two instances, it publishes once: the
// versions and the release's end are one commit, and sending the same menu again changes nothing. What is refused is
// kept with the release; what may heal is tried again for an hour.
func (s *Service) Run(ctx context.Context, payload json.RawMessage) error {
	var j jobOf
	if err := json.Unmarshal(payload, &j); err != nil {
		return fmt.Errorf("release: %w: %w", model.ErrInvalid, err)
	}
	var rows []row
	if err := s.db.WithContext(ctx).Where("appid = ? AND id = ?", s.appid, j.ID).Limit(1).Find(&rows).Error; err != nil {
		return fmt.Errorf("release %d: %w", j.ID, err)
	}
	if len(rows) == 0 || rows[0].Revision != j.Revision || rows[0].State != waiting && rows[0].State != running {
		return nil // changed, taken back or done: another job's, or nobody's
	}
	r := &rows[0]
	if err := store.WaitOut(ctx, r.PublishAt.Sub(s.now())); err != nil {
		return fmt.Errorf("release %d: %w", j.ID, err)
	}
	if s.now().Sub(r.PublishAt) > grace {
		why := r.Error
		if why == "" {
			why = "到点时服务没有运行"
		}
		return s.end(ctx, r, failed, "一小时内没能发布，已放弃："+why)
	}
	_, err := s.carry(ctx, r)
	switch {
	case err == nil || errors.Is(err, errOver):
		return nil
	case final(err):
		return s.end(ctx, r, failed, model.WordsOf(err, broke))
	}
	return errors.Join(err, s.end(ctx, r, waiting, model.WordsOf(err, broke)))
}

// final tells what trying again will not heal. That somebody else publishes the menu just now heals.
func final(err error) bool {
	return model.Hopeless(err) || errors.Is(err, errStands)
}

// errStands marks what stands in the way of a release until a person does something.
var errStands = errors.New("not publishable as it is")

// goNow publishes a release that was just kept. One that failed is out of sight: the desk is as it was, and the operator
// is told why. Where WeChat took the menu and the database went away, the job ends what was begun.
func (s *Service) goNow(ctx context.Context, r *row) (Release, error) {
	sent, err := s.carry(ctx, r)
	if errors.Is(err, errOver) {
		err = nil
	}
	if err != nil && !sent {
		return Release{}, errors.Join(err, s.end(ctx, r, dropped, model.WordsOf(err, broke)))
	}
	if err != nil {
		return Release{}, err
	}
	return s.one(ctx, r.ID)
}

// carry puts all of r live, or nothing. sent tells that WeChat has its menu all the same.
func (s *Service) carry(ctx context.Context, r *row) (sent bool, err error) {
	c, err := r.content()
	if err != nil {
		return false, err
	}
	own := func(tx *gorm.DB, states ...string) *gorm.DB {
		return tx.Model(&row{}).Where("id = ? AND revision = ? AND state IN ?", r.ID, r.Revision, states)
	}
	res := own(s.db.WithContext(ctx), waiting, running).Updates(map[string]any{"state": running, "tries": gorm.Expr("tries + 1"), "updated_at": model.Milli(s.now())})
	if res.Error != nil {
		return false, fmt.Errorf("release %d: %w", r.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		return false, errOver
	}
	words, err := s.rules.Weigh(ctx, c.rules)
	if errors.Is(err, model.ErrConflict) {
		return false, fmt.Errorf("%w: %w", errStands, err)
	}
	if err != nil {
		return false, err
	}
	_, live, _, err := s.menus.DeskIn(s.db.WithContext(ctx), nil)
	if err != nil {
		return false, err
	}
	if c.menu != nil && len(model.MenuDiff(live, *c.menu)) == 0 {
		c.menu = nil // somebody published the same meanwhile
	}
	if c.menu == nil && len(words) == 0 {
		return false, fmt.Errorf("%w: %w", errStands, nothing())
	}
	by := model.Operator{ID: r.OperatorID, Name: r.OperatorName}
	commit := func(tx *gorm.DB, version int64, before model.Menu, menuWords []string) error {
		out := *r
		if version > 0 {
			if _, err := s.menus.LayIn(tx, by, *c.before, *c.menu); err != nil {
				return err
			}
		}
		replies, changed, ruleWords, err := s.rules.PublishIn(tx, by, r.note(), c.rules)
		if errors.Is(err, model.ErrConflict) {
			return fmt.Errorf("%w: %w", errStands, err)
		}
		if err != nil {
			return err
		}
		if err := out.fill(content{c.menu, &before, changed}); err != nil {
			return err
		}
		b, err := json.Marshal(append(prefixed("菜单：", menuWords), prefixed("回复：", ruleWords)...))
		if err != nil {
			return err
		}
		at := model.Milli(s.now())
		out.State, out.MenuVersion, out.ReplyVersion, out.Words, out.PublishedAt, out.UpdatedAt, out.Error = done, version, replies, string(b), &at, at, ""
		res := own(tx, running).Select("state", "menu_version", "reply_version", "menu", "menu_before", "rules", "words", "published_at", "updated_at", "error").Updates(&out)
		if res.Error != nil {
			return fmt.Errorf("release %d: %w", r.ID, res.Error)
		}
		if res.RowsAffected == 0 {
			return errOver
		}
		action := "release.publish"
		if r.RestoredFrom > 0 {
			action = "release.restore"
		}
		return s.trail(tx, by, r, action, "", out.Words)
	}
	if c.menu != nil {
		sent, err = s.menus.PublishWith(ctx, by, r.note(), *c.menu, commit)
	} else {
		err = s.tx(ctx, func(tx *gorm.DB) error { return commit(tx, 0, model.Menu{}, nil) })
	}
	if err != nil {
		return sent, err
	}
	return sent, s.rules.Refresh(ctx)
}

func prefixed(head string, words []string) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		out = append(out, head+w)
	}
	return out
}

// note is what the versions of menu and rules say of themselves.
func (r *row) note() string {
	head := "一起发布"
	switch {
	case r.RestoredFrom > 0:
		head = "一起退回"
	case !r.AtOnce:
		head = "定时一起发布"
	}
	if r.Note == "" {
		return head
	}
	return model.Cut(head+"："+r.Note, 200)
}

// end keeps what became of a try, whatever the caller does.
func (s *Service) end(ctx context.Context, r *row, state, why string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := s.db.WithContext(ctx).Model(&row{}).Where("id = ? AND revision = ? AND state IN ?", r.ID, r.Revision, []string{waiting, running}).
		Updates(map[string]any{"state": state, "error": model.Cut(why, 500), "updated_at": model.Milli(s.now())}).Error
	if err != nil {
		return fmt.Errorf("release %d: %w", r.ID, err)
	}
	return nil
}
