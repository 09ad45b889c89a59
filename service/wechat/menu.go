package wechat

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"loudou/model"
)

// Button is one button of a menu in WeChat's own fields; which of them count depends on Type. A parent has a name
// and SubButton only.
type Button struct {
	Type      string   `json:"type,omitempty"`
	Name      string   `json:"name"`
	Key       string   `json:"key,omitempty"`
	URL       string   `json:"url,omitempty"`
	AppID     string   `json:"appid,omitempty"`
	PagePath  string   `json:"pagepath,omitempty"`
	MediaID   string   `json:"media_id,omitempty"`
	ArticleID string   `json:"article_id,omitempty"`
	SubButton []Button `json:"sub_button,omitempty"`
}

// MatchRule says who sees a conditional menu. At least one field must be set.
type MatchRule struct {
	TagID    string `json:"tag_id,omitempty"`
	Platform string `json:"client_platform_type,omitempty"` // 1 iOS, 2 Android, 3 others
}

// UnmarshalJSON takes numbers for texts, and group_id, tag_id's old name.
func (m *MatchRule) UnmarshalJSON(b []byte) error {
	var in struct {
		TagID    text `json:"tag_id"`
		GroupID  text `json:"group_id"`
		Platform text `json:"client_platform_type"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*m = MatchRule{TagID: string(in.TagID), Platform: string(in.Platform)}
	if m.TagID == "" {
		m.TagID = string(in.GroupID)
	}
	return nil
}

// text reads a JSON text or number: WeChat writes ids both ways.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	if s := string(b); s != "null" {
		*t = text(strings.Trim(s, `"`))
	}
	return nil
}

// ConditionalMenu is a menu for those who match Rule.
type ConditionalMenu struct {
	MenuID  string
	Buttons []Button
	Rule    MatchRule
}

// Menus is what MenuGet answers.
type Menus struct {
	MenuID      string // empty unless there are conditional menus
	Buttons     []Button
	Conditional []ConditionalMenu // newest first
}

// MenuCreate puts the default menu live; it replaces the one before. Clients show it within five minutes.
// Errors: ErrInvalid names what is wrong (40018 …), ErrForbidden, ErrUnavailable. Source: 创建自定义菜单.
func (c *Client) MenuCreate(ctx context.Context, buttons []Button) error {
	const path = "/cgi-bin/menu/create"
	if len(buttons) == 0 {
		return decline(path, "no button", "菜单至少要有一个按钮")
	}
	return c.post(ctx, path, map[string]any{"button": buttons}, nil)
}

// MenuGet reads the menus that were made by interface. ErrNotFound when there are none. Source: 获取自定义菜单配置.
func (c *Client) MenuGet(ctx context.Context) (Menus, error) {
	var out struct {
		Menu struct {
			Button []Button `json:"button"`
			MenuID text     `json:"menuid"`
		} `json:"menu"`
		Conditional []struct {
			Button []Button  `json:"button"`
			Rule   MatchRule `json:"matchrule"`
			MenuID text      `json:"menuid"`
		} `json:"conditionalmenu"`
	}
	if err := c.get(ctx, "/cgi-bin/menu/get", nil, &out); err != nil {
		return Menus{}, err
	}
	m := Menus{MenuID: string(out.Menu.MenuID), Buttons: out.Menu.Button}
	for _, one := range out.Conditional {
		m.Conditional = append(m.Conditional, ConditionalMenu{MenuID: string(one.MenuID), Buttons: one.Button, Rule: one.Rule})
	}
	return m, nil
}

// MenuDelete takes the default menu and all conditional ones away. Source: 删除自定义菜单.
func (c *Client) MenuDelete(ctx context.Context) error {
	return c.get(ctx, "/cgi-bin/menu/delete", nil, nil)
}

// MenuAddConditional adds a menu for those who match rule and returns its menuid. It needs a default menu
// (ErrConflict, 65303). Source: 创建个性化菜单.
func (c *Client) MenuAddConditional(ctx context.Context, buttons []Button, rule MatchRule) (string, error) {
	const path = "/cgi-bin/menu/addconditional"
	if len(buttons) == 0 || rule == (MatchRule{}) {
		return "", decline(path, "no button or no rule", "个性化菜单要有按钮和条件")
	}
	var out struct {
		MenuID text `json:"menuid"`
	}
	if err := c.post(ctx, path, map[string]any{"button": buttons, "matchrule": rule}, &out); err != nil {
		return "", err
	}
	if out.MenuID == "" {
		return "", unreadable(path)
	}
	return string(out.MenuID), nil
}

// MenuDelConditional takes one conditional menu away. ErrNotFound when there is none of that menuid.
func (c *Client) MenuDelConditional(ctx context.Context, menuID string) error {
	return c.post(ctx, "/cgi-bin/menu/delconditional", map[string]string{"menuid": menuID}, nil)
}

// MenuTryMatch answers which menu a fan sees. Source: 测试个性化菜单匹配结果.
func (c *Client) MenuTryMatch(ctx context.Context, openid model.OpenID) ([]Button, error) {
	var out struct {
		Button []Button `json:"button"`
		Menu   struct { // an older shape of the answer
			Button []Button `json:"button"`
		} `json:"menu"`
	}
	if err := c.post(ctx, "/cgi-bin/menu/trymatch", map[string]string{"user_id": string(openid)}, &out); err != nil {
		return nil, err
	}
	if out.Button == nil {
		return out.Menu.Button, nil
	}
	return out.Button, nil
}

// ShownButton is a button of the menu that is live, made by interface or in WeChat's console; the latter has the
// types text, img, voice, video and news with a Value.
type ShownButton struct {
	Button
	Value string
	News  json.RawMessage // of type news, as WeChat wrote it
	Sub   []ShownButton
}

// UnmarshalJSON reads the form in which sub_button is an object with a list.
func (b *ShownButton) UnmarshalJSON(raw []byte) error {
	var in struct {
		Type      string          `json:"type"`
		Name      string          `json:"name"`
		Key       string          `json:"key"`
		URL       string          `json:"url"`
		AppID     string          `json:"appid"`
		PagePath  string          `json:"pagepath"`
		MediaID   string          `json:"media_id"`
		ArticleID string          `json:"article_id"`
		Value     string          `json:"value"`
		News      json.RawMessage `json:"news_info"`
		Sub       struct {
			List []ShownButton `json:"list"`
		} `json:"sub_button"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	*b = ShownButton{
		Button: Button{Type: in.Type, Name: in.Name, Key: in.Key, URL: in.URL, AppID: in.AppID, PagePath: in.PagePath,
			MediaID: in.MediaID, ArticleID: in.ArticleID},
		Value: in.Value, News: in.News, Sub: in.Sub.List,
	}
	return nil
}

// MenuShown reads the menu that is live, whoever made it; open tells whether the menu is switched on.
// Source: 获取当前自定义菜单.
func (c *Client) MenuShown(ctx context.Context) (buttons []ShownButton, open bool, err error) {
	var out struct {
		Open int `json:"is_menu_open"`
		Info struct {
			Button []ShownButton `json:"button"`
		} `json:"selfmenu_info"`
	}
	err = c.get(ctx, "/cgi-bin/get_current_selfmenu_info", url.Values{}, &out)
	return out.Info.Button, out.Open == 1, err
}
