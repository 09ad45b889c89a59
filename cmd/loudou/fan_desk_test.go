package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"loudou/service/wechat/wechattest"
)

// say posts a message to a fan under a key and gives status and body.
func (d *desk) say(id int64, key, text string) (int, string) {
	req, err := http.NewRequest("POST", fmt.Sprintf("%s/console/v1/followers/%d/messages", d.urls[0], id), strings.NewReader(`{"message":{"type":"text","content":"`+text+`"}}`))
	if err != nil {
		d.t.Error(err)
		return 0, ""
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-CSRF-Token", d.csrf)
	req.Header.Set("Idempotency-Key", key)
	res, err := d.http.Do(req)
	if err != nil {
		d.t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(raw)
}

func (d *desk) follower(openid string) int64 {
	d.t.Helper()
	id := d.count("SELECT id FROM followers WHERE openid = ?", openid)
	if id == 0 {
		d.t.Fatalf("%s is no follower", openid)
	}
	return id
}

// An operator answers a fan: the quota is seen before, one click or ten are one message, and what may not go out
// is said.
func TestAnswerAFan(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.fake.Say("oFanAnnAnnAnn", "在吗")
		d.fake.Follow("oFanAnnAnnAnn", "")
		id := d.follower("oFanAnnAnnAnn")
		left := func() any { return d.call("GET", fmt.Sprintf("/followers/%d/quota", id), "", 200)["left"] }
		if got := left(); got != float64(8) {
			t.Errorf("left %v, want 5 for the word and 3 for the follow", got)
		}
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if status, body := d.say(id, "click-1", "在的"); status != 200 {
					t.Errorf("%d %s", status, body)
				}
			})
		}
		wg.Wait()
		d.until("sent", func() bool { return d.count("SELECT COUNT(*) FROM reply_sends WHERE state = 'sent'") == 1 })
		d.wants("rows", 1, "SELECT COUNT(*) FROM reply_sends")
		if n := d.fake.Count("/cgi-bin/message/custom/send"); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
		if got := left(); got != float64(7) {
			t.Errorf("left %v, want 7", got)
		}
		if status, body := d.say(id, "click-1", "别的"); status != 409 || !strings.Contains(body, "key_reused") {
			t.Errorf("another text under the same key: %d %s", status, body)
		}
		if status, _ := d.say(id, "empty", ""); status != 400 {
			t.Errorf("empty: %d", status)
		}
		for i := range 7 {
			if status, body := d.say(id, fmt.Sprint("more-", i), "再一条"); status != 200 {
				t.Errorf("message %d: %d %s", i, status, body)
			}
		}
		for range 2 {
			if status, body := d.say(id, "over", "多一条"); status != 409 || !strings.Contains(body, "用完") {
				t.Errorf("over the quota: %d %s", status, body)
			}
		}
		d.wants("said in the log", 1, "SELECT COUNT(*) FROM reply_sends WHERE state = 'quota'")
		// The answer is lost after WeChat has done it: nobody knows, and it is not sent again.
		d.fake.Say("oFanBobBobBob", "你好")
		d.fake.Follow("oFanBobBobBob", "")
		bob := d.follower("oFanBobBobBob")
		d.fake.Fail("/cgi-bin/message/custom/send", wechattest.Fault{Times: 1, After: true, Drop: true})
		if status, body := d.say(bob, "lost", "丢了答复"); status != 200 || !strings.Contains(body, `"unknown"`) {
			t.Errorf("lost answer: %d %s", status, body)
		}
		calls := d.fake.Count("/cgi-bin/message/custom/send")
		if status, body := d.say(bob, "lost", "丢了答复"); status != 200 || !strings.Contains(body, `"unknown"`) || d.fake.Count("/cgi-bin/message/custom/send") != calls {
			t.Errorf("again: %d %s", status, body)
		}
		d.fake.Unfollow("oFanBobBobBob")
		if status, body := d.say(bob, "gone", "还在吗"); status != 409 || !strings.Contains(body, "取关") {
			t.Errorf("to one who left: %d %s", status, body)
		}
		d.wants("in the trail", 10, "SELECT COUNT(*) FROM audit_entries WHERE action = 'follower.say'")
		if got := strings.Join(d.story(id), " | "); strings.Count(got, "reply 在的") != 1 {
			t.Errorf("story: %s", got)
		}
	})
}

// Tags, remarks and the black list live at WeChat; ours are the same, and the trail has every change.
func TestTagsRemarksBlacklist(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		var ids []string
		for i := range 120 {
			id := fmt.Sprintf("oFanNumber%03d", i)
			d.fake.AddPerson(wechattest.Person{OpenID: id, Follows: true})
			d.tableRow("INSERT INTO followers (appid, openid, subscribed, changed_at, created_at, updated_at) VALUES ('" + d.fake.Official().AppID + "', '" + id + "', 1, ?, ?, ?)")
			ids = append(ids, fmt.Sprint(d.follower(id)))
		}
		all := "[" + strings.Join(ids, ",") + "]"
		tag := d.call("POST", "/tags", `{"name":"老学员"}`, 201)["id"]
		d.call("POST", "/tags", `{"name":"老学员"}`, 409)
		d.call("POST", "/tags", `{"name":"十一个汉字一定放不下的名字"}`, 400)
		d.call("POST", "/tags/refresh", "", 200)
		d.call("PUT", "/tags/2", `{"name":"新名"}`, 403)
		tagging := func(on bool) string { return fmt.Sprintf(`{"ids":%s,"tag_id":%v,"on":%v}`, all, tag, on) }
		if got := d.call("POST", "/followers/tagging", tagging(true), 200); got["changed"] != float64(120) {
			t.Errorf("tagged: %v", got)
		}
		if n := d.fake.Count("/cgi-bin/tags/members/batchtagging"); n != 3 {
			t.Errorf("%d calls for 120 fans, want 3", n)
		}
		if got := d.call("POST", "/followers/tagging", tagging(true), 200); got["changed"] != float64(0) {
			t.Errorf("tagged again: %v", got)
		}
		d.call("PUT", fmt.Sprintf("/tags/%v", tag), `{"name":"新学员"}`, 200)
		if got := d.call("GET", fmt.Sprintf("/followers?tag=%v&page_size=200", tag), "", 200); len(got["items"].([]any)) != 120 || !strings.Contains(fmt.Sprint(got), "新学员") {
			t.Errorf("list: %.300v", got)
		}
		p, _ := d.fake.Person("oFanNumber007")
		if len(p.Tags) != 1 {
			t.Errorf("at WeChat: %v", p.Tags)
		}
		// The second call of three fails: what WeChat heard is kept, what it did not is not.
		d.fake.Fail("/cgi-bin/tags/members/batchuntagging", wechattest.Fault{Times: 0, Status: 200, Body: `{"errcode":45009,"errmsg":"reach max api daily quota limit"}`})
		d.call("POST", "/followers/tagging", tagging(false), 503)
		d.wants("still worn", 120, "SELECT COUNT(*) FROM follower_tags")
		d.fake.Heal()

		one := d.follower("oFanNumber007")
		f := d.call("PUT", fmt.Sprintf("/followers/%d/remark", one), `{"remark":"  安老师😀 "}`, 200)
		p, _ = d.fake.Person("oFanNumber007")
		if f["remark"] != "安老师😀" || p.Remark != "安老师😀" {
			t.Errorf("remark: %v, at WeChat %q", f["remark"], p.Remark)
		}
		d.call("PUT", fmt.Sprintf("/followers/%d/remark", one), `{"remark":"`+strings.Repeat("长", 30)+`"}`, 400)
		if got := d.call("POST", "/followers/blocking", `{"ids":`+all+`,"on":true}`, 200); got["changed"] != float64(120) || d.fake.Count("/cgi-bin/tags/members/batchblacklist") != 6 {
			t.Errorf("blocked: %v in %d calls", got, d.fake.Count("/cgi-bin/tags/members/batchblacklist"))
		}
		d.call("POST", "/followers/blocking", fmt.Sprintf(`{"ids":[%d],"on":false}`, one), 200)
		if got := d.call("GET", "/followers?blocked=true&page_size=200", "", 200); len(got["items"].([]any)) != 119 {
			t.Errorf("black list: %d", len(got["items"].([]any)))
		}
		story := d.story(one)
		for _, want := range []string{"tag 老学员", "remark 安老师😀", "block ", "unblock "} {
			if !slices.Contains(story, want) {
				t.Errorf("%q is missing in %v", want, story)
			}
		}
		d.call("DELETE", fmt.Sprintf("/tags/%v", tag), "", 204)
		d.wants("worn after the tag is gone", 0, "SELECT COUNT(*) FROM follower_tags")
		d.wants("trail", 14, "SELECT COUNT(*) FROM audit_entries WHERE object IN ('tag', 'follower')")

		d.tableRow("INSERT INTO followers (appid, openid, subscribed, changed_at, created_at, updated_at) VALUES ('wxother', 'oFanOther', 1, ?, ?, ?)")
		other := d.follower("oFanOther")
		d.call("POST", "/followers/blocking", fmt.Sprintf(`{"ids":[%d,%d],"on":true}`, one, other), 404)
		d.call("PUT", fmt.Sprintf("/followers/%d/remark", other), `{"remark":"x"}`, 404)
		d.call("GET", fmt.Sprintf("/followers/%d/quota", other), "", 404)
		if status, _ := d.say(other, "other", "x"); status != 404 {
			t.Errorf("to another account's fan: %d", status)
		}
	})
}
