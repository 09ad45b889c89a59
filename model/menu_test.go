package model

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestMenuCheck(t *testing.T) {
	click := func(name string) MenuButton { return MenuButton{Type: "click", Name: name, Key: "K"} }
	good := Menu{Buttons: []MenuButton{click("今日课程"), {Name: "更多", SubButton: []MenuButton{{Type: "view", Name: "官网", URL: "https://example.com/a"}}}}}
	if err := good.Check(); err != nil {
		t.Errorf("good menu: %v", err)
	}
	for name, c := range map[string]struct {
		buttons []MenuButton
		button  string // named in the text
	}{
		"four at the top":   {[]MenuButton{click("一"), click("二"), click("三"), click("四")}, "四"},
		"six below":         {[]MenuButton{{Name: "更多", SubButton: []MenuButton{click("1"), click("2"), click("3"), click("4"), click("5"), click("6")}}}, "更多"},
		"17 bytes":          {[]MenuButton{click("今日课程表12")}, "今日课程表12"},
		"61 bytes below":    {[]MenuButton{{Name: "更多", SubButton: []MenuButton{click(strings.Repeat("长", 20) + "x")}}}, "长"},
		"no domain":         {[]MenuButton{{Type: "view", Name: "官网", URL: "http://page"}}, "官网"},
		"no fallback":       {[]MenuButton{{Type: "miniprogram", Name: "小程序", AppID: "wx1", PagePath: "pages/i"}}, "小程序"},
		"no key":            {[]MenuButton{{Type: "click", Name: "点我"}}, "点我"},
		"long key":          {[]MenuButton{{Type: "click", Name: "点我", Key: strings.Repeat("k", 129)}}, "点我"},
		"unknown type":      {[]MenuButton{{Type: "jump", Name: "跳"}}, "跳"},
		"neither nor":       {[]MenuButton{{Name: "空"}}, "空"},
		"three levels":      {[]MenuButton{{Name: "一级", SubButton: []MenuButton{{Name: "二级", SubButton: []MenuButton{click("三级")}}}}}, "二级"},
		"parent with a key": {[]MenuButton{{Type: "click", Name: "又是", Key: "k", SubButton: []MenuButton{click("子")}}}, "又是"},
		"none":              {nil, "至少"},
	} {
		err := (&Menu{Buttons: c.buttons}).Check()
		var bad *Refusal
		if !errors.As(err, &bad) || !strings.Contains(bad.Text, c.button) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len("今日课程表1"); n != menuTopName {
		t.Fatalf("the longest name allowed is %d bytes", n)
	}
	if err := (&Menu{Buttons: []MenuButton{click("今日课程表1")}}).Check(); err != nil {
		t.Errorf("16 bytes: %v", err)
	}
}

func TestSees(t *testing.T) {
	click := func(key string) []MenuButton {
		return []MenuButton{{Name: "父", SubButton: []MenuButton{{Type: "click", Key: key}}}}
	}
	m := Menu{Buttons: click("A"), Conditional: []ConditionalMenu{{Button: click("B"), MatchRule: MenuMatch{TagID: "101"}}, {Button: click("C"), MatchRule: MenuMatch{TagID: "102"}}, {Button: click("D"), MatchRule: MenuMatch{TagID: "101", Platform: "1"}}}}
	for _, c := range []struct {
		tags []int
		key  string
	}{{nil, "A"}, {[]int{7}, "A"}, {[]int{101}, "B"}, {[]int{101, 102}, "C"}} {
		if got, name := m.Sees(c.tags); !HasKey(got, c.key) || HasKey(got, "D") {
			t.Errorf("%v sees %s", c.tags, name)
		}
	}
}

func TestMenuDiff(t *testing.T) {
	click := func(name, key string) MenuButton { return MenuButton{Type: "click", Name: name, Key: key} }
	before := Menu{
		Buttons: []MenuButton{
			click("课程", "COURSES"),
			{Name: "关于", SubButton: []MenuButton{{Type: "view", Name: "我们", URL: "https://e.com/a"}, {Type: "view", Name: "联系", URL: "https://e.com/b"}, {Type: "view", Name: "地址", URL: "https://e.com/c"}}},
		},
		Conditional: []ConditionalMenu{{Name: "老学员", Button: []MenuButton{click("续课", "AGAIN")}, MatchRule: MenuMatch{TagID: "101"}}, {Button: []MenuButton{click("安卓", "A")}, MatchRule: MenuMatch{Platform: "2"}}},
	}
	change := func(do func(m *Menu)) Menu {
		m := Menu{Buttons: slices.Clone(before.Buttons), Conditional: slices.Clone(before.Conditional)}
		m.Buttons[1].SubButton = slices.Clone(m.Buttons[1].SubButton)
		do(&m)
		return m
	}
	for name, c := range map[string]struct {
		after Menu
		want  []string
	}{
		"nothing":  {change(func(*Menu) {}), []string{}},
		"renamed":  {change(func(m *Menu) { m.Buttons[0].Name = "好课" }), []string{"按钮「课程」改名为「好课」"}},
		"another":  {change(func(m *Menu) { m.Buttons[0].Key = "NEW" }), []string{"按钮「课程」由 点击回复 COURSES 改为 点击回复 NEW"}},
		"replaced": {change(func(m *Menu) { m.Buttons[0] = click("新", "N") }), []string{"按钮「课程」换成「新」：点击回复 N"}},
		"gone":     {change(func(m *Menu) { m.Buttons = m.Buttons[1:] }), []string{"删除按钮「课程」"}},
		"in front": {change(func(m *Menu) { m.Buttons = append([]MenuButton{click("新", "N")}, m.Buttons...) }), []string{"新增按钮「新」：点击回复 N"}},
		"dragged": {change(func(m *Menu) {
			s := m.Buttons[1].SubButton
			m.Buttons[1].SubButton = []MenuButton{s[2], s[0], s[1]}
		}), []string{"按钮「关于 / 地址」移到第 1 个"}},
		"changed places":            {change(func(m *Menu) { slices.Reverse(m.Buttons) }), []string{"按钮「课程」移到第 2 个"}},
		"a parent becomes a button": {change(func(m *Menu) { m.Buttons[1] = click("关于", "ABOUT") }), []string{"按钮「关于」由 3 个子按钮 改为 点击回复 ABOUT", "删除按钮「关于 / 我们」", "删除按钮「关于 / 联系」", "删除按钮「关于 / 地址」"}},
		"a new parent": {change(func(m *Menu) {
			m.Buttons = append(m.Buttons, MenuButton{Name: "更多", SubButton: []MenuButton{click("一", "1")}})
		}), []string{"新增按钮「更多」：1 个子按钮", "新增按钮「更多 / 一」：点击回复 1"}},
		"conditional": {change(func(m *Menu) {
			m.Conditional[0].MatchRule.TagID = "102"
			m.Conditional[0].Button = []MenuButton{click("再学", "AGAIN")}
			m.Conditional[1] = ConditionalMenu{Name: "苹果", Button: []MenuButton{click("苹果", "I")}, MatchRule: MenuMatch{Platform: "1"}}
		}), []string{"个性化菜单「老学员」的条件由 标签 101 改为 标签 102", "个性化菜单「老学员」：按钮「续课」改名为「再学」", "新增个性化菜单「苹果」：iOS，1 个一级按钮", "删除个性化菜单「安卓」"}},
		"tried first": {change(func(m *Menu) { slices.Reverse(m.Conditional) }), []string{"个性化菜单「老学员」改为第 1 个匹配"}},
	} {
		if got := MenuDiff(before, c.after); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

func TestLiveMenuDraft(t *testing.T) {
	made := []MenuButton{{Type: "miniprogram", Name: "上课", AppID: "wx1", PagePath: "pages/i", URL: "https://e.com"}}
	byUs := LiveMenu{Shown: []LiveButton{{MenuButton: MenuButton{Type: "miniprogram", Name: "上课"}}}, Buttons: made}
	if m, answers, notes := byUs.Draft(); !SameButtons(m.Buttons, made) || len(answers)+len(notes) > 0 {
		t.Errorf("made by interface: %+v %v %v", m, answers, notes)
	}
	// The console's menu is shown; the one that was once made by interface is not.
	console := LiveMenu{Buttons: made, Shown: []LiveButton{
		{MenuButton: MenuButton{Type: "text", Name: "退款"}, Value: "七天内可退"},
		{MenuButton: MenuButton{Name: "更多"}, Sub: []LiveButton{
			{MenuButton: MenuButton{Type: "view", Name: "官网", URL: "https://e.com/"}},
			{MenuButton: MenuButton{Type: "news", Name: "文章"}, Value: "M1", Articles: []MessageArticle{{Title: "标题", URL: "https://mp.weixin.qq.com/s/1"}}},
			{MenuButton: MenuButton{Type: "img", Name: "图"}, Value: "M2"},
			{MenuButton: MenuButton{Type: "video", Name: "片"}, Value: "http://v.example.com/1"},
			{MenuButton: MenuButton{Type: "card", Name: "卡"}},
		}},
	}}
	m, answers, notes := console.Draft()
	again, _, _ := console.Draft()
	sub := m.Buttons[1].SubButton
	if !SameButtons(m.Buttons, again.Buttons) {
		t.Error("pulling twice gives two menus")
	}
	if m.Buttons[0].Type != "click" || m.Buttons[0].Key == "" || len(answers) != 2 || answers[0].Key != m.Buttons[0].Key || answers[0].Message.Content != "七天内可退" {
		t.Errorf("a text: %+v %+v", m.Buttons[0], answers)
	}
	if sub[0].URL != "https://e.com/" || sub[1].Key != answers[1].Key || answers[1].Button != "更多 / 文章" || answers[1].Message.Articles[0].Title != "标题" {
		t.Errorf("news: %+v %+v", sub, answers)
	}
	if sub[2].MediaID != "M2" || sub[3].URL == "" || len(notes) != 2 {
		t.Errorf("media: %+v %q", sub, notes)
	}
}
