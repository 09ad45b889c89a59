package console_test

import (
	"encoding/json"
	"strings"
	"testing"

	"loudou/model/modeltest"
)

func TestPages(t *testing.T) {
	h := open(t, modeltest.SQLite(t), option{})
	b := h.browser()
	for _, c := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/console/", 200, "<!doctype html>"},
		{"GET", "/console", 302, ""},
		{"GET", "/", 302, ""},
		{"GET", "/console/orders/42", 200, "<!doctype html>"},
		{"GET", "/console/assets/app-1a2b3c.js", 200, "export"},
		{"GET", "/console/assets/gone-000000.js", 404, "not_found"},
		{"GET", "/console/assets/gone", 404, "not_found"},
		{"GET", "/console/gone.js", 404, "not_found"},
		{"GET", "/console/icon.svg", 200, "<svg"},
		{"GET", "/console/..%2f", 404, "not_found"},
		{"GET", "/console/..%2f..%2fdata%2floudou.db", 404, "not_found"},
		{"GET", "/console/%2e%2e/x", 404, "not_found"},
		{"GET", "/console/assets/app-1a2b3c.js.map", 404, "not_found"},
		{"POST", "/console/", 405, "invalid"},
		{"GET", "/console/v1/no-such", 404, "not_found"},
		{"GET", "/console/v1", 404, "not_found"},
		{"GET", "/CONSOLE/v1/session", 404, "not_found"},
		{"GET", "//console/v1/session", 404, "not_found"},
		{"TRACE", "/console/v1/session", 405, "invalid"},
		{"GET", "/debug/pprof/", 404, "not_found"},
		{"GET", "/debug/vars", 404, "not_found"},
		{"GET", "/metrics", 404, "not_found"},
		{"GET", "/.git/config", 404, "not_found"},
		{"GET", "/data/loudou.db", 404, "not_found"},
		{"GET", "/paySuccess", 404, "not_found"},
		{"GET", "/mock_cb", 404, "not_found"},
		{"GET", "/jobs/close", 404, "not_found"},
		{"GET", "/fake", 404, "not_found"},
		{"GET", "/healthz", 200, "ok"},
		{"GET", "/docs", 200, "swagger-ui"},
		{"GET", "/docs/start.js", 200, "SwaggerUIBundle"},
		{"GET", "/docs/..%2fdocs.go", 404, "not_found"},
	} {
		if a := b.do(c.method, c.path, ""); a.status != c.status || !strings.Contains(a.body, c.want) {
			t.Errorf("%s %s: %d %.80s", c.method, c.path, a.status, a.body)
		}
	}
	page := b.do("GET", "/console/", "")
	for name, want := range map[string]string{"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"} {
		if page.header.Get(name) != want {
			t.Errorf("%s: %q", name, page.header.Get(name))
		}
	}
	if p := page.header.Get("Content-Security-Policy"); !strings.Contains(p, "script-src 'self'; style-src 'self';") || strings.Contains(p, "unsafe") {
		t.Error(p)
	}
	asset := b.do("GET", "/console/assets/app-1a2b3c.js", "")
	if a := b.with("If-None-Match", asset.header.Get("ETag")).do("GET", "/console/assets/app-1a2b3c.js", ""); a.status != 304 || a.body != "" || !strings.Contains(asset.header.Get("Cache-Control"), "immutable") {
		t.Error(a.status, asset.header)
	}
	if z := b.with("Accept-Encoding", "gzip").do("GET", "/console/assets/app-1a2b3c.js", ""); z.header.Get("Content-Encoding") != "gzip" || len(z.body) >= len(asset.body) || z.header.Get("ETag") == asset.header.Get("ETag") {
		t.Error(z.header, len(z.body))
	}
}

func TestDocument(t *testing.T) {
	h := open(t, modeltest.SQLite(t), option{})
	a := h.browser().do("GET", "/openapi.json", "")
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]any
	}
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Paths["/console/v1/login"] == nil {
		t.Fatal(err, doc.OpenAPI)
	}
	docs := h.browser().do("GET", "/docs", "")
	if p := docs.header.Get("Content-Security-Policy"); strings.Contains(p, "unsafe") || strings.Contains(docs.body, "http") {
		t.Error(p, docs.body)
	}
}
