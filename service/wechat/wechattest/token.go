package wechattest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	tokenLife  = 2 * time.Hour
	tokenGrace = 5 * time.Minute
)

type token struct {
	appid string
	ends  time.Time
	ended bool // ended before its time by a refresh, grace over or not granted
}

func hexWord() string { return fmt.Sprintf("%08x", rand.Uint32()) }

// answer writes v as WeChat does: HTTP 200, JSON with unescaped UTF-8.
func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	_, _ = w.Write(plainJSON(v))
}

func refuse(w http.ResponseWriter, code int) {
	answer(w, map[string]any{"errcode": code, "errmsg": errmsg(code)})
}

func ok(w http.ResponseWriter) { answer(w, map[string]any{"errcode": 0, "errmsg": "ok"}) }

// app finds an account by appid.
func (f *Fake) app(appid string) (App, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch appid {
	case f.opt.Official.AppID:
		return f.opt.Official, true
	case f.opt.Mini.AppID:
		return f.opt.Mini, true
	}
	return App{}, false
}

func (f *Fake) checkSecret(w http.ResponseWriter, appid, secret, grant string) bool {
	a, known := f.app(appid)
	switch {
	case appid == "":
		refuse(w, 41002)
	case secret == "":
		refuse(w, 41004)
	case grant != "client_credential":
		refuse(w, 40002)
	case !known:
		refuse(w, 40013)
	case a.Secret != secret:
		refuse(w, 40125)
	default:
		return true
	}
	return false
}

// issue makes a new token of kind ("" or "stable") for appid; the old one lives on for five minutes, or not at all.
func (f *Fake) issue(appid, kind string, grace bool) (string, time.Time) {
	now := time.Now()
	if old := f.tokens[f.last[appid+kind]]; old != nil {
		if end := now.Add(tokenGrace); grace && old.ends.After(end) {
			old.ends = end
		} else if !grace {
			old.ended = true
		}
	}
	v := fmt.Sprintf("%d_%s", 60+rand.IntN(30), random(150))
	f.tokens[v] = &token{appid: appid, ends: now.Add(tokenLife)}
	f.last[appid+kind] = v
	return v, now.Add(tokenLife)
}

func (f *Fake) getToken(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !f.checkSecret(w, q.Get("appid"), q.Get("secret"), q.Get("grant_type")) {
		return
	}
	f.mu.Lock()
	v, _ := f.issue(q.Get("appid"), "", true)
	f.mu.Unlock()
	answer(w, map[string]any{"access_token": v, "expires_in": int(tokenLife.Seconds())})
}

func (f *Fake) stableToken(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Grant  string `json:"grant_type"`
		AppID  string `json:"appid"`
		Secret string `json:"secret"`
		Force  bool   `json:"force_refresh"`
	}
	if !decode(w, r, &in) || !f.checkSecret(w, in.AppID, in.Secret, in.Grant) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	v := f.last[in.AppID+"stable"]
	t := f.tokens[v]
	if in.Force || t == nil || t.ended || t.ends.Sub(now) < tokenGrace {
		// In the last five minutes old and new are both good; a forced refresh ends the old at once.
		var ends time.Time
		v, ends = f.issue(in.AppID, "stable", !in.Force)
		answer(w, map[string]any{"access_token": v, "expires_in": int(ends.Sub(now).Seconds())})
		return
	}
	answer(w, map[string]any{"access_token": v, "expires_in": int(t.ends.Sub(now).Seconds())})
}

// ExpireTokens ends every token now, as when somebody else refreshed them: the next calls answer 40001, or 42001
// when expired is true.
func (f *Fake) ExpireTokens(expired bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.tokens {
		if expired {
			t.ends = time.Now().Add(-time.Second)
		} else {
			t.ended = true
		}
	}
}

// authorised lets a call through when its access_token is good and belongs to one of the apps; apps empty means any.
func (f *Fake) authorised(r *http.Request, apps ...string) (appid string, code int) {
	v := r.URL.Query().Get("access_token")
	if v == "" {
		return "", 41001
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tokens[v]
	switch {
	case t == nil || t.ended:
		return "", 40001
	case time.Now().After(t.ends):
		return "", 42001
	case len(apps) == 0:
		return t.appid, 0
	}
	for _, a := range apps {
		if a == t.appid {
			return t.appid, 0
		}
	}
	return "", 48001
}

// Authorised says whether r carries a good access_token, of which app, and the errcode if not. For fakes mounted
// beside this one.
func (f *Fake) Authorised(r *http.Request) (appid string, errcode int) { return f.authorised(r) }

// official, mini and both wrap a handler with the token check and the method WeChat wants there.
func (f *Fake) official(method string, h func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return f.guard(method, h, f.opt.Official.AppID)
}

func (f *Fake) mini(method string, h func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return f.guard(method, h, f.opt.Mini.AppID)
}

func (f *Fake) both(method string, h func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return f.guard(method, h)
}

func (f *Fake) guard(method string, h func(http.ResponseWriter, *http.Request), apps ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			refuse(w, map[string]int{"GET": 43001, "POST": 43002}[method])
			return
		}
		if _, code := f.authorised(r, apps...); code != 0 {
			refuse(w, code)
			return
		}
		h(w, r)
	}
}

// decode reads a JSON body; WeChat refuses \u escapes of Chinese text in some places, the menu says where.
func decode(w http.ResponseWriter, r *http.Request, v any) bool {
	b, err := io.ReadAll(r.Body)
	if err == nil && len(bytes.TrimSpace(b)) == 0 {
		refuse(w, 44002)
		return false
	}
	if err != nil || json.Unmarshal(b, v) != nil {
		refuse(w, 47001)
		return false
	}
	return true
}
