package model

import (
	"errors"
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
	m := Menu{Buttons: click("A"), Conditional: []ConditionalMenu{{click("B"), MenuMatch{TagID: "101"}}, {click("C"), MenuMatch{TagID: "102"}}, {click("D"), MenuMatch{TagID: "101", Platform: "1"}}}}
	for _, c := range []struct {
		tags []int
		key  string
	}{{nil, "A"}, {[]int{7}, "A"}, {[]int{101}, "B"}, {[]int{101, 102}, "C"}} {
		if got, name := m.Sees(c.tags); !HasKey(got, c.key) || HasKey(got, "D") {
			t.Errorf("%v sees %s", c.tags, name)
		}
	}
}
