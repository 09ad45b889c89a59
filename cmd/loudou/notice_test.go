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

const (
	templatePath  = "/cgi-bin/message/template/send"
	subscribePath = "/cgi-bin/message/subscribe/bizsend"
)

// fanCrowd makes n fans whom the filter q=oFanOfNotice finds, and one it does not.
func (d *desk) fanCrowd(n int) {
	d.t.Helper()
	for i := range n {
		d.fake.AddPerson(wechattest.Person{OpenID: fmt.Sprintf("oFanOfNotice%03d", i), Follows: true})
	}
	d.fake.AddPerson(wechattest.Person{OpenID: "oFanOfNobody", Follows: true})
	d.call("POST", "/followers/sync", "", 200)
	d.until("all are known", func() bool {
		return d.count("SELECT COUNT(*) FROM followers WHERE subscribed = 1") == int64(n+1) && d.call("GET", "/followers/sync", "", 200)["state"] == "done"
	})
}

// noticeTemplate gives our number of a template of the fake's.
func (d *desk) noticeTemplate(title string) int64 {
	d.t.Helper()
	for _, x := range d.call("POST", "/notices/templates/refresh", "", 200)["items"].([]any) {
		if t := x.(map[string]any); t["title"] == title {
			return int64(t["id"].(float64))
		}
	}
	d.t.Fatalf("no template %s", title)
	return 0
}

const filterOfAll = `"filter":{"q":"oFanOfNotice"}`

// startNotice writes 开课提醒 and gives its path.
func (d *desk) startNotice() string {
	d.t.Helper()
	n := d.call("POST", "/notices", fmt.Sprintf(`{"template":%d,"values":{"thing1":"给{备注}的课","time2":"2026年12月1日 15:01","thing3":"小程序"},"nameless":"同学","url":"https://example.com/c",%s}`, d.noticeTemplate("开课提醒"), filterOfAll), 201)
	return fmt.Sprintf("/notices/%v", n["id"])
}

func (d *desk) noticeSums(path string) (state string, sums map[string]any) {
	v := d.call("GET", path, "", 200)
	return fmt.Sprint(v["state"]), v["sums"].(map[string]any)
}

// gotNotices counts what WeChat took, by openid.
func (d *desk) gotNotices() map[string]int {
	out := map[string]int{}
	for _, n := range d.fake.NoticesSent() {
		out[n.To]++
	}
	return out
}

// onceEach wants that each of n fans was sent the notice once, and nobody else.
func (d *desk) onceEach(n int) {
	d.t.Helper()
	got := d.gotNotices()
	for openid, times := range got {
		if times != 1 {
			d.t.Errorf("%s got it %d times", openid, times)
		}
	}
	if len(got) != n {
		d.t.Errorf("%d fans got it, want %d", len(got), n)
	}
}

// A template message to all a filter meets: shown to one, counted, confirmed by another, once for each though two
// instances are at it, and each one's end is told.
func TestNoticeToAFilter(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		d.call("PUT", "/settings", `{"two_person":false}`, 200)
		d.fanCrowd(40)
		first, blocked := d.follower("oFanOfNotice000"), d.follower("oFanOfNotice039")
		d.call("PUT", fmt.Sprintf("/followers/%d/remark", d.follower("oFanOfNotice001")), `{"remark":"oFanOfNotice001"}`, 200)
		d.call("POST", "/followers/blocking", fmt.Sprintf(`{"ids":[%d],"on":true}`, blocked), 200)
		d.fake.BlockNotices("oFanOfNotice002", true)
		afterASecond(func() wechattest.Delivery { return d.fake.Unfollow("oFanOfNotice038") }) // while it is confirmed they are not there any more
		d.until("left", func() bool { return d.count("SELECT COUNT(*) FROM followers WHERE subscribed = 0") == 1 })

		// What WeChat would refuse is said before.
		tpl := d.noticeTemplate("开课提醒")
		d.call("POST", "/notices", fmt.Sprintf(`{"template":%d,"values":{"thing1":"课"},%s}`, tpl, filterOfAll), 400)
		d.call("POST", "/notices", fmt.Sprintf(`{"template":%d,"values":{"thing1":"课","time2":"明天","thing3":"家里"},%s}`, tpl, filterOfAll), 400)
		d.call("POST", "/notices", `{"template":99999,"values":{},"filter":{}}`, 400)
		n := d.startNotice()
		if p := d.call("GET", n+"/people", "", 200)["people"]; p != 38.0 {
			t.Errorf("people: %v", p)
		}
		if p := d.call("GET", "/notices/reach?q=oFanOfNotice", "", 200)["people"]; p != 38.0 {
			t.Errorf("reach: %v", p)
		}
		d.call("POST", n+"/preview", fmt.Sprintf(`{"follower_id":%d}`, first), 200)
		if got := d.fake.NoticesSent(); len(got) != 1 || got[0].Data["thing1"] != "给同学的课" {
			t.Fatalf("preview: %+v", got)
		}
		d.fake.Wait()
		before := d.gotNotices()
		d.call("POST", n+"/send", `{"people":37}`, 409) // more than were confirmed
		d.call("POST", n+"/send", `{}`, 400)

		var wg sync.WaitGroup
		var mu sync.Mutex
		said := map[int]int{}
		for i := range 6 {
			wg.Go(func() {
				req, _ := http.NewRequest("POST", d.urls[i%2]+"/console/v1"+n+"/send", strings.NewReader(`{"people":38}`))
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("X-CSRF-Token", d.csrf)
				res, err := d.http.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_ = res.Body.Close()
				mu.Lock()
				said[res.StatusCode]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if said[200] != 1 || said[409] != 5 {
			t.Errorf("six presses: %v", said)
		}
		id := strings.TrimPrefix(n, "/notices/")
		for _, h := range d.houses { // beside the job itself
			wg.Go(func() {
				if err := h.notices.Run(context.Background(), []byte(`{"id":`+id+`}`)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		d.until("all told", func() bool {
			state, s := d.noticeSums(n)
			return state == "done" && s["delivered"] == 37.0 && s["refused"] == 1.0
		})
		if t.Failed() {
			t.Fatalf("not told: %v", d.call("GET", n, "", 200))
		}
		got := d.gotNotices()
		got["oFanOfNotice000"] -= before["oFanOfNotice000"]
		for i := range 38 {
			if c := got[fmt.Sprintf("oFanOfNotice%03d", i)]; c != 1 {
				t.Errorf("fan %d got it %d times", i, c)
			}
		}
		if got["oFanOfNotice038"]+got["oFanOfNotice039"]+got["oFanOfNobody"] != 0 {
			t.Errorf("somebody got it who was not meant: %v", got)
		}
		for _, s := range d.fake.NoticesSent() {
			if s.To == "oFanOfNotice001" && s.Data["thing1"] != "给oFanOfNotice001的课" {
				t.Errorf("with the remark: %v", s.Data)
			}
		}
		if l := d.fake.ChatOf("oFanOfNotice005", 0); len(l) != 1 || l[0].Type != "notice" || l[0].Title != "开课提醒" || l[0].URL != "https://example.com/c" {
			t.Errorf("what the fan sees: %+v", l)
		}
		// The log, and its file.
		log := d.call("GET", n+"/log?state=refused", "", 200)["items"].([]any)
		if len(log) != 1 || log[0].(map[string]any)["reason"] != "粉丝关掉了这个公众号的通知" {
			t.Errorf("log: %v", log)
		}
		if page := d.call("GET", n+"/log?page_size=30", "", 200); len(page["items"].([]any)) != 30 || len(d.call("GET", n+"/log?page_size=30&page_token="+page["next_page_token"].(string), "", 200)["items"].([]any)) != 8 {
			t.Error("pages of the log")
		}
		d.call("POST", n+"/again", "", 409) // nobody failed
		d.call("DELETE", n, "", 409)
		d.wants("trail", 1, "SELECT COUNT(*) FROM audit_entries WHERE action = 'notice.send' AND object_id = ?", id)

		// The end told twice changes nothing.
		sent := d.fake.NoticesSent()
		last := sent[len(sent)-1]
		d.fake.PushEvent(last.To, wechattest.Fields{{Name: "Event", Value: "TEMPLATESENDJOBFINISH"}, {Name: "MsgID", Value: last.MsgID}, {Name: "Status", Value: "failed: system failed"}})
		if _, s := d.noticeSums(n); s["failed"] != 0.0 {
			t.Errorf("told twice: %v", s)
		}

		// Two people: it wants a preview of this content and the yes of another one.
		d.call("PUT", "/settings", `{"two_person":true}`, 200)
		eve := d.as("eve", "editor")
		m := d.startNotice()
		eve.call("POST", m+"/send", `{"people":38}`, 409)
		eve.call("POST", m+"/submit", `{}`, 409) // not previewed
		eve.call("POST", m+"/preview", fmt.Sprintf(`{"follower_id":%d}`, first), 200)
		d.call("POST", m+"/confirm", `{"people":38}`, 409) // not submitted
		eve.call("POST", m+"/submit", `{}`, 200)
		eve.call("POST", m+"/confirm", `{"people":38}`, 409) // own
		if w := fmt.Sprint(d.call("GET", "/home", "", 200)); !strings.Contains(w, "notices_waiting") {
			t.Errorf("the first page does not say it waits: %.300s", w)
		}
		d.call("POST", m+"/return", `{"comment":"时间不对"}`, 200)
		d.call("POST", m+"/submit", `{}`, 200)
		d.call("POST", m+"/confirm", `{"people":38}`, 409) // own
		d.call("POST", m+"/return", `{}`, 200)
		eve.call("POST", m+"/submit", `{}`, 200)
		d.call("POST", m+"/confirm", `{"people":38}`, 200)
		d.until("the second", func() bool { state, _ := d.noticeSums(m); return state == "done" })
		if list := d.call("GET", "/notices?state=done", "", 200)["items"].([]any); len(list) != 2 {
			t.Errorf("list: %v", list)
		}
		d.fake.Wait()
	})
}

// What goes wrong at WeChat: it waits and goes on by itself, one fan is not the others' fault, what failed may go once
// more to those alone.
func TestNoticeWaits(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.call("PUT", "/settings", `{"two_person":false}`, 200)
		d.fanCrowd(12)
		n := d.startNotice()
		waits := func(path, word string) {
			t.Helper()
			d.until("it waits: "+word, func() bool {
				v := d.call("GET", path, "", 200)
				return v["resume_at"] != nil && strings.Contains(fmt.Sprint(v["error"]), word)
			})
		}
		// The address is not on the list, then the system is busy, then it is too often.
		clear := d.fake.Fail(templatePath, wechattest.ErrCode(40164))
		d.call("POST", n+"/send", `{"people":12}`, 200)
		waits(n, "白名单")
		clear()
		clear = d.fake.Fail(templatePath, wechattest.ErrCode(-1))
		d.call("POST", n+"/resume", "", 200)
		waits(n, "繁忙")
		clear()
		clear = d.fake.Fail(templatePath, wechattest.ErrCode(45011))
		d.call("POST", n+"/resume", "", 200)
		waits(n, "频繁")
		clear()
		d.call("POST", n+"/stop", "", 200)
		d.call("POST", n+"/stop", "", 409)
		if got := d.gotNotices(); len(got) != 0 {
			t.Errorf("WeChat took %v", got)
		}

		// Gone on with: one left meanwhile, and WeChat fails the others.
		d.fake.SetNotices(wechattest.Notices{System: true})
		afterASecond(func() wechattest.Delivery { return d.fake.Unfollow("oFanOfNotice011") })
		d.until("left", func() bool { return d.count("SELECT COUNT(*) FROM followers WHERE subscribed = 0") == 1 })
		d.call("POST", n+"/resume", "", 200)
		d.until("all failed", func() bool { state, s := d.noticeSums(n); return state == "done" && s["failed"] == 12.0 })
		d.onceEach(11)

		// Once more to those alone who failed and still follow.
		d.fake.SetNotices(wechattest.Notices{})
		x := d.call("POST", n+"/again", "", 201)
		d.call("POST", n+"/again", "", 409)
		again := fmt.Sprintf("/notices/%v", x["id"])
		if p := d.call("GET", again+"/people", "", 200)["people"]; p != 11.0 {
			t.Errorf("people of the second: %v", p)
		}
		d.call("POST", again+"/send", `{"people":11}`, 200)
		d.until("the second is done", func() bool { state, s := d.noticeSums(again); return state == "done" && s["delivered"] == 11.0 })
		for openid, times := range d.gotNotices() {
			if times != 2 {
				t.Errorf("%s: %d times, the failed one and the second", openid, times)
			}
		}

		// A template that is gone at WeChat ends it, and says so; nobody is written off for it.
		written := d.call("POST", "/notices", fmt.Sprintf(`{"template":%d,"values":{"thing1":"课","thing4":"改期"},%s}`, d.noticeTemplate("课程变更通知"), filterOfAll), 201)
		kept := d.fake.Templates()
		d.fake.SetTemplates([]wechattest.NoticeTemplate{})
		gone := fmt.Sprintf("/notices/%v", written["id"])
		d.call("POST", gone+"/send", `{"people":11}`, 200)
		d.until("it fails", func() bool { state, s := d.noticeSums(gone); return state == "failed" && s["waiting"] == 11.0 })
		if v := d.call("GET", gone, "", 200); !strings.Contains(fmt.Sprint(v["error"]), "模板") {
			t.Errorf("why: %v", v["error"])
		}
		d.call("POST", "/notices/templates/refresh", "", 200)
		late := d.call("POST", "/notices", `{"template":1,"values":{},"filter":{}}`, 400)
		if len(late["error"].(map[string]any)["fields"].([]any)) == 0 {
			t.Errorf("no field named: %v", late)
		}

		// The day's calls are used up: it waits until WeChat's day begins anew, and says who has it.
		d.fake.SetTemplates(kept)
		d.fake.SetNotices(wechattest.Notices{Quota: 22 + 5})
		q := d.startNotice()
		d.call("POST", q+"/send", `{"people":11}`, 200)
		waits(q, "次数")
		at, err := time.Parse(time.RFC3339, d.call("GET", q, "", 200)["resume_at"].(string))
		if err != nil || !at.After(time.Now()) || at.Add(time.Second).In(model.Shanghai).Format("15:04") != "00:05" {
			t.Errorf("waits until %v (%v)", at, err)
		}
		d.until("five have it", func() bool {
			state, s := d.noticeSums(q)
			return state == "sending" && s["waiting"] == 6.0 && s["delivered"] == 5.0
		})
		d.fake.Wait()
	})
}

// A call whose answer is lost, and a kill between call and note: nobody gets a template message twice, and of a
// subscription notice it is said that nobody knows, until WeChat tells.
func TestNoticeCrash(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.call("PUT", "/settings", `{"two_person":false}`, 200)
		d.fanCrowd(6)
		db := d.houses[0].db
		long := func(ago time.Duration) time.Time { return model.Milli(time.Now().Add(-ago)) }
		goOn := func(path string) {
			t.Helper()
			d.until("it waits or is over", func() bool {
				v := d.call("GET", path, "", 200)
				return v["state"] != "sending" || v["resume_at"] != nil
			})
		}

		// The answer is lost: the same number again, and WeChat sends no second one.
		clear := d.fake.Fail(templatePath, wechattest.Fault{Times: 3, Drop: true, After: true})
		defer clear()
		n := d.startNotice()
		d.call("POST", n+"/send", `{"people":6}`, 200)
		for range 6 {
			goOn(n)
			if state, _ := d.noticeSums(n); state != "sending" {
				break
			}
			d.call("POST", n+"/resume", "", 200)
		}
		d.until("all have it", func() bool { state, s := d.noticeSums(n); return state == "done" && s["delivered"] == 6.0 })
		d.onceEach(6)
		if c := d.fake.Count(templatePath); c < 7 {
			t.Errorf("%d calls", c)
		}

		// Killed behind the call, before the note: as the database stands then. Within ten minutes the same is called again.
		killed := func(path string, called time.Duration) {
			t.Helper()
			id := strings.TrimPrefix(path, "/notices/")
			db.Exec("UPDATE notice_sends SET state = 'sending', msg_id = NULL, early_msg_id = '', calls = 1, called_at = ?, uncertain_at = ? WHERE notice_id = ? AND openid = 'oFanOfNotice003'", long(called), long(called), id)
			db.Exec("UPDATE notices SET state = 'stopped' WHERE id = ?", id)
			d.call("POST", path+"/resume", "", 200)
		}
		killed(n, 5*time.Minute)
		d.until("called again", func() bool {
			state, s := d.noticeSums(n)
			return state == "done" && s["sending"] == 0.0 && s["waiting"] == 0.0
		})
		d.onceEach(6)
		// Longer ago WeChat no longer guards: nobody knows, and nobody tries.
		calls := d.fake.Count(templatePath)
		killed(n, 11*time.Minute)
		d.until("unknown", func() bool { state, s := d.noticeSums(n); return state == "done" && s["unknown"] == 1.0 })
		if c := d.fake.Count(templatePath); c != calls {
			t.Errorf("%d calls, %d before", c, calls)
		}
		d.onceEach(6)
		if l := fmt.Sprint(d.call("GET", n+"/log?state=unknown", "", 200)["items"]); !strings.Contains(l, "不知道发没发出") {
			t.Errorf("log: %s", l)
		}
		d.call("POST", n+"/again", "", 409) // unknown is not failed

		// A subscription notice, asked for once by each: one answer is lost.
		tpl := d.noticeTemplate("新课上线通知")
		const subID = "tPlSubCourseNew00000000000000000000000000c"
		for i := range 6 {
			d.fake.AskNotice(fmt.Sprintf("oFanOfNotice%03d", i), subID, 1)
		}
		d.fake.SetNotices(wechattest.Notices{NoID: true, Silent: true})
		lost := d.fake.Fail(subscribePath, wechattest.Fault{Times: 1, Drop: true, After: true})
		defer lost()
		sent := len(d.fake.NoticesSent())
		sub := d.call("POST", "/notices", fmt.Sprintf(`{"template":%d,"values":{"thing1":"新课","date2":"2026年12月1日","amount3":"¥99.00"},%s}`, tpl, filterOfAll), 201)
		s := fmt.Sprintf("/notices/%v", sub["id"])
		d.call("POST", s+"/send", `{"people":6}`, 200)
		goOn(s)
		d.call("POST", s+"/resume", "", 200)
		d.until("all were called", func() bool {
			state, sums := d.noticeSums(s)
			return state == "done" && sums["unknown"] == 1.0 && sums["sent"] == 5.0
		})
		got := map[string]int{}
		for _, x := range d.fake.NoticesSent()[sent:] {
			got[x.To]++
			d.fake.PushEvent(x.To, wechattest.Fields{{Name: "Event", Value: "subscribe_msg_sent_event"}, {Name: "SubscribeMsgSentEvent", Value: wechattest.Fields{{Name: "List", Value: wechattest.Fields{{Name: "TemplateId", Value: x.Template}, {Name: "MsgID", Value: x.MsgID}, {Name: "ErrorCode", Value: 0}, {Name: "ErrorStatus", Value: "success"}}}}}})
		}
		if len(got) != 6 {
			t.Errorf("who got it: %v", got)
		}
		for openid, c := range got {
			if c != 1 {
				t.Errorf("%s got it %d times", openid, c)
			}
		}
		d.until("told", func() bool { _, sums := d.noticeSums(s); return sums["delivered"] == 6.0 && sums["unknown"] == 0.0 })

		// A job that was lost is made again; the one it is for has no consent left.
		db.Exec("UPDATE notice_sends SET state = 'waiting', uncertain_at = NULL, msg_id = NULL WHERE openid = 'oFanOfNotice005' AND notice_id = ?", strings.TrimPrefix(s, "/notices/"))
		db.Exec("UPDATE notices SET state = 'sending' WHERE id = ?", strings.TrimPrefix(s, "/notices/"))
		if err := d.houses[0].notices.Watch(t.Context()); err != nil {
			t.Error(err)
		}
		d.until("over again", func() bool { state, sums := d.noticeSums(s); return state == "done" && sums["refused"] == 1.0 })

		// Forgotten: the sums stay, the person does not.
		if err := d.houses[0].notices.Erase(db, d.fake.Official().AppID, "oFanOfNotice003"); err != nil {
			t.Error(err)
		}
		d.wants("rows of the erased", 0, "SELECT COUNT(*) FROM notice_sends WHERE openid = 'oFanOfNotice003'")
		d.wants("rows", 6, "SELECT COUNT(*) FROM notice_sends WHERE notice_id = ?", strings.TrimPrefix(s, "/notices/"))
		d.fake.Wait()
	})
}
