package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// LiveMenu is what WeChat says is live: by the call for menus made by interface, and by the one that shows what
// fans see, whoever made it.
type LiveMenu struct {
	Open        bool         // the menu is switched on
	Shown       []LiveButton // what fans see
	Buttons     []MenuButton // the default menu made by interface; none: there is none
	Conditional []ConditionalMenu
}

// LiveButton is a button as it is shown. One made in WeChat's console has the type text, img, voice, video or
// news, and a Value.
type LiveButton struct {
	MenuButton
	Value    string
	Articles []MessageArticle // of type news
	Sub      []LiveButton
}

// MenuAnswer is what a button of WeChat's console said by itself: with the server URL on, a reply rule of ours has
// to say it.
type MenuAnswer struct {
	Button  string  `json:"button"`
	Key     string  `json:"key"`
	Message Message `json:"message"`
}

// Draft turns what is live into a menu of ours. answers are what rules must say from now on; notes say in Chinese
// what could not be taken over as it was.
func (l *LiveMenu) Draft() (m Menu, answers []MenuAnswer, notes []string) {
	m = Menu{Buttons: []MenuButton{}, Conditional: []ConditionalMenu{}}
	if l.byInterface() { // in full: the other call may leave fields out
		m.Buttons = append(m.Buttons, l.Buttons...)
	} else {
		for i := range l.Shown {
			m.Buttons = append(m.Buttons, l.Shown[i].take("", &answers, &notes))
		}
	}
	for _, c := range l.Conditional {
		if c.MatchRule == (MenuMatch{}) {
			notes = append(notes, "有一个个性化菜单的条件（性别、地区等）微信已不再支持，请重新选择条件")
		}
		m.Conditional = append(m.Conditional, c)
	}
	return m, answers, notes
}

// byInterface tells whether what fans see is the menu that was made by interface.
func (l *LiveMenu) byInterface() bool {
	var like func(a []MenuButton, b []LiveButton) bool
	like = func(a []MenuButton, b []LiveButton) bool {
		if len(a) != len(b) {
			return false
		}
		for i := range a {
			if a[i].Name != b[i].Name || a[i].Type != b[i].Type || !like(a[i].SubButton, b[i].Sub) {
				return false
			}
		}
		return true
	}
	return len(l.Buttons) > 0 && (len(l.Shown) == 0 || like(l.Buttons, l.Shown))
}

func (b *LiveButton) take(under string, answers *[]MenuAnswer, notes *[]string) MenuButton {
	out, name := b.MenuButton, under+b.Name
	out.SubButton = nil
	say := func(format string, args ...any) {
		*notes = append(*notes, "按钮「"+name+"」"+fmt.Sprintf(format, args...))
	}
	answer := func(msg Message) {
		out = MenuButton{Type: "click", Name: b.Name, Key: importKey(b)}
		*answers = append(*answers, MenuAnswer{Button: name, Key: out.Key, Message: msg})
	}
	switch {
	case len(b.Sub) > 0:
		out = MenuButton{Name: b.Name}
		for i := range b.Sub {
			out.SubButton = append(out.SubButton, b.Sub[i].take(b.Name+" / ", answers, notes))
		}
	case b.Type == "text":
		answer(Message{Type: "text", Content: b.Value})
	case b.Type == "news" && len(b.Articles) > 0:
		answer(Message{Type: "news", Articles: b.Articles[:min(len(b.Articles), 8)]})
	case b.Type == "img", b.Type == "voice", b.Type == "video" && !strings.HasPrefix(b.Value, "http"):
		out = MenuButton{Type: "media_id", Name: b.Name, MediaID: b.Value}
	case b.Type == "video":
		out = MenuButton{Type: "view", Name: b.Name, URL: b.Value}
		say("发的是视频，微信只给了临时的下载地址，请改成素材")
	case buttonNames[b.Type] == "":
		say("的类型 %s 接口不支持，请重新选择动作", strings.ToValidUTF8(b.Type, "?"))
		out = MenuButton{Name: b.Name, Type: "click"}
	}
	return out
}

// importKey is the same whenever the same button is taken over.
func importKey(b *LiveButton) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s\n%s\n%s", b.Type, b.Name, b.Value)
	for _, a := range b.Articles {
		_, _ = fmt.Fprintf(h, "\n%s", a.URL)
	}
	return "WX_" + strings.ToUpper(hex.EncodeToString(h.Sum(nil)[:4]))
}
