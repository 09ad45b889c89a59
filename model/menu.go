package model

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Menu is the account's menu in WeChat's own fields: the default one, and those for some fans only.
type Menu struct {
	Buttons     []MenuButton      `json:"buttons"`
	Conditional []ConditionalMenu `json:"conditional"`
}

// MenuButton is one button; a parent has a name and sub buttons, no type.
type MenuButton struct {
	Type      string       `json:"type,omitempty"`
	Name      string       `json:"name"`
	Key       string       `json:"key,omitempty"`
	URL       string       `json:"url,omitempty"`
	AppID     string       `json:"appid,omitempty"`
	PagePath  string       `json:"pagepath,omitempty"`
	MediaID   string       `json:"media_id,omitempty"`
	ArticleID string       `json:"article_id,omitempty"`
	SubButton []MenuButton `json:"sub_button,omitempty"`
}

// ConditionalMenu is a menu for the fans who match; WeChat tries the newest first.
type ConditionalMenu struct {
	Name      string       `json:"name,omitempty"` // ours; WeChat knows none
	Button    []MenuButton `json:"button"`
	MatchRule MenuMatch    `json:"matchrule"`
}

// MenuMatch says which fans; at least one field is set.
type MenuMatch struct {
	TagID    string `json:"tag_id,omitempty"`
	Platform string `json:"client_platform_type,omitempty"` // 1 iOS, 2 Android, 3 others
}

// WeChat's limits, in bytes. Source: 自定义菜单, 创建接口.
const (
	menuTop, menuSub         = 3, 5
	menuTopName, menuSubName = 16, 60
	menuKey, menuURL         = 128, 1024
)

// Check lists every limit the menu breaks, each with its button by name, in Chinese; nil: it may be published.
func (m *Menu) Check() error {
	bad := Refuse(ErrInvalid, CodeInvalid, "")
	checkMenu(bad, "buttons", "", m.Buttons)
	for i, c := range m.Conditional {
		field, where := fmt.Sprintf("conditional[%d]", i), "个性化菜单「"+c.Title()+"」的"
		if utf8.RuneCountInString(c.Name) > 30 {
			bad.Field(field+".name", where+"名字最多 30 个字")
		}
		if c.MatchRule == (MenuMatch{}) {
			bad.Field(field+".matchrule", where+"条件没有填写")
		}
		if p := c.MatchRule.Platform; p != "" && p != "1" && p != "2" && p != "3" {
			bad.Field(field+".matchrule", where+"平台应为 1（iOS）、2（安卓）或 3（其他）")
		}
		checkMenu(bad, field+".button", where, c.Button)
	}
	if len(bad.Fields) == 0 {
		return nil
	}
	bad.Text = bad.Fields[0].Message
	return bad
}

func checkMenu(bad *Refusal, field, where string, buttons []MenuButton) {
	if len(buttons) == 0 {
		bad.Field(field, where+"菜单至少要有一个按钮")
	}
	if len(buttons) > menuTop {
		bad.Field(field, fmt.Sprintf("%s一级按钮有 %d 个，最多 %d 个，多出的从「%s」开始", where, len(buttons), menuTop, buttons[menuTop].Name))
	}
	for i := range buttons {
		b := &buttons[i]
		at := fmt.Sprintf("%s[%d]", field, i)
		b.check(bad, at, where, menuTopName, false)
		if len(b.SubButton) > menuSub {
			bad.Field(at+".sub_button", fmt.Sprintf("%s按钮「%s」的子按钮有 %d 个，最多 %d 个", where, b.Name, len(b.SubButton), menuSub))
		}
		for j := range b.SubButton {
			b.SubButton[j].check(bad, fmt.Sprintf("%s.sub_button[%d]", at, j), where, menuSubName, true)
		}
	}
}

func (b *MenuButton) check(bad *Refusal, at, where string, nameMost int, sub bool) {
	say := func(field, format string, args ...any) {
		bad.Field(at+field, where+"按钮「"+b.Name+"」"+fmt.Sprintf(format, args...))
	}
	switch {
	case strings.TrimSpace(b.Name) == "":
		bad.Field(at+".name", where+"有一个按钮没有名称")
	case !utf8.ValidString(b.Name):
		say(".name", "的名称有无法显示的字符")
	case len(b.Name) > nameMost:
		say(".name", "的名称有 %d 字节，最多 %d 字节（约 %d 个汉字）", len(b.Name), nameMost, nameMost/3)
	}
	if len(b.SubButton) > 0 {
		if sub {
			say(".sub_button", "下面不能再有子按钮")
		}
		if b.Type != "" {
			say(".type", "有子按钮，自己不能再有动作")
		}
		return
	}
	page := func(field, value, what string) {
		u, err := url.Parse(value)
		switch {
		case value == "":
			say(field, "没有填写%s", what)
		case len(value) > menuURL:
			say(field, "的%s有 %d 字节，最多 %d 字节", what, len(value), menuURL)
		case err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || !strings.Contains(u.Hostname(), "."):
			say(field, "的%s不完整，应为带域名的 https:// 地址", what)
		}
	}
	need := func(field, value, what string) {
		if strings.TrimSpace(value) == "" {
			say(field, "没有填写%s", what)
		}
	}
	switch b.Type {
	case "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		need(".key", b.Key, " key")
		if len(b.Key) > menuKey {
			say(".key", "的 key 有 %d 字节，最多 %d 字节", len(b.Key), menuKey)
		}
	case "view":
		page(".url", b.URL, "链接")
	case "miniprogram":
		need(".appid", b.AppID, "小程序 appid")
		need(".pagepath", b.PagePath, "小程序页面路径")
		page(".url", b.URL, "备用网页（旧版微信打开）")
	case "media_id", "view_limited":
		need(".media_id", b.MediaID, "素材 media_id")
	case "article_id", "article_view_limited":
		need(".article_id", b.ArticleID, "文章 article_id")
	case "":
		say(".type", "没有选择动作，也没有子按钮")
	default:
		say(".type", "的动作 %s 微信不支持", strings.ToValidUTF8(b.Type, "?"))
	}
}

var buttonNames = map[string]string{
	"click": "点击回复", "view": "打开网页", "miniprogram": "打开小程序", "scancode_push": "扫码", "scancode_waitmsg": "扫码并等待", "pic_sysphoto": "拍照",
	"pic_photo_or_album": "拍照或相册", "pic_weixin": "微信相册", "location_select": "发送位置", "media_id": "发送素材", "view_limited": "打开图文素材",
	"article_id": "发送文章", "article_view_limited": "打开文章",
}

// Summary shows the button in one line, for a diff.
func (b *MenuButton) Summary() string {
	if len(b.SubButton) > 0 {
		return fmt.Sprintf("%d 个子按钮", len(b.SubButton))
	}
	what := b.Key + b.URL + b.MediaID + b.ArticleID
	if b.Type == "miniprogram" {
		what = b.PagePath
	}
	return buttonNames[b.Type] + " " + what
}

// Sees gives the menu that a fan with these tags sees, and what it is called: the newest conditional one that
// matches, else the default. Those for one kind of phone are passed over: the phone is not known.
func (m *Menu) Sees(tags []int) (buttons []MenuButton, name string) {
	for i := len(m.Conditional) - 1; i >= 0; i-- {
		c := &m.Conditional[i]
		id, err := strconv.Atoi(c.MatchRule.TagID)
		if err == nil && c.MatchRule.Platform == "" && slices.Contains(tags, id) {
			return c.Button, "个性化菜单「" + c.Title() + "」"
		}
	}
	return m.Buttons, "默认菜单"
}

// HasKey tells whether one of the buttons sends key.
func HasKey(buttons []MenuButton, key string) bool {
	return slices.ContainsFunc(buttons, func(b MenuButton) bool { return b.Key == key || HasKey(b.SubButton, key) })
}
