package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func (r said) id() int64 { n, _ := r.json["id"].(float64); return int64(n) }

// member adds a course with one lesson of so many seconds, on sale.
func (m *market) member(title string) (course, lesson int64) {
	m.t.Helper()
	course = m.boss.want(201, "POST", "/courses", map[string]any{"title": title, "price": 9900}).id()
	lesson = m.boss.want(201, "POST", fmt.Sprintf("/courses/%d/lessons", course), map[string]any{"title": title + "一", "kind": "video", "content": "正文", "seconds": 600}).id()
	m.boss.want(200, "POST", fmt.Sprintf("/courses/%d/publish", course), map[string]any{})
	return course, lesson
}

// pays orders a course and pays for it, and gives the order's number.
func (m *market) pays(c caller, course int64, key string) string {
	m.t.Helper()
	o := c.want(201, "POST", "/orders", map[string]any{"course_id": course, "via": "jsapi"}, "Idempotency-Key", key)
	m.sheet(o)
	no := o.text("out_trade_no")
	m.until("paid "+no, func() bool { return c.want(200, "GET", "/orders/"+no, nil).text("status") == "paid" })
	return no
}

func (m *market) refunds(c caller, no string, amount int64) {
	m.t.Helper()
	m.boss.want(201, "POST", "/orders/"+no+"/refunds", map[string]any{"amount": amount, "reason": "不学了"}, "Idempotency-Key", "r"+no)
	m.until("refunded "+no, func() bool { return c.want(200, "GET", "/orders/"+no, nil).text("status") == "refunded" })
}

// A bundle is made, bought once however often it is tried, opens its courses, and takes back with its money what nothing
// else opens; what is added later is open to who has it, what is taken out stays with them.
func TestBundleOverTwoInstances(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		second, l2 := m.member("剪辑课")
		third, l3 := m.member("直播课")
		b := m.boss.want(201, "POST", "/courses", map[string]any{"kind": "bundle", "title": "新媒体专栏", "price": 29900})
		bundle := b.id()
		if b.text("kind") != "bundle" {
			t.Fatal(b.raw)
		}
		page, members := fmt.Sprintf("/courses/%d", bundle), fmt.Sprintf("/courses/%d/members", bundle)

		m.boss.want(409, "POST", page+"/publish", map[string]any{}) // nothing in it
		m.boss.want(409, "POST", page+"/lessons", map[string]any{"title": "一", "kind": "text"})
		m.boss.want(400, "PUT", page, map[string]any{"certificate": true})
		m.boss.want(409, "POST", fmt.Sprintf("/courses/%d/members", second), map[string]any{"course_id": third})
		draft := m.boss.want(201, "POST", "/courses", map[string]any{"title": "没写完", "price": 1}).id()
		other := m.boss.want(201, "POST", "/courses", map[string]any{"kind": "bundle", "title": "别的专栏", "price": 1}).id()
		foreign := m.boss.want(201, "POST", "/courses", map[string]any{"title": "别家的课", "price": 1}).id()
		m.boss.want(200, "POST", fmt.Sprintf("/courses/%d/publish", foreign), map[string]any{})
		if err := m.houses[0].db.Exec("UPDATE courses SET appid = 'wxelse' WHERE id = ?", foreign).Error; err != nil {
			t.Fatal(err)
		}
		for name, id := range map[string]int64{"itself": bundle, "a bundle": other, "a draft": draft, "another account's": foreign, "nothing": 99999} {
			if r := m.boss.do("POST", members, map[string]any{"course_id": id}); r.status != 400 || !strings.Contains(r.raw, `"course_id"`) {
				t.Errorf("%s: %d %s", name, r.status, r.raw)
			}
		}
		var wg sync.WaitGroup
		for n := range 8 { // a double click, over two instances
			boss := m.boss
			boss.base = m.urls[n%2] + "/console/v1"
			wg.Go(func() {
				if r := boss.do("POST", members, map[string]any{"course_id": second}); r.status != 201 {
					t.Errorf("%d %s", r.status, r.raw)
				}
			})
		}
		wg.Wait()
		if r := m.boss.want(201, "POST", members, map[string]any{"course_id": m.course}); r.json["course_count"] != 2.0 || r.json["lesson_count"] != 3.0 {
			t.Fatal(r.raw)
		}
		m.boss.want(409, "POST", members+"/order", map[string]any{"course_ids": []int64{m.course}})
		if r := m.boss.want(200, "POST", members+"/order", map[string]any{"course_ids": []int64{m.course, second}}); strings.Index(r.raw, "写作课") > strings.Index(r.raw, "剪辑课") {
			t.Error(r.raw)
		}
		m.boss.want(200, "POST", page+"/publish", map[string]any{})
		if r := m.boss.want(200, "GET", fmt.Sprintf("/courses/%d", second), nil); !strings.Contains(r.raw, `"bundles":[{"id":`) {
			t.Error(r.raw)
		}

		// Before and after buying; 64 tries of one learner are one order and one grant.
		a := m.learner("oA", "android", 0)
		if r := a.want(200, "GET", "/courses", nil); !strings.Contains(r.raw, `"kind":"bundle"`) || !strings.Contains(r.raw, `"course_count":2`) {
			t.Error(r.raw)
		}
		if r := a.want(200, "GET", page, nil); strings.Count(r.raw, `"state":"locked"`) != 2 || r.json["owned"] != false || !strings.Contains(r.raw, `"buy"`) {
			t.Error(r.raw)
		}
		lessons := func(c caller) (open string) {
			for _, l := range []int64{m.paid, l2, l3} {
				if c.do("GET", fmt.Sprintf("/lessons/%d", l), nil).status == 200 {
					open += "1"
				} else {
					open += "0"
				}
			}
			return open
		}
		if lessons(a) != "000" {
			t.Fatal("open before it is paid")
		}
		for n := range 64 {
			c := a
			c.base = m.urls[n%2] + "/mini/v1"
			wg.Go(func() {
				if r := c.do("POST", "/orders", map[string]any{"course_id": bundle, "via": "jsapi"}, "Idempotency-Key", fmt.Sprintf("n%d", n)); r.status >= 400 && r.status != 409 && r.status != 503 {
					t.Errorf("%d %s", r.status, r.raw)
				}
			})
		}
		wg.Wait()
		o := a.want(200, "POST", "/orders", map[string]any{"course_id": bundle, "via": "jsapi"}, "Idempotency-Key", "last")
		no := o.text("out_trade_no")
		if o.json["amount"] != 29900.0 {
			t.Fatal(o.raw)
		}
		m.sheet(o)
		for range 3 {
			m.pay.TellAgain(no)
		}
		m.until("paid", func() bool { return a.want(200, "GET", "/orders/"+no, nil).text("status") == "paid" })
		if n := m.rows("SELECT COUNT(*) FROM grants"); n != 1 {
			t.Errorf("%d grants", n)
		}
		if n := m.rows("SELECT COUNT(*) FROM orders WHERE course_id = ?", bundle); n != 1 {
			t.Errorf("%d orders", n)
		}
		if lessons(a) != "110" {
			t.Errorf("open: %s", lessons(a))
		}
		a.want(200, "PUT", fmt.Sprintf("/lessons/%d/progress", l2), map[string]any{"position_seconds": 600, "finished": true})
		if r := a.want(200, "GET", page, nil); strings.Count(r.raw, `"state":"owned"`) != 2 || r.json["members_owned"] != 2.0 || r.json["owned"] != true {
			t.Error(r.raw)
		}
		if r := a.want(200, "GET", "/me/courses", nil); strings.Count(r.raw, `"kind":`) != 3 || !strings.Contains(r.raw, `"finished_lessons":1`) {
			t.Error(r.raw)
		}
		if r := a.do("POST", "/orders", map[string]any{"course_id": second}, "Idempotency-Key", "m"); r.status != 409 || r.code() != "owned" {
			t.Errorf("a member ordered by who has the bundle: %d %s", r.status, r.raw)
		}
		id := m.learnerOf("oA")
		why := m.boss.want(200, "GET", fmt.Sprintf("/learners/%d/courses/%d/access", id, second), nil)
		if !strings.Contains(why.text("why"), "可以学：通过专栏「新媒体专栏」：购买，订单 "+no) || !strings.Contains(why.raw, `"order_no":"`+no) || !strings.Contains(why.raw, fmt.Sprintf(`"bundle_id":%d`, bundle)) {
			t.Error(why.raw)
		}
		if r := m.boss.want(200, "GET", fmt.Sprintf("/learners/%d/access", id), nil); strings.Count(r.raw, "通过专栏「新媒体专栏」") != 2 {
			t.Error(r.raw)
		}

		// Added: open to who has it. Taken out: theirs on, though not of who orders later.
		m.boss.want(201, "POST", members, map[string]any{"course_id": third})
		if lessons(a) != "111" {
			t.Errorf("after a course was added: %s", lessons(a))
		}
		slow := m.learner("oSlow", "android", 0) // orders before, pays after
		before := slow.want(201, "POST", "/orders", map[string]any{"course_id": bundle, "via": "jsapi"}, "Idempotency-Key", "s")
		if r := m.boss.want(200, "GET", page+"/holders", nil); r.json["people"] != 1.0 {
			t.Error(r.raw)
		}
		time.Sleep(5 * time.Millisecond) // the order and the removal shall not share a millisecond
		m.boss.want(200, "DELETE", fmt.Sprintf("%s/%d", members, second), nil)
		m.boss.want(404, "DELETE", fmt.Sprintf("%s/%d", members, second), nil)
		time.Sleep(5 * time.Millisecond)
		m.sheet(before)
		m.until("paid late", func() bool {
			return slow.want(200, "GET", "/orders/"+before.text("out_trade_no"), nil).text("status") == "paid"
		})
		late := m.learner("oLate", "android", 1)
		m.pays(late, bundle, "late")
		if lessons(a) != "111" || lessons(slow) != "111" || lessons(late) != "101" {
			t.Errorf("after one was taken out: %s, %s, %s", lessons(a), lessons(slow), lessons(late))
		}
		m.boss.want(201, "POST", members, map[string]any{"course_id": second})
		if lessons(late) != "111" {
			t.Errorf("after it came back: %s", lessons(late))
		}
		if r := m.boss.want(200, "GET", fmt.Sprintf("/courses/%d/quality?from=%s&to=%s", second, m.today(), m.today()), nil); !strings.Contains(r.raw, `"learners":{"value":1`) {
			t.Error(r.raw)
		}

		// Owning some is told, owning all is refused.
		some := m.learner("oSome", "android", 0)
		m.pays(some, m.course, "one")
		if r := some.want(200, "GET", page, nil); r.json["members_owned"] != 1.0 || r.json["owned"] != false {
			t.Error(r.raw)
		}
		kept := m.pays(some, bundle, "two")
		all := m.learner("oAll", "android", 1)
		for n, c := range []int64{m.course, second, third} {
			m.boss.want(201, "POST", fmt.Sprintf("/learners/%d/grants", m.learnerOf("oAll")), map[string]any{"course_id": c, "days": 0, "why": "员工"}, "Idempotency-Key", fmt.Sprint(n))
		}
		if r := all.do("POST", "/orders", map[string]any{"course_id": bundle}, "Idempotency-Key", "x"); r.status != 409 || r.code() != "owned" {
			t.Errorf("%d %s", r.status, r.raw)
		}
		if r := all.want(200, "GET", "/courses?q=新媒体专栏", nil); !strings.Contains(r.raw, `"owned":true`) {
			t.Error(r.raw)
		}

		// The facts of a refund are the members', and it takes only what the bundle gave.
		facts := m.boss.want(200, "GET", "/orders/"+no+"/refund-facts", nil)
		if facts.json["lessons"] != 4.0 || facts.json["finished"] != 1.0 || facts.json["watched_seconds"] != 600.0 || facts.json["total_seconds"] != 1200.0 {
			t.Error(facts.raw)
		}
		if r := m.boss.want(200, "GET", "/orders/"+kept+"/refund-facts", nil); r.json["lessons"] != 2.0 {
			t.Error(r.raw)
		}
		m.refunds(a, no, 29900)
		m.refunds(some, kept, 29900)
		if lessons(a) != "000" || lessons(some) != "100" || lessons(slow) != "111" {
			t.Errorf("after the refunds: %s, %s, %s", lessons(a), lessons(some), lessons(slow))
		}
		if r := m.boss.want(200, "GET", fmt.Sprintf("/learners/%d/courses/%d/access", id, second), nil); !strings.Contains(r.text("why"), "不能学：已收回（通过专栏") {
			t.Error(r.raw)
		}
		if r := m.boss.want(200, "GET", "/money-inbox", nil); r.json["paid_without_grant"] != 0.0 || r.json["grant_without_reason"] != 0.0 {
			t.Error(r.raw)
		}
		// Money stands on the bundle, none on its members.
		figures := func(course int64) string {
			return m.boss.want(200, "GET", fmt.Sprintf("/courses/%d/kpi?from=%s&to=%s", course, m.today(), m.today()), nil).raw
		}
		m.until("the figures", func() bool { return strings.Contains(figures(bundle), `"net":{"value":59800`) })
		if r := figures(second); !strings.Contains(r, `"gross":{"value":0`) {
			t.Error(r)
		}
		if r := figures(bundle); !strings.Contains(r, "学习的指标看里面的课程") {
			t.Error(r)
		}
		for _, want := range []string{"bundle.attach", "bundle.detach", "bundle.order"} {
			if r := m.boss.want(200, "GET", "/audit?page_size=100", nil); !strings.Contains(r.raw, want) {
				t.Errorf("the trail lacks %s", want)
			}
		}
		if r := m.boss.do("GET", fmt.Sprintf("/courses/%d/holders", foreign), nil); r.status != http.StatusNotFound {
			t.Errorf("%d", r.status)
		}
	})
}

func (m *market) rows(query string, args ...any) (n int64) {
	m.t.Helper()
	if err := m.houses[0].db.Raw(query, args...).Scan(&n).Error; err != nil {
		m.t.Fatal(err)
	}
	return n
}

func (m *market) today() string {
	return m.houses[0].clock.now().In(time.FixedZone("", 8*3600)).Format("2006-01-02")
}
