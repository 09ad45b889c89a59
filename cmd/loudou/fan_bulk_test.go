package main

import (
	"fmt"
	"strings"
	"testing"

	"loudou/service/wechat/wechattest"
)

// A tag over a filter: in the background, once though two instances run, stopped and gone on with, waiting while
// WeChat will not, and taken back from those alone whom it changed.
func TestTagOverAFilter(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		for i := range 130 {
			d.fake.AddPerson(wechattest.Person{OpenID: fmt.Sprintf("oFanOfManyFans%03d", i), Follows: true})
		}
		d.call("POST", "/followers/sync", "", 200)
		d.until("all are known", func() bool { return d.count("SELECT COUNT(*) FROM followers WHERE subscribed = 1") == 130 })
		d.until("the walk is over", func() bool { return d.call("GET", "/followers/sync", "", 200)["state"] == "done" })
		tag := d.call("POST", "/tags", `{"name":"老粉"}`, 201)["id"].(float64)
		body := fmt.Sprintf(`{"tag_id":%v,"on":true}`, tag)
		first := d.follower("oFanOfManyFans000")
		d.call("POST", "/followers/tagging", fmt.Sprintf(`{"ids":[%d],"tag_id":%v,"on":true}`, first, tag), 200) // has it before

		if n := d.call("GET", "/followers/matching?q=oFanOfManyFans", "", 200)["followers"]; n != 130.0 {
			t.Errorf("matching: %v", n)
		}
		d.call("POST", "/followers/bulks?q=nobody", body, 409)
		d.call("POST", "/followers/bulks?following=false", body, 409)
		d.call("POST", "/followers/bulks", `{"tag_id":99999,"on":true}`, 404)
		latest := func() map[string]any {
			return d.call("GET", "/followers/bulks", "", 200)["items"].([]any)[0].(map[string]any)
		}
		worn := func() int64 { return d.count("SELECT COUNT(*) FROM follower_tags WHERE tag_id = ?", tag) }

		// WeChat says that it is too often: it waits, and says so; an operator lets it go on.
		clear := d.fake.Fail("/cgi-bin/tags/members/batchtagging", wechattest.ErrCode(45011))
		id := d.call("POST", "/followers/bulks?q=oFanOfManyFans", body, 201)["id"]
		d.call("POST", "/followers/bulks", body, 409) // one at a time
		d.until("it waits", func() bool { return latest()["resume_at"] != nil && latest()["last_error"] != "" })
		clear()
		path := fmt.Sprintf("/followers/bulks/%v", id)
		// A fan known before the others comes to meet the filter while it waits: nobody confirmed that one.
		d.tableRow("UPDATE followers SET remark = 'oFanToBeBlocked too', changed_at = ?, created_at = ?, updated_at = ? WHERE openid = 'oFanOfNoFilter'")
		d.call("POST", path+"/stop", "", 204)
		d.call("POST", path+"/stop", "", 409)
		if worn() != 1 {
			t.Errorf("stopped, and %d bear the tag", worn())
		}
		d.call("POST", path+"/resume", "", 204)
		ends := make(chan error)
		for _, h := range d.houses { // beside the job itself
			go func() { ends <- h.followers.Bulk(t.Context(), []byte(fmt.Sprintf(`{"id":%v}`, id))) }()
		}
		for range d.houses {
			if err := <-ends; err != nil {
				t.Error(err)
			}
		}
		d.until("it is done", func() bool { return latest()["state"] == "done" })
		if b := latest(); b["seen"] != 130.0 || b["changed"] != 129.0 || b["total"] != 130.0 || worn() != 130 {
			t.Errorf("done: %v, %d bear the tag", b, worn())
		}
		if fans := d.fake.People(); len(fans) < 130 {
			t.Errorf("%d people", len(fans))
		}
		d.wants("lines in the fans' history", 129, "SELECT COUNT(*) FROM follower_changes WHERE kind = 'tag' AND push_key LIKE 'bulk:%'")
		d.wants("trail: the one fan, and the bulk", 2, "SELECT COUNT(*) FROM audit_entries WHERE action = 'follower.tag' AND object = 'tag' AND reason = ''")

		// Taken back: who bore it before keeps it.
		d.call("POST", path+"/undo", "", 201)
		d.until("it is taken back", func() bool { return latest()["state"] == "done" && latest()["undoes"] == id })
		if b := latest(); b["changed"] != 129.0 || worn() != 1 || d.count("SELECT follower_id FROM follower_tags WHERE tag_id = ?", tag) != first {
			t.Errorf("taken back: %v, %d bear the tag", b, worn())
		}
		d.call("POST", path+"/undo", "", 409)
		d.call("POST", path+"/resume", "", 409)

		// A tag that is gone at WeChat ends it, with the reason.
		d.fake.Fail("/cgi-bin/tags/members/batchtagging", wechattest.ErrCode(45159))
		d.call("POST", "/followers/bulks?q=oFanOfManyFans", body, 201)
		d.until("it fails", func() bool { return latest()["state"] == "failed" })
		if !strings.Contains(fmt.Sprint(latest()["last_error"]), "标签") {
			t.Errorf("why: %v", latest())
		}
	})
}

// The black list over a filter: 20 a call, no more than were confirmed, once though two instances run, one whom WeChat
// does not know is passed over, and undone from those alone whom it changed, also from one who left meanwhile.
func TestBlockOverAFilter(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		const black, white = "/cgi-bin/tags/members/batchblacklist", "/cgi-bin/tags/members/batchunblacklist"
		for i := range 45 {
			d.fake.AddPerson(wechattest.Person{OpenID: fmt.Sprintf("oFanToBeBlocked%03d", i), Follows: true})
		}
		d.fake.AddPerson(wechattest.Person{OpenID: "oFanOfNoFilter", Follows: true})
		d.call("POST", "/followers/sync", "", 200)
		d.until("all are known", func() bool { return d.count("SELECT COUNT(*) FROM followers WHERE subscribed = 1") == 46 })
		d.until("the walk is over", func() bool { return d.call("GET", "/followers/sync", "", 200)["state"] == "done" })
		first := d.follower("oFanToBeBlocked000")
		d.call("POST", "/followers/blocking", fmt.Sprintf(`{"ids":[%d],"on":true}`, first), 200) // is blocked before
		latest := func() map[string]any {
			return d.call("GET", "/followers/bulks", "", 200)["items"].([]any)[0].(map[string]any)
		}
		blocked := func() int64 { return d.count("SELECT COUNT(*) FROM followers WHERE blocked = 1") }
		const filter = "/followers/bulks?q=oFanToBeBlocked"

		d.call("POST", filter, `{"kind":"block","on":true}`, 409)                // nobody confirmed anything
		d.call("POST", filter, `{"kind":"block","on":true,"followers":44}`, 409) // more than were confirmed
		d.call("POST", filter, `{"kind":"mute","on":true,"followers":45}`, 400)
		d.call("POST", "/followers/bulks?q=nobody", `{"kind":"block","on":true,"followers":45}`, 409)
		d.wants("bulks after what was refused", 0, "SELECT COUNT(*) FROM follower_bulks")

		// Too often, says WeChat: it waits, is stopped and gone on with, by two instances beside the job.
		clear := d.fake.Fail(black, wechattest.ErrCode(45011))
		id := d.call("POST", filter, `{"kind":"block","on":true,"followers":45}`, 201)["id"]
		d.until("it waits", func() bool { return latest()["resume_at"] != nil && latest()["last_error"] != "" })
		clear()
		path := fmt.Sprintf("/followers/bulks/%v", id)
		d.call("POST", path+"/stop", "", 204)
		if blocked() != 1 {
			t.Errorf("stopped, and %d are blocked", blocked())
		}
		d.call("POST", path+"/resume", "", 204)
		ends := make(chan error)
		for _, h := range d.houses {
			go func() { ends <- h.followers.Bulk(t.Context(), []byte(fmt.Sprintf(`{"id":%v}`, id))) }()
		}
		for range d.houses {
			if err := <-ends; err != nil {
				t.Error(err)
			}
		}
		d.until("it is done", func() bool { return latest()["state"] == "done" })
		if b := latest(); b["blocks"] != true || b["on"] != true || b["seen"] != 45.0 || b["changed"] != 44.0 || blocked() != 45 {
			t.Errorf("done: %v, %d are blocked", b, blocked())
		}
		for _, one := range []string{"oFanToBeBlocked007", "oFanToBeBlocked044"} {
			if p, _ := d.fake.Person(one); !p.Blocked {
				t.Errorf("%s is not blocked at WeChat", one)
			}
		}
		if d.count("SELECT COUNT(*) FROM followers WHERE openid = 'oFanOfNoFilter' AND blocked = 1") != 0 {
			t.Error("somebody is blocked whom nobody confirmed")
		}
		d.tableRow("UPDATE followers SET remark = '', changed_at = ?, created_at = ?, updated_at = ? WHERE openid = 'oFanOfNoFilter'")
		d.wants("lines in the fans' history", 44, "SELECT COUNT(*) FROM follower_changes WHERE kind = 'block' AND push_key LIKE 'bulk:%'")
		d.wants("trail", 1, "SELECT COUNT(*) FROM audit_entries WHERE action = 'follower.block' AND object_id = ?", fmt.Sprintf("bulk:%v", id))

		// Undone: who was blocked before stays so; one who left meanwhile is freed too.
		d.tableRow("UPDATE followers SET subscribed = 0, unsubscribed_at = ?, changed_at = ?, updated_at = ? WHERE openid = 'oFanToBeBlocked009'")
		d.call("POST", path+"/undo", "", 201)
		d.until("it is taken back", func() bool { return latest()["state"] == "done" && latest()["undoes"] == id })
		if b := latest(); b["blocks"] != true || b["on"] != false || b["changed"] != 44.0 || blocked() != 1 || d.count("SELECT id FROM followers WHERE blocked = 1") != first {
			t.Errorf("taken back: %v, %d are blocked", b, blocked())
		}
		if n := d.fake.Count(white); n < 3 {
			t.Errorf("%d calls for 44 fans", n)
		}
		d.wants("trail of the undo", 1, "SELECT COUNT(*) FROM audit_entries WHERE action = 'follower.unblock'")
		d.call("POST", path+"/undo", "", 409)

		// One whom WeChat does not know spoils the call for nobody; those blocked are taken off the list over a filter.
		d.tableRow("INSERT INTO followers (appid, openid, subscribed, changed_at, created_at, updated_at) VALUES ('" + d.fake.Official().AppID + "', 'oFanToBeBlockedX', 1, ?, ?, ?)")
		d.call("POST", filter, `{"kind":"block","on":true,"followers":1000}`, 201)
		d.until("all but one", func() bool { return latest()["state"] == "done" && latest()["undoes"] == 0.0 })
		if b := latest(); b["skipped"] != 1.0 || b["changed"] != 43.0 || blocked() != 44 {
			t.Errorf("one unknown: %v, %d are blocked", b, blocked())
		}
		d.call("POST", "/followers/bulks?blocked=true", `{"kind":"block","on":false}`, 201)
		d.until("off the list", func() bool { return latest()["state"] == "done" && latest()["on"] == false })
		if b := latest(); b["changed"] != 44.0 || blocked() != 0 {
			t.Errorf("off the list: %v, %d are blocked", b, blocked())
		}

		// The day's calls are used up: it waits until WeChat's day begins anew.
		d.fake.Fail(black, wechattest.ErrCode(45009))
		d.call("POST", filter, `{"kind":"block","on":true,"followers":1000}`, 201)
		d.until("it waits for the next day", func() bool { return latest()["resume_at"] != nil })
		if b := latest(); !strings.Contains(fmt.Sprint(b["last_error"]), "次数") || blocked() != 0 {
			t.Errorf("the day's calls are used up: %v, %d are blocked", b, blocked())
		}
	})
}
