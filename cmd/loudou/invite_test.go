package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// inviteDesk is a desk with a running campaign, a poster and a coupon to win.
func inviteDesk(t *testing.T, dsn string, instances int) *desk {
	d := openDesk(t, dsn, instances)
	if err := d.fake.VerifyURL(d.fake.Official().AppID); err != nil {
		t.Fatal(err)
	}
	today := model.Day(time.Now())
	d.call("POST", "/campaigns", fmt.Sprintf(`{"name":"带朋友来","from":%q,"to":%q}`, today, today), 201)
	d.call("POST", "/scene-codes", `{"scene":"a1","permanent":true,"campaign_id":1}`, 201)
	d.call("POST", "/posters", `{"title":"写作营","colour":"#123456","kind":"code","ref":"a1","campaign_id":1}`, 201)
	d.call("POST", "/coupons", fmt.Sprintf(`{"code":"PARENT","name":"立减十元","off":1000,"starts_at":%q,"ends_at":%q,"stock":5,"per_person":1}`, time.Now().Add(-time.Hour).Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339)), 201)
	return d
}

func task(over ...string) string {
	s := `{"keyword":"海报","poster_id":1,"need":2,"reward":"coupon","reward_ref":1,"per_person":1,"total":10,"hold_hours":2,"speed_most":20,"speed_minutes":60,"version":0}`
	return strings.NewReplacer(over...).Replace(s)
}

// asks has a fan follow and type the keyword, and gives the scene of their own code.
func (d *desk) asks(id string) string {
	d.t.Helper()
	d.fake.Follow(id, "")
	time.Sleep(20 * time.Millisecond)
	d.fake.Say(id, "海报")
	scene := ""
	d.until(id+" is an inviter", func() bool {
		return d.houses[0].db.Raw("SELECT scene FROM inviters WHERE openid = ?", id).Scan(&scene).Error == nil && scene != ""
	})
	return scene
}

// later makes friends have followed so much earlier.
func (d *desk) later(by time.Duration) {
	d.t.Helper()
	var rows []model.Invited
	if err := d.houses[0].db.Find(&rows).Error; err != nil {
		d.t.Fatal(err)
	}
	for _, r := range rows {
		if err := d.houses[0].db.Model(&model.Invited{}).Where("id = ?", r.ID).Update("followed_at", r.FollowedAt.Add(-by)).Error; err != nil {
			d.t.Fatal(err)
		}
	}
}

// settle has every instance settle at once.
func (d *desk) settle() {
	d.t.Helper()
	var wg sync.WaitGroup
	for _, h := range d.houses {
		wg.Go(func() {
			if err := h.invites.Settle(context.Background()); err != nil {
				d.t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A fan asks for a poster, brings two who never followed, and is given one coupon; who followed before, left, or is the
// fan themselves does not count, whoever comes and goes counts once, and two instances give it once.
func TestInviteGivesOnce(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := inviteDesk(t, dsn, 2)
		const task1 = "/campaigns/1/invite"
		if got := d.call("GET", task1, "", 200); got["task"] != nil {
			t.Errorf("%v", got)
		}
		d.call("GET", "/campaigns/9/invite", "", 404)
		for what, bad := range map[string]string{
			"no word": task("海报", " "), "no poster": task(`"poster_id":1`, `"poster_id":9`), "no friends": task(`"need":2`, `"need":0`), "no coupon": task(`"reward_ref":1`, `"reward_ref":9`),
			"no hold": task(`"hold_hours":2`, `"hold_hours":0`), "too many": task(`"total":10`, `"total":10001`), "no kind": task(`"coupon"`, `"cash"`),
		} {
			t.Log(what)
			d.call("PUT", task1, bad, 400)
		}
		d.call("PUT", task1, task(`"version":0`, `"version":3`), 409)
		d.call("PUT", task1, task(), 200)
		d.call("PUT", task1, task(), 409) // made by now
		d.call("POST", task1+"/on", `{"version":1,"knows":false}`, 400)
		d.call("POST", task1+"/on", `{"version":9,"knows":true}`, 409)
		d.call("POST", task1+"/on", `{"version":1,"knows":true}`, 200)
		d.call("PUT", task1, task(`"need":2`, `"need":1`, `"version":0`, `"version":2`), 409) // promised
		d.call("PUT", task1, task(`"total":10`, `"total":11`, `"version":0`, `"version":2`), 200)
		today := model.Day(time.Now())
		d.call("POST", "/campaigns", fmt.Sprintf(`{"name":"另一个","from":%q,"to":%q}`, today, today), 201)
		d.call("PUT", "/campaigns/2/invite", task(), 200)
		d.call("POST", "/campaigns/2/invite/on", `{"version":1,"knows":true}`, 409) // the word is taken
		d.call("POST", "/scene-codes", `{"scene":"invite-x","permanent":true}`, 400)

		d.rule(`{"name":"默认","kind":"default","pick":"all","enabled":true,"messages":[{"type":"text","content":"没听懂"}]}`)
		d.publish()
		d.fake.Follow("oOld", "") // followed before, and left
		d.fake.Unfollow("oOld")
		scene := d.asks("oInviter")
		heard := func(id, what string) bool {
			for _, l := range d.fake.ChatOf(id, 0) {
				if strings.Contains(fmt.Sprint(l), what) {
					return true
				}
			}
			return false
		}
		d.until("the answer is the task's, in the place of the rules'", func() bool { return heard("oInviter", "再有 2 位就能领一份优惠券") })
		if heard("oInviter", "没听懂") {
			t.Error("the default rule answered too")
		}
		d.wants("answers kept for a repeat", 1, "SELECT COUNT(*) FROM pushes WHERE openid = 'oInviter' AND answer LIKE '%再有 2 位%' AND keyword = '海报'")
		d.until("the poster came", func() bool { return heard("oInviter", "image") })
		if list := d.call("GET", "/scene-codes", "", 200)["items"].([]any); len(list) != 1 {
			t.Errorf("fans' codes stand among the operators': %v", list)
		}

		d.fake.Follow("oNew1", scene)
		d.fake.Follow("oOld", scene)
		d.fake.Follow("oNew2", scene)
		d.fake.Follow("oNew3", scene)
		time.Sleep(1100 * time.Millisecond) // WeChat tells whole seconds
		d.fake.Unfollow("oNew2")
		d.fake.Unfollow("oNew3")
		d.fake.Unfollow("oInviter")
		time.Sleep(1100 * time.Millisecond)
		d.fake.Follow("oNew2", scene) // and back: once
		d.fake.Follow("oInviter", scene)
		state := func(id string) (s string) {
			d.houses[0].db.Raw("SELECT CASE WHEN state = 'refused' THEN why ELSE state END FROM invited WHERE openid = ?", id).Scan(&s)
			return s
		}
		d.until("all are written down", func() bool {
			return state("oNew1") == "staying" && state("oOld") == "old" && state("oNew2") == "staying" && state("oNew3") == "left" && state("oInviter") == "self"
		})
		d.until("the inviter was told", func() bool { return heard("oInviter", "有一位新朋友扫你的码关注了") })
		d.settle()
		d.wants("too early", 0, "SELECT COUNT(*) FROM invite_rewards")
		d.later(90 * time.Minute)
		d.settle()
		d.wants("still too early", 0, "SELECT COUNT(*) FROM invite_rewards")
		d.later(31 * time.Minute)
		d.settle()
		d.settle()
		d.wants("one reward", 1, "SELECT COUNT(*) FROM invite_rewards")
		d.wants("for two friends", 2, "SELECT COUNT(*) FROM invited WHERE reward_id = 1")
		d.wants("a coupon of one use", 1, "SELECT COUNT(*) FROM coupons c JOIN invite_rewards r ON r.code = c.code WHERE c.parent_id = 1 AND c.stock = 1 AND c.off = 1000 AND c.public = 0")
		d.until("the inviter was told of it", func() bool { return heard("oInviter", "恭喜，你得到一份优惠券") })
		if list := d.call("GET", "/coupons", "", 200)["items"].([]any); len(list) != 1 {
			t.Errorf("winners' coupons stand among the operators': %v", list)
		}
		// Given is given: leaving takes nothing back now, and more friends bring no second one.
		d.fake.Unfollow("oNew1")
		d.fake.Follow("oNew4", scene)
		d.fake.Follow("oNew5", scene)
		d.until("they came", func() bool { return state("oNew5") == "staying" })
		d.later(3 * time.Hour)
		d.settle()
		d.wants("one reward a person", 1, "SELECT COUNT(*) FROM invite_rewards")
		board := d.call("GET", task1, "", 200)["board"].(map[string]any)
		for k, want := range map[string]float64{"inviters": 1, "with_friends": 1, "given": 1, "used": 2, "counted": 2, "left": 1, "old": 2, "held": 0} {
			if board[k] != want {
				t.Errorf("%s = %v, want %v", k, board[k], want)
			}
		}
		one := d.call("GET", task1+"/inviters", "", 200)["items"].([]any)[0].(map[string]any)
		if one["rewards"] != 1.0 || one["follower_id"] == 0.0 {
			t.Errorf("%v", one)
		}
		if n := len(d.call("GET", task1+"/friends?state=refused", "", 200)["items"].([]any)); n != 2 {
			t.Errorf("%d refused", n)
		}
		// Stopping the coupon stops what was made after it.
		c := d.call("GET", "/coupons/1", "", 200)
		d.call("PUT", "/coupons/1", fmt.Sprintf(`{"name":"立减十元","off":1000,"starts_at":%q,"ends_at":%q,"stock":5,"per_person":1,"disabled":true,"version":%v}`, c["starts_at"], c["ends_at"], c["version"]), 200)
		d.wants("stopped too", 1, "SELECT COUNT(*) FROM coupons WHERE parent_id = 1 AND disabled = 1")
		// Forgotten, the counts stay.
		h := d.houses[0]
		if err := store.Tx(context.Background(), h.db, func(tx *gorm.DB) error {
			for _, id := range []model.OpenID{"oInviter", "oNew1", "oNew2"} {
				if err := h.invites.Erase(tx, h.cfg.OfficialAppID, id); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		d.wants("who they were", 0, "SELECT COUNT(*) FROM invited WHERE openid IN ('oInviter', 'oNew1', 'oNew2')")
		d.wants("that they were", 7, "SELECT COUNT(*) FROM invited")
		d.wants("the reward names nobody", 0, "SELECT COUNT(*) FROM invite_rewards WHERE openid = 'oInviter'")
		d.settle()
	})
}

// Too many at once wait for an operator, who lets them count or refuses them; an inviter can be taken out; a reward that
// runs out is said, and the caps hold.
func TestInviteSuspicious(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := inviteDesk(t, dsn, 1)
		const task1 = "/campaigns/1/invite"
		course := d.call("POST", "/courses", `{"title":"写作课","price":19900}`, 201)["id"]
		d.call("POST", fmt.Sprintf("/courses/%v/lessons", course), `{"title":"一","kind":"text","content":"正文","trial":false}`, 201)
		d.call("POST", fmt.Sprintf("/courses/%v/publish", course), "", 200)
		d.call("POST", "/redeem-batches", fmt.Sprintf(`{"course_id":%v,"size":1,"starts_at":%q,"ends_at":%q,"note":"裂变"}`, course, time.Now().Add(-time.Hour).Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339)), 201)
		d.call("PUT", task1, task(`"need":2`, `"need":1`, `"coupon"`, `"course"`, `"per_person":1`, `"per_person":3`, `"speed_most":20`, `"speed_most":2`), 200)
		d.call("POST", task1+"/on", `{"version":1,"knows":true}`, 200)
		scene := d.asks("oInviter")
		for i := range 4 {
			d.fake.Follow(fmt.Sprintf("oNew%d", i), scene)
		}
		d.until("two are held", func() bool {
			return d.count("SELECT COUNT(*) FROM invited WHERE state = 'held' AND why = 'speed'") == 2
		})
		todo := func() float64 {
			for _, x := range d.call("GET", "/home", "", 200)["todo"].([]any) {
				if m := x.(map[string]any); m["key"] == "invites" {
					return m["count"].(float64)
				}
			}
			return -1
		}
		if n := todo(); n != 2 {
			t.Errorf("%v wait on the first page", n)
		}
		d.later(3 * time.Hour)
		d.settle()
		d.wants("the batch had one code", 1, "SELECT COUNT(*) FROM invite_rewards")
		d.wants("which is handed out", 1, "SELECT COUNT(*) FROM redeem_codes c JOIN invite_rewards r ON r.code = c.code WHERE c.handed_at IS NOT NULL")
		if got := d.call("GET", task1, "", 200); !strings.Contains(got["fault"].(string), "发完了") {
			t.Errorf("%v", got)
		}
		held := d.call("GET", task1+"/friends?state=held", "", 200)["items"].([]any)
		ids := []any{held[0].(map[string]any)["id"], held[1].(map[string]any)["id"]}
		d.call("POST", task1+"/friends/decide", `{"ids":[],"allow":true}`, 400)
		if got := d.call("POST", task1+"/friends/decide", fmt.Sprintf(`{"ids":[%v],"allow":true}`, ids[0]), 200); got["decided"] != 1.0 {
			t.Errorf("%v", got)
		}
		if got := d.call("POST", task1+"/friends/decide", fmt.Sprintf(`{"ids":[%v,%v],"allow":false}`, ids[0], ids[1]), 200); got["decided"] != 1.0 { // the other was decided
			t.Errorf("%v", got)
		}
		// Another batch, and the rewards that waited go out; the cap holds.
		d.call("POST", "/redeem-batches", fmt.Sprintf(`{"course_id":%v,"size":5,"starts_at":%q,"ends_at":%q,"note":"裂变二"}`, course, time.Now().Add(-time.Hour).Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339)), 201)
		d.call("PUT", task1, task(`"need":2`, `"need":1`, `"coupon"`, `"course"`, `"reward_ref":1`, `"reward_ref":2`, `"per_person":1`, `"per_person":3`, `"speed_most":20`, `"speed_most":2`, `"version":0`, `"version":2`), 200)
		d.settle()
		d.wants("three friends, three rewards", 3, "SELECT COUNT(*) FROM invite_rewards")
		d.wants("each its own code", 3, "SELECT COUNT(DISTINCT code) FROM invite_rewards")
		if got := d.call("GET", task1, "", 200); got["fault"] != "" {
			t.Errorf("%v", got["fault"])
		}
		// Taken out, nothing counts any more, and the keyword says so.
		d.call("PUT", task1+"/inviters/1", `{"blocked":true}`, 204)
		d.call("PUT", task1+"/inviters/99", `{"blocked":true}`, 404)
		d.fake.Follow("oLate", scene)
		d.until("refused", func() bool {
			return d.count("SELECT COUNT(*) FROM invited WHERE openid = 'oLate' AND state = 'refused'") == 1
		})
		if a := d.fake.Say("oInviter", "海报"); !strings.Contains(fmt.Sprint(a)+fmt.Sprint(d.fake.ChatOf("oInviter", 0)), "资格已被取消") {
			t.Error("they are not told")
		}
		// Off, the word is the rules' again.
		v := d.call("GET", task1, "", 200)["task"].(map[string]any)["version"]
		d.call("POST", task1+"/off", fmt.Sprintf(`{"version":%v}`, v), 200)
		d.wants("in the trail", 7, "SELECT COUNT(*) FROM audit_entries WHERE action LIKE 'invite.%'")
	})
}
