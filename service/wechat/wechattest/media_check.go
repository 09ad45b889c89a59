package wechattest

import (
	"net/http"
	"net/url"
	"sync"
	"time"
)

// mediaJudge is how the fake judges pictures; the real one cannot be told what to find.
type mediaJudge struct {
	mu      sync.Mutex
	suggest string
	held    bool
	waiting []func()
}

var mediaLabels = map[string]int{"pass": 100, "review": 20002, "risky": 20002}

// JudgeMedia says what is thought of pictures from now on: pass (at the start), review or risky.
func (f *Fake) JudgeMedia(suggest string) {
	f.pictures.mu.Lock()
	f.pictures.suggest = suggest
	f.pictures.mu.Unlock()
}

// HoldMedia keeps the word about pictures back, as WeChat does for up to half an hour, until it is let go.
func (f *Fake) HoldMedia() (letGo func()) {
	f.pictures.mu.Lock()
	f.pictures.held = true
	f.pictures.mu.Unlock()
	return func() {
		f.pictures.mu.Lock()
		waiting := f.pictures.waiting
		f.pictures.held, f.pictures.waiting = false, nil
		f.pictures.mu.Unlock()
		for _, tell := range waiting {
			f.background(tell)
		}
	}
}

// mediaCheck takes media_check_async and tells by the event wxa_media_check what it thinks, some time later. A picture
// is not fetched: the service under test has an address nobody reaches.
func (f *Fake) mediaCheck(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Version, Scene int
		OpenID         string
		URL            string `json:"media_url"`
		Type           int    `json:"media_type"`
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	known := f.s.byMini[in.OpenID] != nil
	f.mu.Unlock()
	at, err := url.Parse(in.URL)
	switch {
	case in.Version != 2 || in.Scene < 1 || in.Scene > 4 || in.Type != 1 && in.Type != 2 || err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https":
		refuse(w, 40097)
		return
	case !known:
		refuse(w, 40003)
		return
	}
	trace := rid()
	m := &f.pictures
	m.mu.Lock()
	suggest := m.suggest
	if suggest == "" {
		suggest = "pass"
	}
	label := mediaLabels[suggest]
	tell := func() {
		time.Sleep(20 * time.Millisecond)
		result := Fields{{"suggest", suggest}, {"label", label}}
		f.PushMini("o"+random(27), Fields{{"MsgType", "event"}, {"Event", "wxa_media_check"}, {"appid", f.Mini().AppID}, {"trace_id", trace}, {"version", 2},
			{"detail", append(Fields{{"strategy", "content_model"}, {"errcode", 0}}, append(result, Field{"prob", 90})...)}, {"errcode", 0}, {"errmsg", "ok"}, {"result", result}})
	}
	held := m.held
	if held {
		m.waiting = append(m.waiting, tell)
	}
	m.mu.Unlock()
	answer(w, map[string]any{"errcode": 0, "errmsg": "ok", "trace_id": trace})
	if !held {
		f.background(tell)
	}
}
