package menu

import (
	"context"
	"fmt"

	"loudou/model"
)

// Pulled is what is live at WeChat, as a draft of ours would be, and how it differs.
type Pulled struct {
	model.Menu
	Open    bool
	Answers []model.MenuAnswer // what reply rules must say, were it the draft
	Notes   []string           // what could not be taken over as it was
	Changes []string           // the draft against it
	Drifted []string           // the version published last against it: somebody changed it elsewhere
	// Temporary are media_ids in it that end within three days, with what they are: made in WeChat's console.
	Temporary map[string]model.MaterialKind
}

// Pull reads the live menu, whoever made it. Nothing is written: what to make of it is the operator's word.
func (s *Service) Pull(ctx context.Context) (Pulled, error) {
	l, err := s.live.MenuLive(ctx)
	if err != nil {
		return Pulled{}, fmt.Errorf("live menu: %w", err)
	}
	d, err := s.Draft(ctx)
	if err != nil {
		return Pulled{}, err
	}
	p := Pulled{Open: l.Open, Temporary: l.Temporary()}
	p.Menu, p.Answers, p.Notes = l.Draft()
	p.Changes = model.MenuDiff(d.Menu, p.named(d.Menu))
	if d.Live > 0 {
		last, err := s.newest(s.db.WithContext(ctx))
		if err != nil {
			return Pulled{}, err
		}
		p.Drifted = model.MenuDiff(last.Menu, p.named(last.Menu))
	}
	p.Menu = p.named(d.Menu)
	return p, nil
}

// named gives conditional menus of WeChat's, which bear no name there, the names they have in ours.
func (p *Pulled) named(ours model.Menu) model.Menu {
	out := model.Menu{Buttons: p.Buttons, Conditional: []model.ConditionalMenu{}}
	used := map[int]bool{}
	for _, c := range p.Conditional {
		for i, o := range ours.Conditional {
			if !used[i] && o.MatchRule == c.MatchRule {
				c.Name, used[i] = o.Name, true
				break
			}
		}
		out.Conditional = append(out.Conditional, c)
	}
	return out
}

// Seen is the menu one fan sees now.
type Seen struct {
	Buttons []model.MenuButton
	Name    string // which of the published ones it is; empty: none of ours
	Which   int    // -1 the default menu, else the number of the conditional one; -2: none of ours
}

// See asks WeChat which menu a fan sees.
func (s *Service) See(ctx context.Context, who model.OpenID) (Seen, error) {
	buttons, err := s.live.MenuTryMatch(ctx, who)
	if err != nil {
		return Seen{}, fmt.Errorf("menu of a fan: %w", err)
	}
	last, err := s.newest(s.db.WithContext(ctx))
	if err != nil {
		return Seen{}, err
	}
	out := Seen{Buttons: buttons, Which: -2}
	for i := len(last.Conditional) - 1; i >= 0 && out.Which == -2; i-- {
		if c := &last.Conditional[i]; model.SameButtons(c.Button, buttons) {
			out.Which, out.Name = i, "个性化菜单「"+c.Title()+"」"
		}
	}
	if model.SameButtons(last.Buttons, buttons) {
		out.Which, out.Name = -1, "默认菜单"
	}
	return out, nil
}

// Articles lists published articles for a button to open, after offset; next is 0 at the end.
func (s *Service) Articles(ctx context.Context, offset int) (articles []model.PublishedArticle, next int, err error) {
	const page = 20 // WeChat's
	articles, total, err := s.live.Published(ctx, offset)
	if err != nil {
		return nil, 0, fmt.Errorf("published articles: %w", err)
	}
	if offset+page < total {
		next = offset + page
	}
	return articles, next, nil
}
