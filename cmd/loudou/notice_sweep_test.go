package main

import (
	"context"
	"fmt"
	"testing"

	"loudou/model"
)

// Who was sent a notice is kept as long as the words of messages, from its end on. Then the rows go, the sums stay, and
// nothing is sent any more that would need to know who had it.
func TestNoticesAreSwept(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		h := d.houses[0]
		d.call("PUT", "/settings", `{"two_person":false}`, 200)
		d.fanCrowd(4)
		d.fake.BlockNotices("oFanOfNotice002", true)
		n := d.startNotice()
		d.call("POST", n+"/preview", fmt.Sprintf(`{"follower_id":%d}`, d.follower("oFanOfNotice000")), 200)
		d.call("POST", n+"/send", `{"people":4}`, 200)
		d.until("all ends are told", func() bool {
			state, sums := d.noticeSums(n)
			return state == "done" && sums["delivered"] == 3.0 && sums["refused"] == 1.0
		})
		// Two more of long ago: of one, more rows than one transaction takes; one that was stopped, with somebody still to come.
		old := model.Milli(h.clock.now().AddDate(0, 0, -100).UTC())
		past := func(state model.NoticeState, ended bool, count int, of func(i int) model.NoticeSendState) string {
			x := model.Notice{AppID: h.cfg.OfficialAppID, Kind: model.NoticeTemplated, TemplateID: "t", Title: "旧的", Words: "{}", Filter: "{}", State: state, Version: 1, Total: int64(count), SentAt: &old, CreatedAt: old, UpdatedAt: old}
			if ended {
				x.EndedAt = &old
			}
			if err := h.db.Create(&x).Error; err != nil {
				t.Fatal(err)
			}
			rows := []model.NoticeSend{}
			for i := range count {
				rows = append(rows, model.NoticeSend{AppID: h.cfg.OfficialAppID, NoticeID: x.ID, FollowerID: int64(i + 1), OpenID: fmt.Sprint("oOld", i), State: of(i), UpdatedAt: old})
			}
			if err := h.db.CreateInBatches(rows, 300).Error; err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint("/notices/", x.ID)
		}
		many := past(model.NoticeDone, true, 1100, func(i int) model.NoticeSendState {
			if i%11 == 0 {
				return model.NoticeMissed
			}
			return model.NoticeDelivered
		})
		stopped := past(model.NoticeStopped, false, 3, func(i int) model.NoticeSendState {
			return []model.NoticeSendState{model.NoticeSent, model.NoticeMissed, model.NoticeToSend}[i]
		})
		under := past(model.NoticeSending, false, 0, nil)
		walk := func() {
			t.Helper()
			if err := h.forgets(h.notices.Sweep)(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		walk()
		d.wants("rows within 180 days", 1107, "SELECT COUNT(*) FROM notice_sends")
		d.call("PUT", "/settings", `{"message_days":99}`, 200)
		_, before := d.noticeSums(many)
		walk()
		d.wants("rows of what ended today", 4, "SELECT COUNT(*) FROM notice_sends")
		d.wants("its preview", 1, "SELECT COUNT(*) FROM notice_previews")
		if _, after := d.noticeSums(many); fmt.Sprint(after) != fmt.Sprint(before) || after["failed"] != 100.0 || after["delivered"] != 1000.0 {
			t.Errorf("sums %v, before %v", after, before)
		}
		if got := d.call("GET", many, "", 200); got["swept"] != true || got["total"] != 1100.0 {
			t.Errorf("swept %v, total %v", got["swept"], got["total"])
		}
		if items := d.call("GET", many+"/log", "", 200)["items"].([]any); len(items) != 0 {
			t.Errorf("%d rows in the log", len(items))
		}
		for _, path := range []string{many + "/again", stopped + "/again", stopped + "/resume"} {
			if got := d.call("POST", path, "", 409); got["error"].(map[string]any)["code"] != "swept" {
				t.Errorf("%s: %v", path, got)
			}
		}
		if got := d.call("GET", n, "", 200); got["swept"] != false {
			t.Error("today's is swept")
		}
		if got := d.call("GET", under, "", 200); got["swept"] != false {
			t.Error("one under way is swept")
		}
		for _, x := range d.call("GET", "/notices", "", 200)["items"].([]any) {
			if l := x.(map[string]any); fmt.Sprint("/notices/", l["id"]) == many && l["sums"].(map[string]any)["delivered"] != 1000.0 {
				t.Errorf("in the list: %v", l["sums"])
			}
		}
		if err := h.db.Model(&model.Notice{}).Where("title = ?", "开课提醒").Update("ended_at", old).Error; err != nil {
			t.Fatal(err)
		}
		walk()
		walk() // nothing left to do
		d.wants("rows and previews", 0, "SELECT (SELECT COUNT(*) FROM notice_sends) + (SELECT COUNT(*) FROM notice_previews)")
		if _, sums := d.noticeSums(n); sums["delivered"] != 3.0 || sums["refused"] != 1.0 {
			t.Errorf("sums %v", sums)
		}
	})
}
