package takeover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"loudou/model"
)

// Line is one thing of WeChat's console and what becomes of it.
type Line struct {
	Rule   model.Rule
	State  string // new; had: taken over before and still on the desk; lost: nothing of it can be taken over
	RuleID int64  // of one that is had
	Files  int    // pictures and sounds to copy
	Notes  []string
}

// Preview is what an import would do. Nothing was written for it.
type Preview struct {
	Lines       []Line
	Menu        model.Menu
	MenuOpen    bool
	MenuChanges []string // from our draft to it, in words
	MenuFiles   int
	MenuNotes   []string
}

// plan is a preview with what an import needs.
type plan struct {
	Preview
	taken []model.Taken
	live  LiveMenu
	had   map[string]int64 // sources, as they were read
}

// Look reads what fans hear and see now, and says in words what an import would make of it.
func (s *Service) Look(ctx context.Context) (Preview, error) {
	p, err := s.look(ctx)
	return p.Preview, err
}

func (s *Service) look(ctx context.Context) (plan, error) {
	var p plan
	replies, err := s.wechat.RepliesLive(ctx)
	if err != nil {
		return p, fmt.Errorf("replies of the console: %w", err)
	}
	if p.live, err = s.menus.Live(ctx); err != nil {
		return p, fmt.Errorf("menu of the console: %w", err)
	}
	rules, err := s.replies.Desk(ctx)
	if err != nil {
		return p, err
	}
	desk, err := s.menus.Desk(ctx)
	if err != nil {
		return p, err
	}
	r, err := s.read(s.db.WithContext(ctx))
	if err != nil {
		return p, err
	}
	sources, err := r.sources()
	if err != nil {
		return p, err
	}
	p.had = sources
	onDesk := map[int64]bool{}
	for _, one := range rules {
		onDesk[one.ID] = true
	}
	p.taken = replies.Drafts()
	for _, a := range p.live.Answers {
		p.taken = append(p.taken, model.Taken{Source: "menu:" + a.Key, Rule: model.Rule{Name: model.Cut("菜单："+a.Button, 60), Kind: model.RuleMenu, EventKey: a.Key, Pick: "all", Enabled: true, Messages: []model.Message{a.Message}}})
	}
	for _, t := range p.taken {
		l := Line{Rule: t.Rule, State: "new", Files: len(t.Files), Notes: append([]string{}, t.Notes...)}
		had := sources[t.Source]
		i := slices.IndexFunc(rules, func(o model.Rule) bool {
			return o.Kind == model.RuleMenu && t.Rule.Kind == model.RuleMenu && o.EventKey == t.Rule.EventKey
		})
		switch {
		case onDesk[had]:
			l.State, l.RuleID = "had", had
		case i >= 0: // the menu page wrote it
			l.State, l.RuleID = "had", rules[i].ID
		case len(t.Rule.Messages) == 0:
			l.State = "lost"
		}
		p.Lines = append(p.Lines, l)
	}
	p.Menu, p.MenuOpen, p.MenuNotes = p.live.Menu, p.live.Open, append([]string{}, p.live.Notes...)
	p.Menu.Buttons = each(p.live.Buttons, desk.Buttons, func(b, ours *model.MenuButton) {
		if _, temporary := p.live.Temporary[b.MediaID]; !temporary {
			return
		}
		if ours != nil && ours.Name == b.Name && ours.MediaID != "" { // copied before: WeChat says another name each time
			b.MediaID = ours.MediaID
			return
		}
		p.MenuFiles++
	})
	p.MenuChanges = model.MenuDiff(desk, p.Menu)
	return p, nil
}

// each gives a copy of buttons in which fn changed those that do something; ours is the one in the same place.
func each(buttons, ours []model.MenuButton, fn func(b, ours *model.MenuButton)) []model.MenuButton {
	out := make([]model.MenuButton, len(buttons))
	for i, b := range buttons {
		var had *model.MenuButton
		if i < len(ours) {
			had = &ours[i]
		}
		if len(b.SubButton) > 0 {
			var below []model.MenuButton
			if had != nil {
				below = had.SubButton
			}
			b.SubButton = each(b.SubButton, below, fn)
		} else {
			fn(&b, had)
		}
		out[i] = b
	}
	return out
}

// Want says what to import.
type Want struct{ Replies, Menu bool }

// Import makes drafts of what the console answers and shows, and copies its pictures and sounds into the permanent
// material. What was taken over before and is still on the desk is left as the operator made it, so a repeat adds only
// what is new. The menu's draft is put in the place of ours. Rules and menu are written together or not at all.
// Errors: ErrUnavailable when WeChat does not answer; again is safe, a file that is there already is not put twice.
func (s *Service) Import(ctx context.Context, by model.Operator, want Want) (State, error) {
	if !want.Replies && !want.Menu {
		return State{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请选要导入的：自动回复，或菜单")
	}
	p, err := s.look(ctx)
	if err != nil {
		return State{}, err
	}
	if want.Menu && len(p.Menu.Buttons) == 0 {
		want.Menu = false // never an empty menu over a draft
	}
	var notes []string
	files := int64(0)
	for i := range p.taken {
		if p.Lines[i].State != "new" || !want.Replies && p.taken[i].Rule.Kind != model.RuleMenu || !want.Menu && p.taken[i].Rule.Kind == model.RuleMenu {
			continue
		}
		n, err := s.copyFiles(ctx, by, &p.taken[i])
		if err != nil {
			return State{}, err
		}
		files += n
	}
	if want.Menu {
		n, lost, err := s.copyButtons(ctx, by, &p)
		if err != nil {
			return State{}, err
		}
		files += n
		notes = append(append(notes, p.live.Notes...), lost...)
	}
	err = s.change(context.WithoutCancel(ctx), func(tx *gorm.DB, r *row) error {
		told := slices.Clone(notes) // a transaction may run again
		sources, err := r.sources()
		if err != nil {
			return err
		}
		made := int64(0)
		for i, t := range p.taken {
			menu := t.Rule.Kind == model.RuleMenu
			if menu && !want.Menu || !menu && !want.Replies || p.Lines[i].State == "had" || sources[t.Source] != p.had[t.Source] { // the last: another import was faster
				continue
			}
			for _, n := range t.Notes {
				told = append(told, "「"+t.Rule.Name+"」"+n)
			}
			if len(t.Rule.Messages) == 0 { // the notes said why
				continue
			}
			id, err := s.replies.CreateIn(tx, by, t.Rule)
			var bad *model.Refusal
			if errors.As(err, &bad) {
				told = append(told, "「"+t.Rule.Name+"」没有导入："+bad.Text)
				continue
			}
			if err != nil {
				return err
			}
			sources[t.Source] = id
			made++
		}
		if want.Menu && (len(p.MenuChanges) > 0 || p.MenuFiles > 0) {
			if err := s.menus.SaveIn(tx, by, p.Menu); err != nil {
				return err
			}
		}
		now := model.Milli(s.now())
		r.ImportedAt, r.ImportedBy = &now, by.Name
		r.Rules += made
		r.Files += files
		r.Menu = r.Menu || want.Menu
		if r.Sources, err = text(sources); err != nil {
			return err
		}
		if r.Notes, err = text(append([]string{}, told...)); err != nil {
			return err
		}
		return s.trail(tx, by, "takeover.import", map[string]any{"rules": made, "files": files, "menu": want.Menu})
	})
	if err != nil {
		return State{}, err
	}
	return s.State(ctx)
}

func text(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// copyFiles puts a rule's pictures and sounds into the permanent material. One that WeChat no longer has or would not
// take is left out with a note; a passing fault ends the import, which may be repeated.
func (s *Service) copyFiles(ctx context.Context, by model.Operator, t *model.Taken) (n int64, err error) {
	for i := 0; i < len(t.Files); {
		f := t.Files[i]
		id, err := s.copyOne(ctx, by, f.Kind, f.MediaID, t.Rule.Name)
		var bad *model.Refusal
		switch {
		case err == nil:
			t.Rule.Messages[f.Index].MediaID = id
			i++
			n++
		case errors.Is(err, model.ErrInvalid) && errors.As(err, &bad):
			t.Lose(f.Index, bad.Text)
		default:
			return n, err
		}
	}
	return n, nil
}

// copyButtons does the same for the buttons of a menu made in WeChat's console.
func (s *Service) copyButtons(ctx context.Context, by model.Operator, p *plan) (n int64, lost []string, err error) {
	p.Menu.Buttons = each(p.Menu.Buttons, nil, func(b, _ *model.MenuButton) {
		kind, temporary := p.live.Temporary[b.MediaID]
		if !temporary || err != nil {
			return
		}
		id, one := s.copyOne(ctx, by, kind, b.MediaID, "菜单 "+b.Name)
		var bad *model.Refusal
		switch {
		case one == nil:
			b.MediaID = id
			n++
		case errors.Is(one, model.ErrInvalid) && errors.As(one, &bad):
			b.MediaID = ""
			lost = append(lost, "按钮「"+b.Name+"」的图片或语音没有转存成功（"+bad.Text+"），请重新选素材")
		default:
			err = one
		}
	})
	return n, lost, err
}

func (s *Service) copyOne(ctx context.Context, by model.Operator, kind model.MaterialKind, mediaID, title string) (string, error) {
	data, err := s.wechat.MediaTemporary(ctx, mediaID)
	if err != nil {
		return "", fmt.Errorf("read temporary material: %w", err)
	}
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return ' '
		}
		return r
	}, title)
	m, err := s.materials.Upload(ctx, by, model.MaterialUpload{Kind: kind, Permanent: true, Name: name, Title: model.Cut(title, 60), Data: data})
	return m.MediaID, err
}
