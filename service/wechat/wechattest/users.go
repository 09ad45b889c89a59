package wechattest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"unicode/utf8"
)

func (f *Fake) info(p *Person) map[string]any {
	if !p.Follows {
		return map[string]any{"subscribe": 0, "openid": p.OpenID, "unionid": p.UnionID}
	}
	tags := p.Tags
	if tags == nil {
		tags = []int{}
	}
	n, _ := strconv.Atoi(p.Scene)
	return map[string]any{"subscribe": 1, "openid": p.OpenID, "language": "zh_CN", "subscribe_time": p.Since.Unix(), "unionid": p.UnionID, "remark": p.Remark,
		"groupid": 0, "tagid_list": tags, "subscribe_scene": p.Came, "qr_scene": n, "qr_scene_str": p.Scene}
}

func (f *Fake) userInfo(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.s.byOpenID[r.URL.Query().Get("openid")]
	if p == nil {
		refuse(w, 40003)
		return
	}
	answer(w, f.info(p))
}

// A remark that holds one of these comes out of batchget as WeChat was seen to pass on what a person typed: with
// raw control characters, or with a quotation mark that nobody escaped.
const (
	BadControl = "@@control@@"
	BadQuote   = "@@quote@@"
)

func (f *Fake) userBatch(w http.ResponseWriter, r *http.Request) {
	var in struct {
		List []struct {
			OpenID string `json:"openid"`
		} `json:"user_list"`
	}
	if !decode(w, r, &in) {
		return
	}
	if len(in.List) < 1 || len(in.List) > 100 {
		refuse(w, 40032)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []any{}
	for _, u := range in.List {
		p := f.s.byOpenID[u.OpenID]
		if p == nil {
			refuse(w, 40003)
			return
		}
		out = append(out, f.info(p))
	}
	b, _ := json.Marshal(map[string]any{"user_info_list": out})
	b = bytes.ReplaceAll(b, []byte(BadControl), []byte("a\x01b\nc"))
	b = bytes.ReplaceAll(b, []byte(BadQuote), []byte(`a"b`))
	w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	_, _ = w.Write(b)
}

const userPage = 10000

func (f *Fake) userGet(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer(w, listed(f.openids(func(p *Person) bool { return p.Follows }), r.URL.Query().Get("next_openid")))
}

func (f *Fake) userRemark(w http.ResponseWriter, r *http.Request) {
	var in struct{ OpenID, Remark string }
	if !decode(w, r, &in) {
		return
	}
	if utf8.RuneCountInString(in.Remark) >= 30 {
		refuse(w, 40035)
		return
	}
	f.mu.Lock()
	p := f.s.byOpenID[in.OpenID]
	if p != nil {
		p.Remark = in.Remark
	}
	f.mu.Unlock()
	if p == nil {
		refuse(w, 40003)
		return
	}
	f.changed()
	ok(w)
}

func (f *Fake) tagGet(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []any{}
	for _, t := range f.s.Tags {
		n := 0
		for _, p := range f.s.People {
			for _, x := range p.Tags {
				if x == t.ID {
					n++
				}
			}
		}
		out = append(out, map[string]any{"id": t.ID, "name": t.Name, "count": n})
	}
	answer(w, map[string]any{"tags": out})
}

func (f *Fake) tagCreate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Tag struct {
			Name string `json:"name"`
		} `json:"tag"`
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case len(in.Tag.Name) > 30:
		refuse(w, 45158)
		return
	case len(f.s.Tags) >= 100:
		refuse(w, 45056)
		return
	}
	id := 100
	for _, t := range f.s.Tags {
		if t.Name == in.Tag.Name || in.Tag.Name == "" {
			refuse(w, 45157)
			return
		}
		id = max(id, t.ID+1)
	}
	f.s.Tags = append(f.s.Tags, tag{id, in.Tag.Name})
	answer(w, map[string]any{"tag": map[string]any{"id": id, "name": in.Tag.Name}})
}

// own are WeChat's tags, which nobody may change: 0, 1 and 2.
func own(id int) bool { return id >= 0 && id <= 2 }

type tagIn struct {
	Tag tag `json:"tag"`
}

func (f *Fake) tagUpdate(w http.ResponseWriter, r *http.Request) {
	var in tagIn
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	at := -1
	for i, t := range f.s.Tags {
		if t.ID == in.Tag.ID {
			at = i
		} else if t.Name == in.Tag.Name {
			refuse(w, 45157)
			return
		}
	}
	switch {
	case own(in.Tag.ID):
		refuse(w, 45058)
	case len(in.Tag.Name) > 30:
		refuse(w, 45158)
	case in.Tag.Name == "":
		refuse(w, 45157)
	case at < 0:
		refuse(w, 45159)
	default:
		f.s.Tags[at].Name = in.Tag.Name
		ok(w)
	}
}

func (f *Fake) tagDelete(w http.ResponseWriter, r *http.Request) {
	var in tagIn
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if own(in.Tag.ID) {
		refuse(w, 45058)
		return
	}
	kept := []tag{}
	for _, t := range f.s.Tags {
		if t.ID != in.Tag.ID {
			kept = append(kept, t)
		}
	}
	if len(kept) == len(f.s.Tags) {
		refuse(w, 45159)
		return
	}
	f.s.Tags = kept
	for _, p := range f.s.People {
		p.Tags = slices.DeleteFunc(p.Tags, func(t int) bool { return t == in.Tag.ID })
	}
	ok(w)
}

// blocking gives the handler of batchblacklist (on) and batchunblacklist.
func (f *Fake) blocking(on bool) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			List []string `json:"openid_list"`
		}
		if !decode(w, r, &in) {
			return
		}
		if len(in.List) < 1 || len(in.List) > 20 {
			refuse(w, 40032)
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, id := range in.List {
			if f.s.byOpenID[id] == nil {
				refuse(w, 49003)
				return
			}
		}
		for _, id := range in.List {
			f.s.byOpenID[id].Blocked = on
		}
		ok(w)
	}
}

func (f *Fake) blackList(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Begin string `json:"begin_openid"`
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.openids(func(p *Person) bool { return p.Blocked })
	answer(w, listed(all, in.Begin))
}

// openids gives, sorted, those of the people that are asked for.
func (f *Fake) openids(want func(*Person) bool) []string {
	var all []string
	for _, p := range f.s.People {
		if want(p) {
			all = append(all, p.OpenID)
		}
	}
	sort.Strings(all)
	return all
}

// listed is one page of openids after next; the page behind the last has no data.
func listed(all []string, next string) map[string]any {
	from := sort.SearchStrings(all, next)
	if next != "" && from < len(all) && all[from] == next {
		from++
	}
	page := all[from:]
	if len(page) > userPage {
		page = page[:userPage]
	}
	out := map[string]any{"total": len(all), "count": len(page), "next_openid": ""}
	if len(page) > 0 {
		out["data"], out["next_openid"] = map[string]any{"openid": page}, page[len(page)-1]
	}
	return out
}

// tagging gives the handler of batchtagging (on) and batchuntagging.
func (f *Fake) tagging(on bool) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			List []string `json:"openid_list"`
			Tag  int      `json:"tagid"`
		}
		if !decode(w, r, &in) {
			return
		}
		if len(in.List) < 1 || len(in.List) > 50 {
			refuse(w, 40032)
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		known := false
		for _, t := range f.s.Tags {
			known = known || t.ID == in.Tag
		}
		if !known {
			refuse(w, 45159)
			return
		}
		for _, id := range in.List {
			p := f.s.byOpenID[id]
			if p == nil {
				refuse(w, 40003)
				return
			}
			kept := []int{}
			for _, t := range p.Tags {
				if t != in.Tag {
					kept = append(kept, t)
				}
			}
			if on {
				if len(kept) >= 20 {
					refuse(w, 45059)
					return
				}
				kept = append(kept, in.Tag)
			}
			p.Tags = kept
		}
		ok(w)
	}
}
