package wechattest

import (
	"encoding/json"
	"net/http"
)

// SetConsoleReplies is the operator making automatic replies in WeChat's own console: the whole answer of
// get_current_autoreply_info. An img or voice whose content is the media_id of permanent material is told by a
// temporary one, another at each reading.
func (f *Fake) SetConsoleReplies(info string) {
	f.mu.Lock()
	f.s.Replies = json.RawMessage(info)
	f.mu.Unlock()
	f.changed()
}

func (f *Fake) repliesShown(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.s.Replies == nil {
		answer(w, map[string]any{"is_add_friend_reply_open": 0, "is_autoreply_open": 0})
		return
	}
	answer(w, f.temporary(f.s.Replies))
}

// temporary replaces each img and voice by a new temporary copy of it; what is kept nowhere stays as it is.
func (f *Fake) temporary(raw json.RawMessage) any {
	var all any
	_ = json.Unmarshal(raw, &all)
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			for _, key := range []string{"content", "value"} {
				id, _ := v[key].(string)
				if m := f.media(id); m != nil && (v["type"] == "img" || v["type"] == "voice") {
					v[key] = f.keepMedia(m.Type, m.Mime, m.Name, m.Data, false).ID
				}
			}
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(all)
	return all
}
