package wechattest

import (
	"net/http"
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
	answer(w, map[string]any{"user_info_list": out})
}

const userPage = 10000

func (f *Fake) userGet(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, p := range f.s.People {
		if p.Follows {
			all = append(all, p.OpenID)
		}
	}
	sort.Strings(all)
	next := r.URL.Query().Get("next_openid")
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
	answer(w, out)
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
