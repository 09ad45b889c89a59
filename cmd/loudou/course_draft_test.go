package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// A published course is drafted aside: buyers and strangers see what is live, at both instances, until the draft is
// published; what they did in a lesson stays with it from version to version, and an older version brings back a lesson
// with what was done in it.
func TestCourseDraft(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		live := fmt.Sprintf("/courses/%d", m.course)
		a := m.learner("oA", "android", 0)
		m.sheet(m.order(a, "jsapi", "k"))
		paid := fmt.Sprintf("/lessons/%d", m.paid)
		m.until("paid", func() bool { return a.do("GET", paid, nil).status == 200 })
		a.want(200, "PUT", paid+"/progress", map[string]any{"position_seconds": 42, "finished": true})
		stranger := m.learner("oB", "android", 1)

		number := func(v any) int64 { n, _ := v.(float64); return int64(n) }
		begun := m.boss.want(200, "POST", live+"/draft", nil)
		draft := number(begun.json["id"])
		if draft == m.course || number(begun.json["draft_of"]) != m.course {
			t.Fatal(begun.raw)
		}
		if again := m.boss.want(200, "POST", live+"/draft", nil); number(again.json["id"]) != draft {
			t.Errorf("a second draft: %s", again.raw)
		}
		if r := m.boss.want(200, "GET", live, nil); number(r.json["draft_id"]) != draft {
			t.Error(r.raw)
		}
		if r := m.boss.want(200, "GET", live+"/draft", nil); !strings.Contains(r.raw, `"changes":[]`) || !strings.Contains(r.raw, `"live_changed":false`) {
			t.Error(r.raw)
		}
		// The draft is edited by the doors of a course.
		at := fmt.Sprintf("/courses/%d", draft)
		var copies []int64
		for _, l := range begun.json["lessons"].([]any) {
			copies = append(copies, number(l.(map[string]any)["id"]))
		}
		if len(copies) != 2 {
			t.Fatal(begun.raw)
		}
		m.boss.want(200, "PUT", at, map[string]any{"title": "写作课（新）", "intro": "<p>新简介</p>"})
		m.boss.want(200, "PUT", fmt.Sprintf("/lessons/%d", copies[1]), map[string]any{"content": "改过的正文", "seconds": 90})
		added := number(m.boss.want(201, "POST", at+"/lessons", map[string]any{"title": "加课", "kind": "text", "content": "加课正文"}).json["id"])
		m.boss.want(200, "POST", at+"/lessons/order", map[string]any{"lesson_ids": []int64{copies[1], added, copies[0]}})
		// Money is not drafted, and a draft is not a course: not sold, not shown, not found, given to nobody.
		m.boss.want(409, "PUT", at, map[string]any{"price": 1})
		m.boss.want(409, "POST", at+"/publish", map[string]any{})
		m.boss.want(404, "POST", at+"/draft", nil)
		m.boss.want(404, "GET", at+"/versions", nil)
		for _, c := range []caller{a, stranger} {
			c.want(404, "GET", at, nil)
			c.want(404, "GET", fmt.Sprintf("/lessons/%d", copies[1]), nil)
			c.want(404, "POST", "/orders", map[string]any{"course_id": draft}, "Idempotency-Key", "d")
			if r := c.want(200, "GET", live, nil); strings.Contains(r.raw, "新") || strings.Contains(r.raw, "加课") {
				t.Errorf("a learner sees the draft: %s", r.raw)
			}
			if r := c.want(200, "GET", "/courses", nil); strings.Contains(r.raw, "新") || strings.Count(r.raw, `"title"`) != 1 {
				t.Errorf("the shop shows the draft: %s", r.raw)
			}
		}
		if r := a.want(200, "GET", paid, nil); !strings.Contains(r.raw, `"content":"正文"`) {
			t.Error(r.raw)
		}
		for _, list := range []string{"/courses", "/courses?status=draft", "/search?q=" + "加课", "/search?q=" + "写作课（新）"} {
			if r := m.boss.want(200, "GET", list, nil); strings.Contains(r.raw, "新") || strings.Contains(r.raw, "加课") {
				t.Errorf("%s shows the draft: %s", list, r.raw)
			}
		}
		// The difference, in words.
		d := m.boss.want(200, "GET", live+"/draft", nil)
		for _, want := range []string{"课程改名：「写作课」→「写作课（新）」", "简介：写了 3 字", "「正课」的正文：有改动（2 字 → 5 字）", "「正课」的时长：没写 → 1:30", "新增第 2 课「加课」（图文）", "移到第"} {
			if !strings.Contains(d.raw, want) {
				t.Errorf("the difference lacks %q: %s", want, d.raw)
			}
		}
		// What is published is what was looked at: a change of the draft or of the course in between is told.
		m.boss.want(200, "PUT", fmt.Sprintf("/lessons/%d", added), map[string]any{"title": "加一课"})
		m.boss.want(409, "POST", live+"/draft/publish", map[string]any{"seen": d.text("seen")})
		m.boss.want(200, "PUT", live, map[string]any{"teacher": "张老师", "price": 18800})
		d = m.boss.want(200, "GET", live+"/draft", nil)
		if !strings.Contains(d.raw, `"live_changed":true`) || !strings.Contains(d.raw, "讲师：张老师 → （没写）") {
			t.Error(d.raw)
		}
		m.boss.want(400, "POST", live+"/draft/publish", map[string]any{"seen": d.text("seen"), "note": strings.Repeat("长", 201)})

		// Two operators publish at once, at two instances: one does.
		b := m.boss
		b.base = m.urls[1] + "/console/v1"
		answers := make([]said, 2)
		var wg sync.WaitGroup
		for i, c := range []caller{m.boss, b} {
			wg.Go(func() {
				answers[i] = c.do("POST", live+"/draft/publish", map[string]any{"seen": d.text("seen"), "note": "秋季更新"})
			})
		}
		wg.Wait()
		if x, y := answers[0].status, answers[1].status; x+y != 604 {
			t.Errorf("published at once: %d %s, %d %s", x, answers[0].raw, y, answers[1].raw)
		}
		m.boss.want(404, "GET", live+"/draft", nil)
		m.boss.want(404, "GET", at, nil)

		page := stranger.want(200, "GET", live, nil)
		if !strings.Contains(page.raw, "写作课（新）") || !strings.Contains(page.raw, `"lesson_count":3`) || !strings.Contains(page.raw, `"price":18800`) {
			t.Error(page.raw)
		}
		if i, j := strings.Index(page.raw, "正课"), strings.Index(page.raw, "试听"); i > j {
			t.Errorf("the order of the draft was lost: %s", page.raw)
		}
		if r := a.want(200, "GET", paid, nil); !strings.Contains(r.raw, "改过的正文") || !strings.Contains(r.raw, `"position_seconds":42`) || !strings.Contains(r.raw, `"finished":true`) {
			t.Errorf("progress did not survive: %s", r.raw)
		}
		stranger.want(403, "GET", paid, nil)

		// History: what was live before, kept by itself, and the new one.
		versions := m.boss.want(200, "GET", live+"/versions", nil)
		if !strings.Contains(versions.raw, `"version":2,"note":"秋季更新"`) || !strings.Contains(versions.raw, "自动留存") || strings.Count(versions.raw, `"live":true`) != 1 {
			t.Error(versions.raw)
		}
		// A lesson goes in version 3 and comes back, with its progress, by going back to version 2; the price stays.
		second := m.boss.want(200, "POST", live+"/draft", nil)
		for _, l := range second.json["lessons"].([]any) {
			if x := l.(map[string]any); x["title"] == "正课" {
				m.boss.want(204, "DELETE", fmt.Sprintf("/lessons/%d", number(x["id"])), nil)
			}
		}
		a.want(200, "GET", paid, nil)
		d = m.boss.want(200, "GET", live+"/draft", nil)
		if !strings.Contains(d.raw, "删除课时「正课」") {
			t.Error(d.raw)
		}
		m.boss.want(200, "POST", live+"/draft/publish", map[string]any{"seen": d.text("seen")})
		a.want(404, "GET", paid, nil)
		m.boss.want(404, "POST", live+"/versions/9/restore", map[string]any{})
		if r := m.boss.want(200, "POST", live+"/versions/2/restore", map[string]any{"note": "还是旧的好"}); !strings.Contains(r.raw, `"version":4`) || !strings.Contains(r.raw, `"restored_from":2`) {
			t.Error(r.raw)
		}
		if r := a.want(200, "GET", paid, nil); !strings.Contains(r.raw, "改过的正文") || !strings.Contains(r.raw, `"position_seconds":42`) {
			t.Errorf("the lesson came back without its progress: %s", r.raw)
		}
		m.boss.want(200, "POST", live+"/versions/1/restore", map[string]any{})
		if r := stranger.want(200, "GET", live, nil); !strings.Contains(r.raw, `"title":"写作课"`) || !strings.Contains(r.raw, "张老师") || !strings.Contains(r.raw, `"price":18800`) {
			t.Errorf("version 1 is what was live before: %s", r.raw)
		}
		// A draft thrown away leaves nothing.
		m.boss.want(200, "POST", live+"/draft", nil)
		m.boss.want(204, "DELETE", live+"/draft", nil)
		m.boss.want(404, "DELETE", live+"/draft", nil)
		var left int64
		if err := m.houses[0].db.Raw("SELECT COUNT(*) FROM courses WHERE draft_of IS NOT NULL").Scan(&left).Error; err != nil || left != 0 {
			t.Errorf("%d drafts left, %v", left, err)
		}
		if err := m.houses[0].db.Raw("SELECT COUNT(*) FROM lessons WHERE draft_of IS NOT NULL").Scan(&left).Error; err != nil || left != 0 {
			t.Errorf("%d drafted lessons left, %v", left, err)
		}
		audit := m.boss.want(200, "GET", fmt.Sprintf("/audit?object=course&object_id=%d&page_size=100", m.course), nil).raw
		for _, want := range []string{"course.draft_begin", "course.draft_change", "course.draft_publish", "course.draft_drop", "course.restore"} {
			if !strings.Contains(audit, want) {
				t.Errorf("the trail lacks %s", want)
			}
		}
		// One that was never published is its own draft.
		fresh := number(m.boss.want(201, "POST", "/courses", map[string]any{"title": "没上架", "price": 1}).json["id"])
		m.boss.want(409, "POST", fmt.Sprintf("/courses/%d/draft", fresh), nil)
	})
}
