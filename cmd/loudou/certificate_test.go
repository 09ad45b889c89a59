package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Who finished every lesson of a course that gives certificates may take one, once, in a name WeChat lets be shown;
// its page proves it to anybody until it is withdrawn or its person is forgotten.
func TestCertificate(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		course := fmt.Sprintf("/courses/%d", m.course)
		take := course + "/certificate"
		name := map[string]any{"name": "王小明"}
		a, stranger := m.learner("oA", "android", 0), m.learner("oB", "android", 1)
		m.sheet(m.order(a, "jsapi", "k"))
		m.until("paid", func() bool { return a.do("GET", fmt.Sprintf("/lessons/%d", m.paid), nil).status == 200 })
		if r := a.want(403, "POST", take, name); !strings.Contains(r.raw, "不发结业证书") {
			t.Error(r.raw)
		}
		m.boss.want(200, "PUT", course, map[string]any{"certificate": true})
		if r := a.want(403, "POST", take, name); !strings.Contains(r.raw, "还差 2 课") {
			t.Error(r.raw)
		}
		stranger.want(403, "POST", take, name)
		finish := func(lesson int64) {
			a.want(200, "PUT", fmt.Sprintf("/lessons/%d/progress", lesson), map[string]any{"position_seconds": 1, "finished": true})
		}
		finish(m.trial)
		if r := a.want(200, "GET", course, nil); strings.Contains(r.raw, `"certificate"`) {
			t.Errorf("half a course: %s", r.raw)
		}
		finish(m.paid)
		if r := a.want(200, "GET", course, nil); !strings.Contains(r.raw, `"certificate"]`) {
			t.Errorf("finished, and nothing to take: %s", r.raw)
		}
		for _, bad := range []string{"", "王", "加微信 abc123", "<b>王</b>"} {
			a.want(400, "POST", take, map[string]any{"name": bad})
		}
		if r := a.want(400, "POST", take, map[string]any{"name": "大傻子"}); !strings.Contains(r.raw, "内容检查") {
			t.Error(r.raw)
		}

		// Asked for at both instances at once it is one.
		b := a
		b.base = m.urls[1] + "/mini/v1"
		answers := make([]said, 6)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = []caller{a, b}[i%2].do("POST", take, name) })
		}
		wg.Wait()
		serial := answers[0].text("serial")
		for _, r := range answers {
			if r.status != 201 || r.text("serial") != serial || len(serial) != 16 || r.text("url") != "http://127.0.0.1:8080/c/"+serial {
				t.Errorf("%d %s", r.status, r.raw)
			}
		}
		if r := a.want(201, "POST", take, map[string]any{"name": "别的名字"}); r.text("name") != "王小明" || r.text("serial") != serial {
			t.Errorf("taken again: %s", r.raw)
		}
		if r := a.want(200, "GET", course, nil); !strings.Contains(r.raw, serial) || strings.Contains(r.raw, `"certificate"]`) {
			t.Error(r.raw)
		}
		if r := stranger.want(200, "GET", course, nil); strings.Contains(r.raw, serial) {
			t.Errorf("a stranger sees it: %s", r.raw)
		}
		if r := stranger.want(200, "GET", "/me/certificates", nil); !strings.Contains(r.raw, `"items":[]`) {
			t.Error(r.raw)
		}
		if r := a.want(200, "GET", "/me/certificates", nil); !strings.Contains(r.raw, serial) {
			t.Error(r.raw)
		}

		// The page: to anybody, however the serial is typed; nothing of it is kept or indexed.
		look := func(path string) (int, string, http.Header) {
			res, err := http.Get(m.urls[1] + path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			body, _ := io.ReadAll(res.Body)
			return res.StatusCode, string(body), res.Header
		}
		for _, typed := range []string{serial, strings.ToLower(serial), serial[:4] + "-" + serial[4:8] + "-" + serial[8:]} {
			status, body, head := look("/c/" + typed)
			if status != 200 || !strings.Contains(body, "王小明") || !strings.Contains(body, "《写作课》") || !strings.Contains(body, "全部 2 课") || !strings.Contains(body, "有效") ||
				head.Get("Cache-Control") != "no-store" || !strings.Contains(head.Get("X-Robots-Tag"), "noindex") || !strings.Contains(head.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s: %d %v %s", typed, status, head, body)
			}
		}
		for _, wrong := range []string{"/c/AAAABBBBCCCCDDDD", "/c/x", "/c/%3Cscript%3E"} {
			if status, body, _ := look(wrong); status != 404 || strings.Contains(body, "<script") {
				t.Errorf("%s: %d %s", wrong, status, body)
			}
		}
		// What happens to the course later does not change what was true.
		m.boss.want(200, "PUT", course, map[string]any{"title": "写作课二", "certificate": false})
		m.boss.want(201, "POST", course+"/lessons", map[string]any{"title": "加课", "kind": "text", "content": "x"})
		if _, body, _ := look("/c/" + serial); !strings.Contains(body, "《写作课》") {
			t.Error(body)
		}
		if r := m.boss.want(200, "GET", course+"/certificates", nil); !strings.Contains(r.raw, serial) || !strings.Contains(r.raw, "王小明") {
			t.Error(r.raw)
		}
		withdraw := "/certificates/" + serial + "/withdraw"
		m.boss.want(400, "POST", withdraw, map[string]any{"reason": " "})
		m.boss.want(404, "POST", "/certificates/AAAABBBBCCCCDDDD/withdraw", map[string]any{"reason": "x"})
		m.boss.want(200, "POST", withdraw, map[string]any{"reason": "退款了"})
		if status, body, _ := look("/c/" + serial); status != 200 || !strings.Contains(body, "已经撤销") || strings.Contains(body, "王小明") {
			t.Errorf("withdrawn: %d %s", status, body)
		}
		if r := a.want(200, "GET", course, nil); !strings.Contains(r.raw, `"withdrawn":true`) {
			t.Error(r.raw)
		}
		m.boss.want(200, "POST", "/certificates/"+serial+"/reinstate", map[string]any{})
		if _, body, _ := look("/c/" + serial); !strings.Contains(body, "王小明") {
			t.Error(body)
		}
		audit := m.boss.want(200, "GET", "/audit?object=certificate", nil).raw
		if !strings.Contains(audit, "certificate.withdraw") || !strings.Contains(audit, "退款了") || strings.Contains(audit, "王小明") {
			t.Error(audit)
		}
		a.want(204, "DELETE", "/me", nil)
		if status, body, _ := look("/c/" + serial); status != 404 || strings.Contains(body, "王小明") {
			t.Errorf("the person is forgotten: %d %s", status, body)
		}
	})
}
