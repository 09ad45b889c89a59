package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/wechat/wechattest"
)

// The owner says how long what fans said is kept. Lowering it takes the words at the next walk, in small batches, and
// nothing else: the pushes, what was counted of them and what is asked of the funnel stay, and a repeat is still known.
func TestMessagesAreKeptAsLongAsTheOwnerSays(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		h, ctx := d.houses[0], context.Background()
		d.rule(`{"name":"课","kind":"keyword","enabled":true,"keywords":[{"text":"课程","match":"contains"}],"messages":[{"type":"text","content":"看这里"}]}`)
		d.publish()
		fan := d.fake.AddPerson(wechattest.Person{OpenID: "oFanKeptKept"})
		d.fake.Follow(fan.OpenID, "")
		d.fake.Say(fan.OpenID, "课程多少钱")
		d.fake.Say(fan.OpenID, "今天的话")
		d.until("the messages are stored", func() bool {
			return d.count("SELECT COUNT(*) FROM pushes WHERE msg_type = 'text' AND content <> ''") == 2
		})
		// More than one batch, of one moment and of many, a hundred days ago.
		old := h.clock.now().AddDate(0, 0, -100).UTC().Truncate(time.Second)
		rows := make([]map[string]any, 0, 1200)
		for i := range 1200 {
			at := old
			if i >= 600 {
				at = old.Add(time.Duration(i) * time.Second)
			}
			rows = append(rows, map[string]any{"appid": h.cfg.OfficialAppID, "push_key": fmt.Sprintf("m%d", 9_000_000+i), "openid": fan.OpenID, "msg_type": "text", "event_key": "",
				"content": "很久以前", "raw": "<xml>很久以前</xml>", "answer": "回了", "keyword": "课程", "rule_id": 1, "happened_at": at, "received_at": at})
		}
		if err := h.db.Table("pushes").CreateInBatches(rows, 200).Error; err != nil {
			t.Fatal(err)
		}
		from, to := h.clock.now().In(model.Shanghai).AddDate(0, 0, -7).Format(time.DateOnly), h.clock.now().In(model.Shanghai).Format(time.DateOnly)
		asked := regexp.MustCompile(`as_of:\S+`)
		funnel := func() string {
			ours := d.call("GET", "/kpi?from="+from+"&to="+to, "", 200)["figures"].(map[string]any)
			maps.DeleteFunc(ours, func(name string, _ any) bool { // WeChat's own come by a timetable
				return strings.HasPrefix(name, "followers_") || strings.HasPrefix(name, "mini_")
			})
			said := fmt.Sprint(d.call("POST", "/funnels/query", fmt.Sprintf(`{"steps":[{"type":"follow"},{"type":"message"}],"from":%q,"to":%q,"window_hours":168,"order":"ordered"}`, from, to), 200)["steps"],
				ours, d.call("GET", "/funnel?from="+from+"&to="+to, "", 200)["steps"])
			return asked.ReplaceAllString(said, "")
		}
		d.until("both messages are told", func() bool {
			return d.count("SELECT COUNT(*) FROM events WHERE day > 0 AND type = ?", model.EventMessage.Number()) == 2
		})
		d.until("the fan followed and wrote", func() bool {
			return strings.HasPrefix(funnel(), "[map[people:1 step_rate:<nil>] map[people:1 step_rate:1]]")
		})
		before, all := funnel(), d.count("SELECT COUNT(*) FROM pushes")
		walk := func() {
			t.Helper()
			if err := h.forgets(h.inbox.Sweep)(ctx); err != nil {
				t.Fatal(err)
			}
		}
		walk()
		d.wants("old words within 180 days", 1200, "SELECT COUNT(*) FROM pushes WHERE content = '很久以前' AND raw <> ''")
		if got := d.call("GET", "/settings", "", 200)["message_days"]; got != 180.0 {
			t.Error("message_days:", got)
		}
		for _, bad := range []string{"6", "1096", "-1"} {
			d.call("PUT", "/settings", `{"message_days":`+bad+`}`, 400)
		}
		d.as("rev", "editor").call("PUT", "/settings", `{"message_days":30}`, 403)
		if got := d.call("PUT", "/settings", `{"message_days":99}`, 200); got["message_days"] != 99.0 {
			t.Error(got)
		}
		d.wants("old words until the next walk", 1200, "SELECT COUNT(*) FROM pushes WHERE content = '很久以前'")
		walk()
		d.wants("words, raw or answers of then", 0, "SELECT COUNT(*) FROM pushes WHERE received_at < ? AND (content <> '' OR raw <> '' OR answer <> '')", old.AddDate(0, 0, 2))
		d.wants("the pushes of then, with their rule", 1200, "SELECT COUNT(*) FROM pushes WHERE received_at < ? AND keyword = '课程' AND rule_id = 1 AND msg_type = 'text'", old.AddDate(0, 0, 2))
		d.wants("the words of today", 2, "SELECT COUNT(*) FROM pushes WHERE msg_type = 'text' AND content <> '' AND raw <> ''")
		d.wants("all pushes", all, "SELECT COUNT(*) FROM pushes")
		if after := funnel(); after != before {
			t.Errorf("figures changed:\n%s\n%s", before, after)
		}
		if story := fmt.Sprint(d.call("GET", fmt.Sprintf("/followers/%d/story", d.follower(fan.OpenID)), "", 200)); !strings.Contains(story, "今天的话") || !strings.Contains(story, "[内容已过保存期]") {
			t.Error(story)
		}
		walk() // nothing left to do
		d.wants("trail", 1, "SELECT COUNT(*) FROM audit_entries WHERE action = 'setting.change' AND object_id = 'message_days'")
	})
}
