package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// One buys a course for a friend by either road; 64 tries of 8 people over two instances open it once; and the
// console, the file and the first page tell it.
func TestGiftOverTwoInstances(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		lesson := fmt.Sprintf("/lessons/%d", m.paid)
		for n, via := range []string{"jsapi", "xpay"} {
			giver := m.learner(fmt.Sprintf("oGiver%d", n), "android", 0)
			if page := giver.want(200, "GET", fmt.Sprintf("/courses/%d", m.course), nil); !strings.Contains(page.raw, `"gift"`) {
				t.Errorf("the page offers no gift: %s", page.raw)
			}
			o := giver.want(201, "POST", "/orders", map[string]any{"course_id": m.course, "via": via, "gift": true, "price": 1}, "Idempotency-Key", "g")
			no := o.text("out_trade_no")
			if o.text("kind") != "gift" || o.json["amount"] != 19900.0 {
				t.Fatal(o.raw)
			}
			giver.want(404, "GET", "/orders/"+no+"/gift", nil)
			if via == "jsapi" {
				m.sheet(o)
			} else {
				m.virtually(giver.person, o)
			}
			m.until("the gift is paid", func() bool { return giver.want(200, "GET", "/orders/"+no, nil).text("gift") == "waiting" })
			giver.want(403, "GET", lesson, nil) // not for the buyer
			g := giver.want(200, "GET", "/orders/"+no+"/gift", nil)
			code := g.text("code")
			if len(code) != 16 || g.text("path") != "pages/gift/index?gift="+code {
				t.Fatal(g.raw)
			}

			people := make([]caller, 8)
			for i := range people {
				people[i] = m.learner(fmt.Sprintf("oF%d-%d", n, i), "android", i%2)
				people[i].want(404, "GET", "/orders/"+no+"/gift", nil)
				if r := people[i].want(200, "POST", "/gifts/look", map[string]any{"code": code}); r.text("title") != "写作课" || !strings.Contains(r.raw, `"open"`) || strings.Contains(r.raw, no) {
					t.Error(r.raw)
				}
			}
			var wg sync.WaitGroup
			for i := range 64 {
				wg.Go(func() {
					c := people[i%8]
					c.base = m.urls[i/8%2] + "/mini/v1"
					if r := c.do("POST", "/gifts/open", map[string]any{"code": strings.ToLower(code)}); r.status != 200 && r.status != 409 && r.status != 503 {
						t.Errorf("try %d: %d %s", i, r.status, r.raw)
					}
				})
			}
			wg.Wait()
			owners := 0
			for _, c := range people {
				if c.do("GET", lesson, nil).status == 200 {
					owners++
				}
			}
			if owners != 1 {
				t.Fatalf("%s: %d people have the course of one gift", via, owners)
			}
			if r := giver.want(200, "GET", "/orders/"+no+"/gift", nil); r.text("status") != "opened" || r.json["code"] != nil || r.json["mine"] != false {
				t.Error(r.raw)
			}
			proof := m.boss.want(200, "GET", "/orders/"+no, nil)
			for _, want := range []string{`"kind":"gift"`, `"status":"opened"`, `"thing":"gift"`, `"why":"朋友送的`} {
				if !strings.Contains(proof.raw, want) {
					t.Errorf("the proof lacks %s: %s", want, proof.raw)
				}
			}
			if strings.Contains(proof.raw, code) {
				t.Error("the code stands on the console's page")
			}
		}
		if csv := m.boss.want(200, "GET", "/orders.csv?kind=gift", nil); strings.Count(csv.raw, ",朋友,") != 2 {
			t.Error(csv.raw)
		}
		stranger := m.learner("oStranger", "android", 0)
		never, odd := stranger.want(404, "POST", "/gifts/open", map[string]any{"code": "ABCDEFGHJKMNPQRS"}), stranger.want(404, "POST", "/gifts/look", map[string]any{"code": "'; DROP TABLE gifts"})
		if never.raw != odd.raw {
			t.Errorf("%s and %s", never.raw, odd.raw)
		}
		if inbox := m.boss.want(200, "GET", "/money-inbox", nil); inbox.json["paid_without_grant"] != 0.0 || inbox.json["grant_without_reason"] != 0.0 {
			t.Error(inbox.raw)
		}
	})
}
