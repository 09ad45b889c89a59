package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"loudou/model"
	"loudou/service/wechat"
)

func (o official) MenuCreate(ctx context.Context, buttons []model.MenuButton) error {
	return o.Client.MenuCreate(ctx, gatewayButtons(buttons))
}

func (o official) MenuConditional(ctx context.Context) ([]string, error) {
	m, err := o.MenuGet(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(m.Conditional))
	for _, c := range m.Conditional {
		out = append(out, c.MenuID)
	}
	return out, nil
}

func (o official) MenuAddConditional(ctx context.Context, buttons []model.MenuButton, match model.MenuMatch) (string, error) {
	return o.Client.MenuAddConditional(ctx, gatewayButtons(buttons), wechat.MatchRule(match))
}

func (o official) MenuTryMatch(ctx context.Context, who model.OpenID) ([]model.MenuButton, error) {
	buttons, err := o.Client.MenuTryMatch(ctx, who)
	return ourButtons(buttons), err
}

// MenuLive reads both: the menus made by interface, and what fans see.
func (o official) MenuLive(ctx context.Context) (model.LiveMenu, error) {
	shown, open, err := o.MenuShown(ctx)
	if err != nil {
		return model.LiveMenu{}, err
	}
	out := model.LiveMenu{Open: open, Shown: shownButtons(shown)}
	made, err := o.MenuGet(ctx)
	if errors.Is(err, model.ErrNotFound) { // none was made by interface
		return out, nil
	}
	if err != nil {
		return model.LiveMenu{}, err
	}
	out.Buttons = ourButtons(made.Buttons)
	// Menuids rise: ours come oldest first, as the newest is tried first.
	slices.SortStableFunc(made.Conditional, func(a, b wechat.ConditionalMenu) int { return number(a.MenuID) - number(b.MenuID) })
	for _, c := range made.Conditional {
		out.Conditional = append(out.Conditional, model.ConditionalMenu{Button: ourButtons(c.Buttons), MatchRule: model.MenuMatch(c.Rule)})
	}
	return out, nil
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // what is no number keeps its place
	return n
}

func gatewayButtons(in []model.MenuButton) []wechat.Button {
	if len(in) == 0 {
		return nil
	}
	out := make([]wechat.Button, 0, len(in))
	for _, b := range in {
		out = append(out, wechat.Button{Type: b.Type, Name: b.Name, Key: b.Key, URL: b.URL, AppID: b.AppID, PagePath: b.PagePath, MediaID: b.MediaID, ArticleID: b.ArticleID, SubButton: gatewayButtons(b.SubButton)})
	}
	return out
}

func ourButtons(in []wechat.Button) []model.MenuButton {
	if len(in) == 0 {
		return nil
	}
	out := make([]model.MenuButton, 0, len(in))
	for _, b := range in {
		out = append(out, model.MenuButton{Type: b.Type, Name: b.Name, Key: b.Key, URL: b.URL, AppID: b.AppID, PagePath: b.PagePath, MediaID: b.MediaID, ArticleID: b.ArticleID, SubButton: ourButtons(b.SubButton)})
	}
	return out
}

func shownButtons(in []wechat.ShownButton) []model.LiveButton {
	out := make([]model.LiveButton, 0, len(in))
	for _, b := range in {
		one := model.LiveButton{MenuButton: ourButtons([]wechat.Button{b.Button})[0], Value: b.Value, Sub: shownButtons(b.Sub)}
		var news struct {
			List []struct {
				Title  string `json:"title"`
				Digest string `json:"digest"`
				Cover  string `json:"cover_url"`
				URL    string `json:"content_url"`
			} `json:"list"`
		}
		if len(b.News) > 0 && json.Unmarshal(b.News, &news) == nil {
			for _, n := range news.List {
				one.Articles = append(one.Articles, model.MessageArticle{Title: n.Title, Description: n.Digest, URL: n.URL, PicURL: n.Cover})
			}
		}
		out = append(out, one)
	}
	return out
}

func (noOfficial) MenuCreate(context.Context, []model.MenuButton) error { return errNoOfficial }

func (noOfficial) MenuConditional(context.Context) ([]string, error) { return nil, errNoOfficial }

func (noOfficial) MenuAddConditional(context.Context, []model.MenuButton, model.MenuMatch) (string, error) {
	return "", errNoOfficial
}

func (noOfficial) MenuDelConditional(context.Context, string) error { return errNoOfficial }

func (noOfficial) MenuLive(context.Context) (model.LiveMenu, error) {
	return model.LiveMenu{}, errNoOfficial
}

func (noOfficial) Published(context.Context, int) ([]model.PublishedArticle, int, error) {
	return nil, 0, errNoOfficial
}

func (noOfficial) MenuTryMatch(context.Context, model.OpenID) ([]model.MenuButton, error) {
	return nil, errNoOfficial
}
