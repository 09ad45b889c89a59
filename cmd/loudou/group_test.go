package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// opener opens group pages as one browser; ask gives status and page.
func opener(t *testing.T, base string) func(method, path string) (int, string) {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar}
	return func(method, path string) (int, string) {
		req, err := http.NewRequest(method, base+path, nil)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		req.Header.Set("User-Agent", "Mozilla/5.0 (iPhone) MicroMessenger/8.0")
		res, err := c.Do(req)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer res.Body.Close()
		raw, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(raw)
	}
}

// A group's address shows one picture until as many have seen it as fit, then the next, on two instances at once; each
// browser once, with the channel it came by; what is full, past its day or withdrawn is shown to nobody new.
func TestGroups(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		first, second := d.uploadPicture(), d.uploadPicture()
		d.call("POST", "/groups", `{"name":" "}`, 400)
		d.call("POST", "/groups", `{"name":"写作群","campaign_id":9}`, 400)
		g := d.call("POST", "/groups", `{"name":"写作群","note":"每周三晚上答疑"}`, 201)
		d.call("POST", "/groups", `{"name":"写作群"}`, 409)
		u, err := url.Parse(g["url"].(string))
		if err != nil {
			t.Fatal(err)
		}
		path := u.Path
		if !strings.Contains(g["short"].(string), "没有能进的群码") {
			t.Errorf("%v", g)
		}
		for what, bad := range map[string]string{
			"no picture": `{"picture":"","most":5}`, "unknown": `{"picture":"/media/00000000000000000000000000000000.png","most":5}`, "nobody": fmt.Sprintf(`{"picture":%q,"most":0}`, first),
			"too many": fmt.Sprintf(`{"picture":%q,"most":501}`, first), "past": fmt.Sprintf(`{"picture":%q,"most":5,"ends_at":"2020-01-01T00:00:00Z"}`, first),
		} {
			t.Log(what)
			d.call("POST", "/groups/1/codes", bad, 400)
		}
		if status, page := opener(t, d.urls[0])("GET", path); status != 200 || !strings.Contains(page, "群满了") {
			t.Error(status, page)
		}
		d.call("POST", "/groups/1/codes", fmt.Sprintf(`{"picture":%q,"most":5}`, first), 200)
		d.call("POST", "/groups/1/codes", fmt.Sprintf(`{"picture":%q,"most":20,"ends_at":%q}`, second, time.Now().Add(100*time.Hour).Format(time.RFC3339)), 200)

		// Twelve browsers at once on two instances: five see the first picture.
		asks := make([]func(string, string) (int, string), 12)
		for i := range asks {
			asks[i] = opener(t, d.urls[i%2])
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		saw := map[string]int{}
		mine := make([]string, len(asks))
		for i, ask := range asks {
			wg.Go(func() {
				_, page := ask("GET", path+"?c="+[]string{"海报", "公众号"}[i%2])
				mu.Lock()
				defer mu.Unlock()
				for _, p := range []string{first, second} {
					if strings.Contains(page, p) {
						saw[p]++
						mine[i] = p
					}
				}
			})
		}
		wg.Wait()
		if saw[first] != 5 || saw[second] != 7 {
			t.Errorf("%v", saw)
		}
		// Again: the same picture, no second place; two say they joined, one of them twice.
		for i, ask := range asks {
			if _, page := ask("GET", path); !strings.Contains(page, mine[i]) || strings.Contains(page, "记下了") {
				t.Error(i, page)
			}
		}
		for _, ask := range []func(string, string) (int, string){asks[0], asks[1], asks[0]} {
			if _, page := ask("POST", path); !strings.Contains(page, "记下了") {
				t.Error(page)
			}
		}
		whole := d.call("GET", "/groups/1", "", 200)
		g = whole["group"].(map[string]any)
		if g["seen"] != 12.0 || g["said"] != 2.0 || g["short"] != "" {
			t.Errorf("%v", g)
		}
		codes := g["codes"].([]any)
		if a, b := codes[0].(map[string]any), codes[1].(map[string]any); a["state"] != "full" || a["shown"] != 5.0 || b["state"] != "live" || b["shown"] != 7.0 {
			t.Errorf("%v", codes)
		}
		if channels := whole["channels"].([]any); len(channels) != 2 || channels[0].(map[string]any)["seen"] != 6.0 || channels[0].(map[string]any)["said"] != 1.0 {
			t.Errorf("%v", channels)
		}
		// A crawler takes no place; a wrong address is none.
		res, err := http.Get(d.urls[0] + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		d.wants("robots", 12, "SELECT SUM(shown) FROM fan_group_codes")
		if status, _ := opener(t, d.urls[0])("GET", "/g/zzzzzzzzz"); status != 404 {
			t.Error(status)
		}
		// Full by hand: whoever saw it is shown none, since there is no third; open after all, they see it again.
		d.call("PUT", "/groups/1/codes/2", `{"state":"full"}`, 200)
		d.call("PUT", "/groups/1/codes/99", `{"state":"full"}`, 404)
		for i, ask := range asks {
			if mine[i] == second {
				if _, page := ask("GET", path); !strings.Contains(page, "群满了") {
					t.Error(page)
				}
			}
		}
		todo := func() (n float64) {
			for _, x := range d.call("GET", "/home", "", 200)["todo"].([]any) {
				if m := x.(map[string]any); m["key"] == "groups" {
					n = m["count"].(float64)
				}
			}
			return n
		}
		if todo() != 1 {
			t.Error("nobody is told that a picture is needed")
		}
		d.call("PUT", "/groups/1/codes/2", `{"state":"open"}`, 200)
		d.wants("no second place", 7, "SELECT shown FROM fan_group_codes WHERE id = 2")
		d.call("PUT", "/groups/1", `{"name":"写作群","closed":true,"version":9}`, 409)
		d.call("PUT", "/groups/1", `{"name":"写作群","closed":true,"version":1}`, 200)
		if _, page := asks[0]("GET", path); !strings.Contains(page, "已经关闭") {
			t.Error(page)
		}
		d.wants("in the trail", 6, "SELECT COUNT(*) FROM audit_entries WHERE object = 'group'")
	})
}
