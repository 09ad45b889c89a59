package menu

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"loudou/model"
)

// Warning is what WeChat takes but fans cannot use, at the field of the button it is about.
type Warning struct {
	Field string `json:"field" doc:"as buttons[0].sub_button[1].media_id"`
	Text  string `json:"message"`
}

// Things know what buttons point at. Each may be nil; what is not known is not warned of.
type Things struct {
	// OnSale says of courses whether they can be opened in the Mini Program: service/course.
	OnSale func(ctx context.Context, courses []int64) (map[int64]bool, error)
	// Material gives what is known of media_ids: service/material.
	Material func(ctx context.Context, ids []string) (map[string]model.MaterialFact, error)
	// Dead gives of article_ids and addresses those of articles that are taken away, and their titles: service/draft.
	Dead func(ctx context.Context, articles []string) (map[string]string, error)
	// MiniAppID is our own Mini Program: pages of others are not known.
	MiniAppID string
}

// Looks says who knows what buttons point at.
func (s *Service) Looks(t Things) { s.things = t }

// each walks over all buttons that do something, by the names that Check gives their fields.
func each(m *model.Menu, do func(field, where string, b *model.MenuButton)) {
	walk := func(field, where string, buttons []model.MenuButton) {
		for i := range buttons {
			b, at := &buttons[i], fmt.Sprintf("%s[%d]", field, i)
			if len(b.SubButton) == 0 {
				do(at, where, b)
			}
			for j := range b.SubButton {
				do(fmt.Sprintf("%s.sub_button[%d]", at, j), where, &b.SubButton[j])
			}
		}
	}
	walk("buttons", "", m.Buttons)
	for i := range m.Conditional {
		c := &m.Conditional[i]
		walk(fmt.Sprintf("conditional[%d].button", i), "个性化菜单「"+c.Title()+"」的", c.Button)
	}
}

// points says what of b's fields counts, by its action.
func (s *Service) points(b *model.MenuButton) (media, article string, course int64) {
	switch b.Type {
	case "media_id", "view_limited":
		media = b.MediaID
	case "article_id", "article_view_limited":
		article = b.ArticleID
	case "view":
		article = b.URL
	case "miniprogram":
		if b.AppID == s.things.MiniAppID && b.AppID != "" {
			course, _ = model.CourseOfPage(b.PagePath)
		}
	}
	return media, article, course
}

// lint looks at what the buttons point at.
func (s *Service) lint(ctx context.Context, m *model.Menu) []Warning {
	var media, articles []string
	var courses []int64
	each(m, func(_, _ string, b *model.MenuButton) {
		id, article, course := s.points(b)
		if id != "" {
			media = append(media, id)
		}
		if article != "" {
			articles = append(articles, article)
		}
		if course > 0 {
			courses = append(courses, course)
		}
	})
	var facts map[string]model.MaterialFact
	var dead map[string]string
	var onSale map[int64]bool
	var err error
	told := func() {
		if err != nil {
			slog.Warn("a menu is checked without what it points at", "err", err)
		}
	}
	if len(media) > 0 && s.things.Material != nil {
		slices.Sort(media)
		facts, err = s.things.Material(ctx, slices.Compact(media))
		told()
	}
	if len(articles) > 0 && s.things.Dead != nil {
		dead, err = s.things.Dead(ctx, articles)
		told()
	}
	if len(courses) > 0 && s.things.OnSale != nil {
		onSale, err = s.things.OnSale(ctx, courses)
		told()
	}
	out := []Warning{}
	each(m, func(field, where string, b *model.MenuButton) {
		say := func(name, text string) {
			out = append(out, Warning{field + "." + name, where + "按钮「" + b.Name + "」：" + text})
		}
		id, article, course := s.points(b)
		if fact, ok := facts[id]; ok {
			if text := fact.Warning(id, true); text != "" {
				say("media_id", text)
			}
		}
		if title, gone := dead[article]; gone && article != "" {
			name := "article_id"
			if b.Type == "view" {
				name = "url"
			}
			say(name, fmt.Sprintf("文章「%s」已经删除，粉丝打不开", title))
		}
		if course > 0 && onSale != nil && !onSale[course] {
			say("pagepath", fmt.Sprintf("小程序页面里的课程 %d 没有上架，粉丝打不开", course))
		}
	})
	return out
}

// MediaUses tells which material menus refer to: the draft, what waits to be published, and what is live.
func (s *Service) MediaUses(ctx context.Context) ([]model.MaterialUse, error) {
	d, err := s.draft(s.db.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	live, err := s.newest(s.db.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	plans, err := s.Plans(ctx)
	if err != nil {
		return nil, err
	}
	var out []model.MaterialUse
	at := map[model.MaterialUse]int{}
	note := func(m *model.Menu, what string, live bool) {
		each(m, func(_, where string, b *model.MenuButton) {
			id, _, _ := s.points(b)
			if id == "" {
				return
			}
			u := model.MaterialUse{MediaID: id, Where: "menu", Title: what + where + "按钮「" + b.Name + "」", Link: "/menu"}
			if n, had := at[u]; had {
				out[n].Live = out[n].Live || live
				return
			}
			at[u] = len(out)
			u.Live = live
			out = append(out, u)
		})
	}
	note(&d.Menu, "菜单", false)
	note(&live.Menu, "菜单", true)
	for i := range plans {
		if plans[i].State == planWaiting {
			note(&plans[i].Menu, fmt.Sprintf("%s 的定时菜单", plans[i].At.In(model.Shanghai).Format("01-02 15:04")), false)
		}
	}
	return out, nil
}
