package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/wechat/wechattest"
)

func (d *desk) mass(body string) string {
	d.t.Helper()
	return fmt.Sprintf("/broadcasts/%v", d.call("POST", "/broadcasts", body, 201)["id"])
}

func (d *desk) massState(path string) string {
	d.t.Helper()
	return fmt.Sprint(d.call("GET", path, "", 200)["state"])
}

// status posts and gives the status alone; it may be called from many goroutines.
func (d *desk) status(url, path string) int {
	req, err := http.NewRequest("POST", url+"/console/v1"+path, strings.NewReader("{}"))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-CSRF-Token", d.csrf)
	res, err := d.http.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

const toAll = `{"to_all":true,"kind":"text","content":"周六晚上八点开课"}`

// A mass send needs a preview and another person's yes to exactly what it says; then it goes once.
func TestBroadcastNeedsTwo(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		eve := d.as("eve", "editor")
		fan, _ := d.fake.Person(d.fake.Follow("oFanAlpha", "").OpenID)
		d.call("POST", "/broadcasts", `{"to_all":false,"kind":"text","content":""}`, 400)
		b := d.mass(`{"to_all":true,"kind":"text","content":"错的字"}`)
		refused := func(who *desk, path, word string) {
			t.Helper()
			if r := fmt.Sprint(who.call("POST", b+path, `{}`, 409)); !strings.Contains(r, word) {
				t.Errorf("%s: %s, want %s", path, r, word)
			}
		}
		refused(d, "/send", "预览")
		refused(d, "/submit", "预览")
		d.call("POST", b+"/preview", `{"account":"nobody-here"}`, 400)
		d.call("POST", b+"/preview", fmt.Sprintf(`{"account":%q}`, fan.ID), 200)
		if chat := d.fake.ChatOf("oFanAlpha", 0); len(chat) == 0 || !chat[len(chat)-1].Preview || chat[len(chat)-1].Text != "错的字" {
			t.Errorf("on the colleague's phone: %+v", chat)
		}
		refused(d, "/send", "另一位同事")
		d.call("POST", b+"/submit", `{}`, 200)
		refused(d, "/confirm", "之外的另一位")
		eve.call("POST", b+"/confirm", `{}`, 200)
		d.call("PUT", b, toAll, 200) // what was said yes to is gone
		refused(d, "/send", "预览")
		d.call("POST", b+"/preview", fmt.Sprintf(`{"account":%q}`, fan.ID), 200)
		d.call("POST", b+"/submit", `{}`, 200)
		refused(d, "/send", "另一位同事")
		eve.call("POST", b+"/return", `{"comment":"少了地点"}`, 200)
		d.call("POST", b+"/submit", `{}`, 200)
		eve.call("POST", b+"/confirm", `{}`, 200)
		if n := d.fake.Count("/cgi-bin/message/mass/sendall"); n != 0 {
			t.Errorf("%d calls before the yes", n)
		}
		d.call("POST", b+"/send", `{}`, 200)
		d.until("done", func() bool { return d.massState(b) == "done" })
		v := d.call("GET", b, "", 200)["send"].(map[string]any)
		if v["total"] != 1.0 || v["sent"] != 1.0 || v["errors"] != 0.0 {
			t.Errorf("result: %v", v)
		}
		if chat := d.fake.ChatOf("oFanAlpha", 0); !chat[len(chat)-1].Mass || chat[len(chat)-1].Text != "周六晚上八点开课" {
			t.Errorf("on the phone: %+v", chat)
		}
		d.call("POST", b+"/again", `{}`, 409)
		d.call("POST", b+"/send", `{}`, 409)
		d.call("DELETE", b, "", 409)
		q := d.call("GET", "/broadcasts/quota", "", 200)
		if q["day_limit"] != 100.0 || q["all_today"] != 1.0 || q["month"] != 1.0 {
			t.Errorf("quota: %v", q)
		}
	})
}

// Pressed many times on two instances, the answer to the call lost: one send.
func TestBroadcastOnce(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		n := 2
		if strings.HasPrefix(dsn, "sqlite") {
			n = 1 // one process owns the file
		}
		d := openDesk(t, dsn, n)
		d.call("PUT", "/settings", `{"two_person":false}`, 200)
		d.fake.Follow("oFanAlpha", "")
		clear := d.fake.Fail("/cgi-bin/message/mass/sendall", wechattest.Fault{Times: 1, Drop: true, After: true})
		defer clear()
		b := d.mass(toAll)
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := map[int]int{}
		for i := range 8 {
			wg.Go(func() {
				s := d.status(d.urls[i%n], b+"/send")
				mu.Lock()
				got[s]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if got[200] != 1 || got[409] != 7 {
			t.Errorf("answers: %v", got)
		}
		d.until("done", func() bool { return d.massState(b) == "done" })
		if sends := d.fake.MassSends(); len(sends) != 1 {
			t.Errorf("WeChat sent %d times: %v", len(sends), sends)
		}
		if c := d.fake.Count("/cgi-bin/message/mass/sendall"); c != 2 {
			t.Errorf("%d calls, want the lost one and the repeat", c)
		}
		d.wants("messages", 1, "SELECT COUNT(*) FROM broadcast_sends WHERE state = 'done' AND calls = 2 AND sent = 1")

		// A planned one, due on both at once.
		d.fake.SetJobs(wechattest.Jobs{Silent: true})
		d.call("PUT", "/settings", `{"two_person":false}`, 200)
		p := d.mass(`{"to_all":false,"tag_id":2,"tag_name":"星标组","kind":"text","content":"定时"}`)
		at := d.houses[0].clock.now().Add(time.Hour)
		d.call("POST", p+"/send", fmt.Sprintf(`{"at":%q}`, at.Format(time.RFC3339)), 200)
		d.call("PUT", p, toAll, 409)
		if c := fmt.Sprint(d.call("GET", "/broadcasts/calendar?month="+at.In(model.Shanghai).Format("2006-01"), "", 200)); !strings.Contains(c, "定时") || !strings.Contains(c, "周六") {
			t.Errorf("calendar: %s", c)
		}
		d.houses[0].db.Exec("UPDATE broadcasts SET planned_at = ? WHERE state = 'scheduled'", model.Milli(d.houses[0].clock.now().Add(-time.Second)))
		for _, h := range d.houses {
			wg.Go(func() {
				if err := h.broadcasts.Due(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		d.until("sent", func() bool { return d.massState(p) == "sent" })
		d.fake.Wait()
		if sends := d.fake.MassSends(); len(sends) != 2 {
			t.Errorf("WeChat sent %d times", len(sends))
		}
		// No event came: the result is asked for, and has no numbers.
		d.call("POST", p+"/ask", "", 200)
		if s := d.call("GET", p, "", 200); s["state"] != "done" || s["send"].(map[string]any)["sent"] != nil {
			t.Errorf("asked: %v", s)
		}
	})
}

// What failed may go again under another number; what nobody knows of is never sent again by itself.
func TestBroadcastFails(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.call("PUT", "/settings", `{"two_person":false}`, 200)
		d.fake.Follow("oFanAlpha", "")
		x := d.push(d.article("群发的文章"))
		d.fake.SetJobs(wechattest.Jobs{Mass: "err(20001)"})
		b := d.mass(fmt.Sprintf(`{"to_all":false,"tag_id":2,"kind":"mpnews","draft_id":%d}`, x))
		d.call("POST", b+"/send", `{}`, 200)
		d.until("failed", func() bool { return d.massState(b) == "failed" })
		if v := d.call("GET", b, "", 200); v["error"] != "涉嫌政治" {
			t.Errorf("why: %v", v["error"])
		}
		if s := d.draftState(x); s != "in_box" {
			t.Errorf("the draft: %s", s)
		}
		d.fake.SetJobs(wechattest.Jobs{})
		d.call("POST", b+"/again", `{}`, 200)
		d.until("done", func() bool { return d.massState(b) == "done" })
		if s := d.draftState(x); s != "sent" {
			t.Errorf("the draft: %s", s)
		}
		if sends := d.fake.MassSends(); len(sends) != 2 || sends[0].ClientID == sends[1].ClientID || sends[1].Type != "mpnews" {
			t.Errorf("sends: %v", sends)
		}
		var a struct{ State, URL string }
		d.houses[0].db.Raw("SELECT state, url FROM articles WHERE title = '群发的文章'").Scan(&a)
		if a.State != "published" || !strings.HasPrefix(a.URL, "https://mp.weixin.qq.com/s?") {
			t.Errorf("the article: %+v", a)
		}
		d.call("POST", b+"/again", `{}`, 409)

		// Refused at once: no quota.
		clear := d.fake.Fail("/cgi-bin/message/mass/sendall", wechattest.ErrCode(45028))
		q := d.mass(toAll)
		d.call("POST", q+"/send", `{}`, 200)
		d.until("refused", func() bool { return d.massState(q) == "failed" })
		clear()

		// Silence for a day: never again by itself.
		clear = d.fake.Fail("/cgi-bin/message/mass/sendall", wechattest.Fault{Drop: true})
		u := d.mass(toAll)
		d.call("POST", u+"/send", `{}`, 200)
		d.until("called", func() bool {
			return d.count("SELECT COUNT(*) FROM broadcast_sends WHERE state = 'sending' AND first_call_at IS NOT NULL") == 1
		})
		d.houses[0].db.Exec("UPDATE broadcast_sends SET first_call_at = ? WHERE state = 'sending'", model.Milli(time.Now().Add(-25*time.Hour)))
		d.until("unknown", func() bool { return d.massState(u) == "unknown" })
		clear()
		d.call("POST", u+"/again", `{}`, 409)
		d.call("POST", u+"/send", `{}`, 409)

		// Sent from WeChat's own console: in the calendar, and counted.
		d.fake.PushEvent("oSystem", wechattest.Fields{{Name: "Event", Value: "MASSSENDJOBFINISH"}, {Name: "MsgID", Value: 99001}, {Name: "Status", Value: "send success"}, {Name: "TotalCount", Value: 7}, {Name: "FilterCount", Value: 7}, {Name: "SentCount", Value: 6}, {Name: "ErrorCount", Value: 1}})
		if r := d.call("GET", "/broadcasts/quota", "", 200); r["foreign"] != 1.0 {
			t.Errorf("quota: %v", r)
		}
		if c := fmt.Sprint(d.call("GET", "/broadcasts/calendar?month="+d.houses[0].clock.now().In(model.Shanghai).Format("2006-01"), "", 200)); !strings.Contains(c, "99001") {
			t.Errorf("calendar: %s", c)
		}
	})
}
