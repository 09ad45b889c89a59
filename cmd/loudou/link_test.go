package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestLinks(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		for _, target := range []string{"http://example.com/", "javascript:alert(1)", "//evil", "https://", "https://a@b/", "https://a b/", "data:text/html,x"} {
			b, _ := json.Marshal(map[string]string{"target": target})
			d.call("POST", "/links", string(b), 400)
		}
		d.call("POST", "/links", `{"target":"https://example.com/","article_id":987654}`, 400)
		article := d.call("POST", "/articles", `{"title":"有链接的文章"}`, 201)
		if of := d.call("POST", "/links", fmt.Sprintf(`{"target":"https://example.com/","article_id":%.0f}`, article["id"]), 201); of["article_id"] != article["id"] {
			t.Errorf("the link is of article %v, not %v", of["article_id"], article["id"])
		}
		l := d.call("POST", "/links", `{"target":"https://example.com/x?a=1#b","channel":"公众号"}`, 201)
		code := l["code"].(string)
		get := func(method, path, agent string, header ...string) *http.Response {
			req, _ := http.NewRequest(method, d.urls[0]+path, nil)
			req.Header.Set("User-Agent", agent)
			for i := 0; i+1 < len(header); i += 2 {
				req.Header.Set(header[i], header[i+1])
			}
			res, err := d.http.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			return res
		}
		const phone = "Mozilla/5.0 MicroMessenger/8.0"
		for range 2 {
			if res := get("GET", "/r/"+code+"?to=http://evil", phone); res.StatusCode != 302 || res.Header.Get("Location") != "https://example.com/x?a=1#b" {
				t.Errorf("%d to %s", res.StatusCode, res.Header.Get("Location"))
			}
		}
		get("HEAD", "/r/"+code, phone)
		get("GET", "/r/"+code, "Googlebot/2.1")
		// A browser that looks ahead is nobody's tap, and gets no number of its own.
		for _, ahead := range [][2]string{{"Sec-Purpose", "prefetch"}, {"Sec-Purpose", "prefetch;prerender"}, {"Purpose", "prefetch"}, {"X-Purpose", "preview"}, {"X-Moz", "Prefetch"}} {
			if res := get("GET", "/r/"+code, phone, ahead[0], ahead[1]); res.StatusCode != 302 || res.Header.Get("Set-Cookie") != "" {
				t.Errorf("%v: %d, cookie %q", ahead, res.StatusCode, res.Header.Get("Set-Cookie"))
			}
		}
		for _, bad := range []string{"/r/unknown22", "/r/%2e%2e", "/r/" + code + "%0d%0aSet-Cookie:x", "/r/1' or 1=1"} {
			if res := get("GET", strings.ReplaceAll(bad, " ", "%20"), phone); res.StatusCode != 404 {
				t.Errorf("%s: %d", bad, res.StatusCode)
			}
		}
		d.wants("clicks", 2, "SELECT SUM(clicks) FROM links")
		d.wants("robots", 7, "SELECT SUM(robots) FROM links")
		d.wants("events", 2, "SELECT COUNT(*) FROM events")
		d.wants("one browser", 1, "SELECT COUNT(DISTINCT person_id) FROM events")
	})
}
