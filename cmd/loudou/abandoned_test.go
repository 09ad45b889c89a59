package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"loudou/service/wechat/wechattest"
)

// Two begin to pay and do not. Who follows and wrote within 48 hours may be written to, from the list; the other may
// not, and the list says why. What was done is kept, done takes the order from the home page, and who buys after all
// leaves by themselves.
func TestAbandonedOrders(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		wechat := wechattest.New(wechattest.Options{Wait: 5 * time.Second, RetryEvery: 20 * time.Millisecond}).Start(t)
		oa := wechat.Official()
		m := openMarketOn(t, wechat, dsn, "LOUDOU_OFFICIAL_APPID", oa.AppID, "LOUDOU_OFFICIAL_SECRET", oa.Secret, "LOUDOU_OFFICIAL_TOKEN", oa.Token, "LOUDOU_OFFICIAL_AES_KEY", oa.AESKey)
		wechat.SetHooks(m.urls[0]+"/hook/official", "")
		// The Official Account knows her by another openid; only the unionid joins the two.
		ann := wechat.AddPerson(wechattest.Person{OpenID: "oFanAnnAnnAnn", MiniOpenID: "oMiniAnnAnnAnn", UnionID: "uAnnAnnAnn"})
		wechat.Follow(ann.OpenID, "")
		now := time.Now().UTC()
		db := m.houses[0].db
		m.until("WeChat was asked who she is", func() bool {
			var n int64
			db.Raw("SELECT COUNT(*) FROM followers WHERE unionid = 'uAnnAnnAnn'").Scan(&n)
			return n == 1
		})
		a, stranger := m.learner(ann.ID, "android", 0), m.learner("oStranger", "ios", 1)
		first := m.order(a, "jsapi", "k").text("out_trade_no")
		second := m.order(stranger, "xpay", "k").text("out_trade_no")
		list := func(q string) said { return m.boss.want(200, "GET", "/abandoned-orders"+q, nil) }
		home := func(n int) {
			t.Helper()
			if r := m.boss.want(200, "GET", "/home", nil); !strings.Contains(r.raw, fmt.Sprintf(`"key":"abandoned","title":"没付成的订单","count":%d`, n)) {
				t.Errorf("home, want %d: %s", n, r.raw)
			}
		}
		if r := list(""); r.json["count"] != 0.0 {
			t.Errorf("listed while they may pay: %s", r.raw)
		}
		for _, no := range []string{first, second} {
			if err := db.Exec("UPDATE orders SET created_at = ?, expires_at = ? WHERE out_trade_no = ?", now.Add(-time.Hour), now.Add(-30*time.Minute), no).Error; err != nil {
				t.Fatal(err)
			}
		}
		r := list("")
		if r.json["count"] != 2.0 || r.json["sum"] != 39800.0 || !strings.Contains(r.raw, `"why":"let_go"`) || !strings.Contains(r.raw, "认不出是哪位粉丝") || !strings.Contains(r.raw, `"left":3`) {
			t.Errorf("two: %s", r.raw)
		}
		home(2)
		if r := list("?platform=ios"); r.json["count"] != 1.0 || strings.Contains(r.raw, first) {
			t.Errorf("ios: %s", r.raw)
		}
		m.boss.want(400, "GET", "/abandoned-orders?why=nonsense", nil)

		// What she says opens a window of 48 hours; what was sent counts; the list and the desk say the same.
		wechat.Say(ann.OpenID, "太贵了")
		m.until("she may be written to", func() bool { return strings.Contains(list("").raw, `"left":8`) })
		var fan int64
		db.Raw("SELECT id FROM followers WHERE openid = 'oFanAnnAnnAnn'").Scan(&fan)
		desk := fmt.Sprintf("/followers/%d", fan)
		m.boss.want(200, "POST", desk+"/messages", map[string]any{"message": map[string]any{"type": "text", "content": "还有别的课"}}, "Idempotency-Key", "k1")
		if r, q := list(""), m.boss.want(200, "GET", desk+"/quota", nil); !strings.Contains(r.raw, `"left":7`) || q.json["left"] != 7.0 {
			t.Errorf("list %s, desk %s", r.raw, q.raw)
		}
		wechat.Unfollow(ann.OpenID)
		m.until("she left", func() bool { return strings.Contains(list("").raw, `"why":"已取关，微信不让发"`) })

		note := "/abandoned-orders/" + first + "/note"
		m.boss.want(400, "PUT", note, map[string]any{"note": "", "done": false})
		m.boss.want(400, "PUT", note, map[string]any{"note": strings.Repeat("长", 501), "done": false})
		m.boss.want(404, "PUT", "/abandoned-orders/NOBODY/note", map[string]any{"note": "x", "done": false})
		m.boss.want(204, "PUT", note, map[string]any{"note": "问过了，说下周买", "done": false})
		if r := list(""); !strings.Contains(r.raw, `"note":"问过了，说下周买","done":false,"by":"boss"`) {
			t.Errorf("noted: %s", r.raw)
		}
		home(2)
		m.boss.want(204, "PUT", note, map[string]any{"note": "问过了，说下周买", "done": true})
		home(1)
		if r := list("?state=done"); r.json["count"] != 1.0 || !strings.Contains(r.raw, first) {
			t.Errorf("done: %s", r.raw)
		}
		if r := m.boss.want(200, "GET", "/audit?object=order", nil); !strings.Contains(r.raw, "order.follow_up") || strings.Contains(r.raw, "下周") {
			t.Errorf("the trail: %s", r.raw)
		}
		file := m.boss.want(200, "GET", "/abandoned-orders.csv?state=all", nil).raw
		if !strings.Contains(file, first) || !strings.Contains(file, second) || !strings.Contains(file, "199.00") || strings.Contains(file, "oMiniAnnAnnAnn") {
			t.Errorf("file: %s", file)
		}

		// Who buys after all leaves the list, and nothing can be noted of it any more.
		m.sheet(m.order(a, "jsapi", "again"))
		m.until("paid", func() bool { return a.do("GET", fmt.Sprintf("/lessons/%d", m.paid), nil).status == 200 })
		if r := list("?state=all"); r.json["count"] != 1.0 || strings.Contains(r.raw, first) {
			t.Errorf("bought: %s", r.raw)
		}
		m.boss.want(409, "PUT", note, map[string]any{"note": "x", "done": false})

		// Given by hand is bought, too.
		id := m.boss.want(200, "GET", "/orders/"+second, nil).json["learner_id"]
		m.boss.want(201, "POST", fmt.Sprintf("/learners/%v/grants", id), map[string]any{"course_id": m.course, "days": 0, "why": "送"}, "Idempotency-Key", "g")
		if r := list("?state=all"); r.json["count"] != 0.0 {
			t.Errorf("given: %s", r.raw)
		}
	})
}
