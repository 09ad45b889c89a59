package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"loudou/service/wechat/wechattest"
)

// One fan asks what is known of them, and then to be forgotten: the export has what they said and did and nobody else's;
// erasing leaves nothing that names them, and is written down with its reason.
func TestFanAsksForTheirData(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		ann := d.fake.AddPerson(wechattest.Person{OpenID: "oFanAnnAnnAnn", Remark: "安老师", Tags: []int{2}})
		d.fake.AddPerson(wechattest.Person{OpenID: "oFanBobBobBob"})
		d.fake.Follow(ann.OpenID, "a1")
		d.fake.Follow("oFanBobBobBob", "")
		d.fake.Say(ann.OpenID, "我的电话是一三八")
		d.fake.Say("oFanBobBobBob", "别人的话")
		d.until("WeChat was asked who they are", func() bool {
			return d.count("SELECT COUNT(*) FROM followers WHERE subscribe_scene <> '' AND person_id > 0") == 2 && d.count("SELECT COUNT(*) FROM jobs") == 0
		})
		id := d.follower(ann.OpenID)
		// A code nobody redeemed yet is nobody's.
		if err := d.houses[0].db.Table("redeem_codes").Create(map[string]any{"appid": "x", "batch_id": 1, "code": "AAAA", "status": "unused", "learner_id": 0, "withdrawn_by": "", "withdrawn_why": ""}).Error; err != nil {
			t.Fatal(err)
		}
		raw := d.file(fmt.Sprintf("/followers/%d/export", id))
		var got struct {
			Parts map[string][]map[string]any `json:"资料"`
		}
		if err := json.Unmarshal([]byte(raw), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Parts["关注资料"]) != 1 || len(got.Parts["关注记录"]) == 0 || len(got.Parts["标签"]) != 1 || len(got.Parts["身份"]) == 0 || len(got.Parts["兑换"]) != 0 {
			t.Errorf("parts: %v", raw)
		}
		for _, want := range []string{"我的电话是一三八", "安老师", "oFan…nAnn"} {
			if !strings.Contains(raw, want) {
				t.Errorf("the export lacks %q", want)
			}
		}
		for _, bad := range []string{"别人的话", ann.OpenID, "oFanBob", "session_key"} {
			if strings.Contains(raw, bad) {
				t.Errorf("the export has %q", bad)
			}
		}
		d.call("POST", fmt.Sprintf("/followers/%d/erase", id), `{"reason":" "}`, 400)
		d.call("POST", "/followers/999999/erase", `{"reason":"来信"}`, 404)
		d.call("POST", fmt.Sprintf("/followers/%d/erase", id), `{"reason":"11 月 28 日来信要求"}`, 204)
		d.wants("the fan", 0, "SELECT COUNT(*) FROM followers WHERE openid = ?", ann.OpenID)
		d.wants("what they said", 0, "SELECT COUNT(*) FROM pushes WHERE openid = ?", ann.OpenID)
		d.wants("who they are", 0, "SELECT COUNT(*) FROM person_identities WHERE value = ?", ann.OpenID)
		d.wants("the other fan", 1, "SELECT COUNT(*) FROM followers WHERE openid = 'oFanBobBobBob'")
		d.wants("what the other said", 1, "SELECT COUNT(*) FROM pushes WHERE openid = 'oFanBobBobBob' AND content = '别人的话'")
		d.wants("the trail", 1, "SELECT COUNT(*) FROM audit_entries WHERE action = 'follower.erase'")
		d.wants("the trail of the export", 1, "SELECT COUNT(*) FROM audit_entries WHERE action = 'follower.export'")
		d.call("POST", fmt.Sprintf("/followers/%d/erase", id), `{"reason":"再来一次"}`, 404)
	})
}
