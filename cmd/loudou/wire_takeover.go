package main

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"loudou/api/console"
	"loudou/model"
	"loudou/service/connection"
	"loudou/service/menu"
	"loudou/service/takeover"
	"loudou/service/wechat"
)

// takeOver connects the way from WeChat's own console to this house.
func (h *house) takeOver(account takeover.WeChat) {
	h.takeovers = takeover.New(h.db, h.cfg.OfficialAppID, account, h.replies, liveMenus{h.menus}, h.materials, h.operators)
}

// liveMenus is the menu as who takes over asks for it.
type liveMenus struct{ *menu.Service }

func (m liveMenus) Live(ctx context.Context) (takeover.LiveMenu, error) {
	p, err := m.Pull(ctx)
	return takeover.LiveMenu{Menu: p.Menu, Open: p.Open, Answers: p.Answers, Notes: p.Notes, Temporary: p.Temporary}, err
}

func (m liveMenus) Desk(ctx context.Context) (model.Menu, error) {
	d, err := m.Draft(ctx)
	return d.Menu, err
}

func (m liveMenus) SaveIn(tx *gorm.DB, by model.Operator, to model.Menu) error {
	_, err := m.Service.SaveIn(tx, by, nil, to)
	return err
}

// switching are the values that WeChat's console wants typed in.
func (h *house) switching() console.Switching {
	c := h.cfg
	mode := c.OfficialMode
	if mode == "" && c.OfficialAESKey != "" {
		mode = string(wechat.Safe)
	}
	words := map[string]string{string(wechat.Safe): "安全模式", string(wechat.Compatible): "兼容模式"}[mode]
	if words == "" {
		words = "明文模式"
	}
	out := console.Switching{AppID: c.OfficialAppID, Mode: words, Token: c.OfficialToken, AESKey: c.OfficialAESKey, Probe: h.readiness}
	if c.PublicURL != "" {
		out.URL = c.PublicURL + "/hook/official"
	}
	return out
}

// readiness is what must hold before the server URL is switched on: the doctor's checks that matter to the Official
// Account, behind one line for each setting that is missing.
func (h *house) readiness(ctx context.Context) []connection.Check {
	var out []connection.Check
	for _, s := range []struct{ name, value, title string }{
		{"APPID", h.cfg.OfficialAppID, "AppID"}, {"SECRET", h.cfg.OfficialSecret, "AppSecret"}, {"TOKEN", h.cfg.OfficialToken, "Token"}, {"AES_KEY", h.cfg.OfficialAESKey, "EncodingAESKey"},
	} {
		if s.value != "" {
			continue
		}
		c := connection.Check{Key: "setting_" + s.name, Title: s.title, State: connection.Bad, Text: "没有设置", Fix: fmt.Sprintf("在公众平台“设置与开发 → 基本配置”找到 %s，填到 LOUDOU_OFFICIAL_%s，重启服务", s.title, s.name)}
		switch s.name {
		case "TOKEN":
			c.Fix = "自己起一个 3 到 32 位的字母数字，填到 LOUDOU_OFFICIAL_TOKEN，重启服务"
		case "AES_KEY":
			c.State, c.Text = connection.Warn, "没有设置：消息会用明文传"
			c.Fix = "在公众平台“服务器配置”里随机生成 43 位的 EncodingAESKey，填到 LOUDOU_OFFICIAL_AES_KEY，重启服务"
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		out = append(out, connection.Check{Key: "settings", Title: "公众号的设置", State: connection.OK, Text: "AppID、AppSecret、Token、EncodingAESKey 都有"})
	}
	for _, c := range h.probes(ctx) {
		switch c.Key {
		case "try_token_official", "try_callback", "try_clock", "whitelist", "database", "clock", "redis", "public_url":
			out = append(out, c)
		}
	}
	return out
}

func (noOfficial) RepliesLive(context.Context) (model.LiveReplies, error) {
	return model.LiveReplies{}, errNoOfficial
}

func (noOfficial) MediaTemporary(context.Context, string) ([]byte, error) { return nil, errNoOfficial }
