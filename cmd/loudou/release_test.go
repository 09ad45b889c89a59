package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The plan of a course holds for who bought it, on every door a lesson is asked for by, and says why; a trial is
// open to anybody.
func TestReleasePlan(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		lessons := fmt.Sprintf("/courses/%d/lessons", m.course)
		add := func(title string, release map[string]any) string {
			r := m.boss.want(201, "POST", lessons, map[string]any{"title": title, "kind": "text", "content": title + "正文", "release": release})
			id, _ := r.json["id"].(float64)
			return fmt.Sprintf("/lessons/%d", int64(id))
		}
		soon := time.Now().Add(2 * time.Hour)
		byDate, past := add("按日期", map[string]any{"how": "date", "at": soon}), add("早就开放", map[string]any{"how": "date", "at": time.Now().Add(-time.Hour), "days": 7})
		byDays, first := add("三天后", map[string]any{"how": "days", "days": 3}), add("接着学", map[string]any{"how": "order"})
		second := add("再接着学", map[string]any{"how": "order"})
		for _, bad := range []map[string]any{{"how": "date"}, {"how": "days"}, {"how": "days", "days": 9999}, {"how": "soon"}} {
			m.boss.want(400, "POST", lessons, map[string]any{"title": "x", "kind": "text", "release": bad})
		}
		m.boss.want(400, "PUT", fmt.Sprintf("/lessons/%d", m.trial), map[string]any{"release": map[string]any{"how": "order"}})
		if r := m.boss.want(200, "GET", past, nil); !strings.Contains(r.raw, `"days":0`) {
			t.Errorf("days of another way were kept: %s", r.raw)
		}

		a := m.learner("oA", "android", 0)
		course := fmt.Sprintf("/courses/%d", m.course)
		if page := a.want(200, "GET", course, nil).raw; !strings.Contains(page, `"reason":"购买后可以学，开课 3 天后开放"`) || !strings.Contains(page, `"actions":["trial"]`) {
			t.Errorf("to a stranger: %s", page)
		}
		m.sheet(m.order(a, "jsapi", "k"))
		m.until("paid", func() bool { return a.do("GET", fmt.Sprintf("/lessons/%d", m.paid), nil).status == 200 })
		b := a
		b.base = m.urls[1] + "/mini/v1"
		for lesson, why := range map[string]string{byDate: "开放", byDays: "开课 3 天后开放", first: "学完上一课「三天后」后开放", second: "学完上一课「接着学」后开放"} {
			for _, phone := range []caller{a, b} {
				if r := phone.want(403, "GET", lesson, nil); !strings.Contains(r.raw, "这一课还没有开放：") || strings.Contains(r.raw, "正文") || !strings.Contains(r.raw, why) {
					t.Errorf("%s: %s", lesson, r.raw)
				}
				if r := phone.want(403, "PUT", lesson+"/progress", map[string]any{"position_seconds": 1, "finished": true}); !strings.Contains(r.raw, why) {
					t.Errorf("progress of %s: %s", lesson, r.raw)
				}
			}
		}
		a.want(200, "GET", past, nil)
		page := a.want(200, "GET", course, nil).raw
		for _, want := range []string{`"reason":"学完上一课「三天后」后开放"`, `"opens_at":"` + soon.UTC().Format("2006-01-02T15:04"), `"playable":false`, `"actions":["learn"]`, `"actions":[]`} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %s: %s", want, page)
			}
		}
		// Three days later the third opens, then one by one what follows it.
		if err := m.houses[0].db.Exec("UPDATE grants SET starts_at = ?", time.Now().UTC().AddDate(0, 0, -4)).Error; err != nil {
			t.Fatal(err)
		}
		for _, step := range []string{byDays, first, second} {
			b.want(200, "GET", step, nil)
			b.want(200, "PUT", step+"/progress", map[string]any{"position_seconds": 0, "finished": true})
		}
		// Who finished it keeps it, whatever the plan says since.
		m.boss.want(200, "PUT", byDays, map[string]any{"release": map[string]any{"how": "date", "at": soon}})
		m.boss.want(200, "PUT", byDays, map[string]any{"title": "换了名字"})
		if r := m.boss.want(200, "GET", byDays, nil); !strings.Contains(r.raw, `"how":"date"`) {
			t.Errorf("a change of the title dropped the release: %s", r.raw)
		}
		a.want(200, "GET", second, nil)
		a.want(403, "GET", byDate, nil)
		if audit := m.boss.want(200, "GET", "/audit?object=course", nil).raw; !strings.Contains(audit, "学完上一课后开放") {
			t.Error("the audit trail knows of no release")
		}
	})
}

// Before a price is saved the console can say who still pays the old one; they do.
func TestWaitingAtTheOldPrice(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		course := fmt.Sprintf("/courses/%d", m.course)
		waiting := func() string { return m.boss.want(200, "GET", course+"/waiting", nil).raw }
		if got := waiting(); !strings.Contains(got, `"items":[]`) {
			t.Error(got)
		}
		a, b := m.learner("oA", "android", 0), m.learner("oB", "android", 1)
		first := m.order(a, "jsapi", "k")
		a.want(201, "POST", "/orders", map[string]any{"course_id": m.course, "via": "jsapi", "gift": true}, "Idempotency-Key", "g") // the same person
		m.order(b, "jsapi", "k")
		if got := waiting(); !strings.Contains(got, `{"price":19900,"people":2}`) {
			t.Error(got)
		}
		m.boss.want(200, "PUT", course, map[string]any{"price": 29900})
		c := m.learner("oC", "android", 0)
		if o := c.want(201, "POST", "/orders", map[string]any{"course_id": m.course, "via": "jsapi"}, "Idempotency-Key", "k"); o.json["amount"] != 29900.0 {
			t.Error(o.raw)
		}
		m.sheet(first)
		m.until("the old price is paid", func() bool {
			return a.want(200, "GET", "/orders/"+first.text("out_trade_no"), nil).text("status") == "paid"
		})
		if got := waiting(); !strings.Contains(got, `{"price":19900,"people":2}`) || !strings.Contains(got, `{"price":29900,"people":1}`) {
			t.Error(got)
		}
		m.boss.want(404, "GET", "/courses/999999/waiting", nil)
	})
}
