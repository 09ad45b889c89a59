package wechattest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

type button struct {
	Type      string    `json:"type,omitempty"`
	Name      string    `json:"name"`
	Key       string    `json:"key,omitempty"`
	URL       string    `json:"url,omitempty"`
	AppID     string    `json:"appid,omitempty"`
	PagePath  string    `json:"pagepath,omitempty"`
	MediaID   string    `json:"media_id,omitempty"`
	ArticleID string    `json:"article_id,omitempty"`
	Sub       []*button `json:"sub_button"`
}

// checkMenu gives the errcode WeChat refuses these buttons with, 0 when they are good. Lengths are bytes of UTF-8, not characters.
func (f *Fake) checkMenu(buttons []*button) (code int) {
	if len(buttons) < 1 || len(buttons) > 3 {
		return 40016
	}
	for _, b := range buttons {
		if b == nil {
			return 40016
		}
		if len(b.Name) == 0 || len(b.Name) > 16 {
			return 40018
		}
		if len(b.Sub) == 0 {
			if code := f.checkButton(b, [4]int{40017, 40019, 40020, 40055}); code != 0 {
				return code
			}
			continue
		}
		if len(b.Sub) > 5 {
			return 40023
		}
		for _, s := range b.Sub {
			if s == nil {
				return 40023
			}
			if len(s.Sub) > 0 {
				return 40022
			}
			if len(s.Name) == 0 || len(s.Name) > 60 {
				return 40025
			}
			if code := f.checkButton(s, [4]int{40024, 40026, 40027, 40054}); code != 0 {
				return code
			}
		}
	}
	return 0
}

// codes: bad type, bad key, bad url, url that is no address.
func (f *Fake) checkButton(b *button, codes [4]int) int {
	switch b.Type {
	case "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		if len(b.Key) == 0 || len(b.Key) > 128 {
			return codes[1]
		}
	case "view", "miniprogram":
		if len(b.URL) == 0 || len(b.URL) > 1024 {
			return codes[2]
		}
		if !strings.HasPrefix(b.URL, "http://") && !strings.HasPrefix(b.URL, "https://") {
			return codes[3]
		}
		if b.Type == "miniprogram" && b.AppID == "" {
			return 40013
		}
		if b.Type == "miniprogram" && b.PagePath == "" {
			return 40097
		}
	case "media_id", "view_limited":
		f.mu.Lock()
		m := f.media(b.MediaID)
		f.mu.Unlock()
		if m == nil || !m.Permanent {
			return 40007
		}
	case "article_id", "article_view_limited":
		if b.ArticleID == "" {
			return 40097
		}
	default:
		return codes[0]
	}
	return 0
}

func (f *Fake) menuCreate(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	// \u escapes are stored as written or refused; the refusal is the kinder half of the truth.
	if bytes.Contains(body, []byte(`\u`)) {
		refuse(w, 40033)
		return
	}
	var in struct {
		Button []*button `json:"button"`
	}
	if json.Unmarshal(body, &in) != nil {
		refuse(w, 47001)
		return
	}
	if code := f.checkMenu(in.Button); code != 0 {
		refuse(w, code)
		return
	}
	f.mu.Lock()
	f.s.Menu, f.s.MenuAt, f.s.Console = plainJSON(fill(in.Button)), f.opt.Now(), nil
	f.mu.Unlock()
	f.changed()
	ok(w)
}

// fill gives every button its sub_button array, as menu/get shows it.
func fill(bs []*button) []*button {
	for _, b := range bs {
		if b.Sub == nil {
			b.Sub = []*button{}
		}
		fill(b.Sub)
	}
	return bs
}

func (f *Fake) menuGet(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.s.Menu == nil {
		refuse(w, 46003)
		return
	}
	menu := map[string]any{"button": f.s.Menu}
	out := map[string]any{"menu": menu}
	if len(f.s.Conditional) > 0 {
		menu["menuid"] = 208396938
		var list []any
		for _, c := range f.s.Conditional {
			id, _ := strconv.Atoi(c.ID)
			list = append(list, map[string]any{"button": c.Menu, "matchrule": c.Match, "menuid": id})
		}
		out["conditionalmenu"] = list
	}
	answer(w, out)
}

func (f *Fake) menuDelete(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	f.s.Menu, f.s.Conditional, f.s.Console = nil, nil, nil
	f.mu.Unlock()
	f.changed()
	ok(w)
}

func (f *Fake) menuAdd(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Button []*button      `json:"button"`
		Match  map[string]any `json:"matchrule"`
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	none := f.s.Menu == nil
	f.mu.Unlock()
	if none {
		refuse(w, 65303)
		return
	}
	if code := f.checkMenu(in.Button); code != 0 {
		refuse(w, code)
		return
	}
	empty := true
	for _, v := range in.Match {
		if v != "" && v != nil {
			empty = false
		}
	}
	if empty {
		refuse(w, 65304)
		return
	}
	f.mu.Lock()
	f.s.Seq++
	id := strconv.FormatInt(208379000+f.s.Seq, 10)
	f.s.Conditional = append(f.s.Conditional, conditional{id, plainJSON(fill(in.Button)), in.Match})
	f.mu.Unlock()
	f.changed()
	answer(w, map[string]any{"menuid": id})
}

func (f *Fake) menuDrop(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID any `json:"menuid"`
	}
	if !decode(w, r, &in) {
		return
	}
	id, _ := in.ID.(string)
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, c := range f.s.Conditional {
		if c.ID == id {
			f.s.Conditional = append(f.s.Conditional[:i:i], f.s.Conditional[i+1:]...)
			ok(w)
			return
		}
	}
	refuse(w, 65301)
}

// MenuFor gives the buttons that somebody sees, as JSON; nil without a menu. Conditional menus are tried newest
// first. It is what trymatch answers and what the phone shows.
func (f *Fake) MenuFor(id string) json.RawMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.find(id)
	for i := len(f.s.Conditional) - 1; i >= 0 && p != nil; i-- {
		if p.matches(f.s.Conditional[i].Match) {
			return f.s.Conditional[i].Menu
		}
	}
	return f.s.Menu
}

func (p *Person) matches(rule map[string]any) bool {
	for k, v := range rule {
		s, _ := v.(string)
		if n, isNumber := v.(float64); isNumber {
			s = strconv.Itoa(int(n))
		}
		if s == "" {
			continue
		}
		switch k {
		case "tag_id", "group_id":
			found := false
			for _, t := range p.Tags {
				found = found || strconv.Itoa(t) == s
			}
			if !found {
				return false
			}
		case "client_platform_type":
			if want := map[string]string{"ios": "1", "android": "2"}[p.Platform]; want != s && (want != "" || s != "3") {
				return false
			}
		}
	}
	return true
}

func (f *Fake) menuTry(w http.ResponseWriter, r *http.Request) {
	var in struct {
		User string `json:"user_id"`
	}
	if !decode(w, r, &in) {
		return
	}
	m := f.MenuFor(in.User)
	if m == nil {
		refuse(w, 46003)
		return
	}
	answer(w, map[string]any{"button": m})
}

// SetConsoleMenu is the operator making a menu in WeChat's own console: buttons in the form of
// get_current_selfmenu_info, which alone shows them. A menu made by interface takes its place.
func (f *Fake) SetConsoleMenu(buttons string) {
	f.mu.Lock()
	f.s.Console, f.s.Menu, f.s.Conditional = json.RawMessage(buttons), nil, nil
	f.mu.Unlock()
	f.changed()
}

func (f *Fake) menuShown(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.s.Console != nil {
		answer(w, map[string]any{"is_menu_open": 1, "selfmenu_info": map[string]any{"button": f.temporary(f.s.Console)}})
		return
	}
	if f.s.Menu == nil {
		answer(w, map[string]any{"is_menu_open": 0})
		return
	}
	var bs []map[string]any
	_ = json.Unmarshal(f.s.Menu, &bs)
	for _, b := range bs {
		if sub, _ := b["sub_button"].([]any); len(sub) > 0 {
			for _, s := range sub {
				if m, isMap := s.(map[string]any); isMap {
					delete(m, "sub_button")
				}
			}
			b["sub_button"] = map[string]any{"list": sub}
		} else {
			delete(b, "sub_button")
		}
	}
	answer(w, map[string]any{"is_menu_open": 1, "selfmenu_info": map[string]any{"button": bs}})
}
