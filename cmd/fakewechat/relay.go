package main

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// relayRoutes stand in for wx.request, which knows no CORS: they hand a call on to the service as a phone would.
func (h *house) relayRoutes(m *http.ServeMux) {
	target, err := url.Parse(h.s.service)
	if err != nil {
		target = &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.URL.Path = strings.TrimPrefix(p.In.URL.Path, "/relay")
			p.Out.URL.RawPath = ""
			for _, k := range []string{"Cookie", "Origin", "Referer", "X-Csrf-Token", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"} {
				p.Out.Header.Del(k)
			}
			p.Out.Header.Set("Referer", "https://servicewechat.com/"+h.wc.Mini().AppID+"/1/page-frame.html")
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("Set-Cookie")
			r.Header.Set("X-Content-Type-Options", "nosniff")
			if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				r.Header.Set("Content-Security-Policy", "default-src 'none'; sandbox") // nothing of the service runs as this page
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte(`{"error":{"code":"unreachable","message":"网络不给力，请稍后重试"}}`))
		},
	}
	m.HandleFunc("/relay/", func(w http.ResponseWriter, r *http.Request) {
		p := strings.TrimPrefix(r.URL.Path, "/relay")
		if path.Clean(p) != strings.TrimSuffix(p, "/") && p != "/" || !strings.HasPrefix(p, "/mini/v1/") && r.Method != "GET" && r.Method != "HEAD" {
			http.NotFound(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	})
}

func (h *house) pageRoutes(m *http.ServeMux) {
	sub, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // embedded
	}
	files := http.FileServerFS(sub)
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" && r.Method != "HEAD" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-cache")
		files.ServeHTTP(w, r)
	})
}

// resolve opens an address as WeChat's browser would begin to: a tracked link of the service (/r/{code}) is asked
// once, and where it leads is told. Other addresses are given back untouched, and nothing else is ever fetched.
func (h *house) resolve(w http.ResponseWriter, r *http.Request) {
	address := r.URL.Query().Get("url")
	u, err := url.Parse(address)
	code, tracked := "", false
	if err == nil {
		code, tracked = strings.CutPrefix(u.Path, "/r/")
	}
	if !tracked || code == "" || strings.Contains(code, "/") || !h.ours(u) {
		answer(w, map[string]string{"url": address})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, "GET", h.s.service+"/r/"+url.PathEscape(code), nil)
	if err != nil {
		refuse(w, 400, "地址打不开")
		return
	}
	q.Header.Set("User-Agent", "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 MicroMessenger/8.0.69 MiniProgramEnv/Android")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(q)
	if err != nil {
		refuse(w, 502, "网络不给力，请稍后重试")
		return
	}
	defer res.Body.Close()
	answer(w, map[string]string{"url": res.Header.Get("Location"), "code": code})
}

// ours says whether an address is the service's, by its public or its local origin.
func (h *house) ours(u *url.URL) bool {
	for _, base := range []string{h.s.service, h.s.public} {
		if b, err := url.Parse(base); err == nil && base != "" && b.Scheme == u.Scheme && b.Host == u.Host {
			return true
		}
	}
	return false
}
