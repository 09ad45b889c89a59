package main

import (
	"fmt"
	"strings"
	"testing"

	"loudou/service/wechat/wechattest/gate"
)

// Only who has the course writes under it; nobody else sees a word before WeChat's check was heard and, where the house
// looks first, before an operator let it; while WeChat cannot be reached it waits and is asked about again.
func TestRemarks(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		at := fmt.Sprintf("/courses/%d/remarks", m.course)
		a, stranger := m.learner("oA", "android", 0), m.learner("oB", "android", 1)
		write := func(c caller, key, text string) said {
			return c.do("POST", at, map[string]any{"content": text}, "Idempotency-Key", key)
		}
		if r := write(stranger, "s", "没买也想说"); r.status != 403 || !strings.Contains(r.raw, "有了这门课") {
			t.Errorf("a stranger: %d %s", r.status, r.raw)
		}
		m.sheet(m.order(a, "jsapi", "k"))
		m.until("paid", func() bool { return a.do("GET", fmt.Sprintf("/lessons/%d", m.paid), nil).status == 200 })
		for _, bad := range []string{"", "  ", strings.Repeat("长", 501)} {
			if r := write(a, "bad", bad); r.status != 400 {
				t.Errorf("%d %s", r.status, r.raw)
			}
		}

		// WeChat away: kept, seen by its writer alone, asked about again.
		clear := m.wechat.Fail("/wxa/msg_sec_check", gate.Status(502, ""))
		first := write(a, "one", "老师讲得很清楚")
		id := fmt.Sprintf("/remarks/%v", int64(first.json["id"].(float64)))
		m.until("asked", func() bool { return m.wechat.Count("/wxa/msg_sec_check") > 0 })
		m.boss.want(409, "POST", id+"/show", map[string]any{})
		if r := stranger.want(200, "GET", at, nil); strings.Contains(r.raw, "很清楚") {
			t.Errorf("seen unchecked: %s", r.raw)
		}
		if r := a.want(200, "GET", at, nil); !strings.Contains(r.raw, `"state":"checking"`) {
			t.Error(r.raw)
		}
		clear()
		m.until("checked", func() bool {
			return strings.Contains(m.boss.want(200, "GET", "/remarks?state=waiting", nil).raw, "很清楚")
		})
		if again := write(a, "one", "老师讲得很清楚"); again.status != 201 || again.json["id"] != first.json["id"] {
			t.Errorf("twice: %d %s", again.status, again.raw)
		}
		if r := write(a, "one", "另一句"); r.code() != "key_reused" {
			t.Error(r.raw)
		}
		if r := stranger.want(200, "GET", at, nil); strings.Contains(r.raw, "很清楚") {
			t.Errorf("seen before it was looked at: %s", r.raw)
		}
		if r := m.boss.want(200, "GET", "/home", nil); !strings.Contains(r.raw, `"key":"remarks","title":"待看的评论","count":1`) {
			t.Error(r.raw)
		}

		// Shown, answered, pinned; refused it is gone from there, with a reason for its writer.
		m.boss.want(409, "PUT", id+"/pinned", map[string]any{"pinned": true})
		m.boss.want(200, "POST", id+"/show", map[string]any{})
		m.boss.want(200, "PUT", id+"/reply", map[string]any{"content": "谢谢"})
		m.boss.want(200, "PUT", id+"/pinned", map[string]any{"pinned": true})
		if r := stranger.want(200, "GET", at, nil); !strings.Contains(r.raw, "很清楚") || !strings.Contains(r.raw, "谢谢") || !strings.Contains(r.raw, `"pinned":true`) || !strings.Contains(r.raw, `"mine":false`) {
			t.Error(r.raw)
		}
		stranger.want(404, "DELETE", id, nil)
		m.boss.want(400, "POST", id+"/refuse", map[string]any{"reason": " "})
		m.boss.want(200, "POST", id+"/refuse", map[string]any{"reason": "说的是别的课"})
		if r := stranger.want(200, "GET", at, nil); strings.Contains(r.raw, "很清楚") || strings.Contains(r.raw, "别的课") {
			t.Error(r.raw)
		}
		if r := a.want(200, "GET", at, nil); !strings.Contains(r.raw, "说的是别的课") {
			t.Error(r.raw)
		}

		// Looked at afterwards: shown once the check passed; what WeChat calls risky never by itself.
		m.boss.want(200, "PUT", "/remark-setting", map[string]any{"how": "after"})
		write(a, "two", "第二句")
		m.until("shown", func() bool { return strings.Contains(stranger.want(200, "GET", at, nil).raw, "第二句") })
		write(a, "three", "你这个大傻子")
		m.until("refused", func() bool {
			return strings.Contains(a.want(200, "GET", at, nil).raw, "没有通过微信的内容检查")
		})
		if r := stranger.want(200, "GET", at, nil); strings.Contains(r.raw, "大傻子") {
			t.Error(r.raw)
		}
		m.boss.want(200, "PUT", "/remark-setting", map[string]any{"how": "off"})
		if r := write(a, "four", "还想说"); r.status != 403 {
			t.Errorf("closed: %d %s", r.status, r.raw)
		}
		if r := m.boss.want(200, "GET", "/audit?object=remark", nil); !strings.Contains(r.raw, "remark.refuse") || strings.Contains(r.raw, "很清楚") {
			t.Error(r.raw)
		}
		m.boss.want(204, "DELETE", id, nil)
		m.boss.want(404, "DELETE", id, nil)
		a.want(204, "DELETE", "/me", nil)
		var left int64
		m.houses[0].db.Table("remarks").Count(&left)
		if left != 0 {
			t.Errorf("%d comments of a forgotten person", left)
		}
	})
}

// One learner writes five at a go and no more, is told when to come back, and keeps nobody else from writing.
func TestRemarkRate(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn, "LOUDOU_LIMITS", "on")
		at := fmt.Sprintf("/courses/%d/remarks", m.course)
		a, other := m.learner("oA", "android", 0), m.learner("oB", "android", 1)
		m.sheet(m.order(a, "jsapi", "k"))
		m.until("paid", func() bool { return a.do("GET", fmt.Sprintf("/lessons/%d", m.paid), nil).status == 200 })
		for i := range 5 {
			a.want(201, "POST", at, map[string]any{"content": fmt.Sprintf("第 %d 句", i)}, "Idempotency-Key", fmt.Sprintf("k%d", i))
		}
		if r := a.do("POST", at, map[string]any{"content": "第六句"}, "Idempotency-Key", "k5"); r.status != 429 || r.code() != "too_many" {
			t.Errorf("the sixth: %d %s", r.status, r.raw)
		}
		if r := m.boss.want(200, "GET", "/remarks", nil); strings.Contains(r.raw, "第六句") || !strings.Contains(r.raw, "第 4 句") {
			t.Error(r.raw)
		}
		if r := other.do("POST", at, map[string]any{"content": "我没有这门课"}, "Idempotency-Key", "o"); r.status != 403 {
			t.Errorf("another: %d %s", r.status, r.raw)
		}
	})
}
