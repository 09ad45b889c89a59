package main

import (
	"fmt"
	"testing"
	"time"

	"loudou/model"
)

// A campaign is made, takes what belongs to it, counts what its code brought, is stopped, and goes on again.
func TestCampaignDay(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		if err := d.fake.VerifyURL(d.fake.Official().AppID); err != nil {
			t.Fatal(err)
		}
		today := model.Day(time.Now())
		body := func(name, from, to string, more string) string {
			return fmt.Sprintf(`{"name":%q,"from":%q,"to":%q%s}`, name, from, to, more)
		}
		d.call("POST", "/campaigns", body("", today, today, ""), 400)
		d.call("POST", "/campaigns", body("春", today, "2020-01-01", ""), 400)
		d.call("POST", "/campaigns", body("春", "2026-02-30", today, ""), 400)
		d.call("POST", "/campaigns", body("春", today, today, `,"goal":"net"`), 400)
		c := d.call("POST", "/campaigns", body("春", today, today, `,"goal":"new_followers","target":2,"cost":900`), 201)
		if c["state"] != "running" || c["cost"] != float64(900) {
			t.Errorf("%v", c)
		}
		d.call("POST", "/campaigns", body("春", today, today, ""), 409)
		// What carries a number that no campaign has is refused.
		d.call("POST", "/scene-codes", `{"scene":"a1","permanent":true,"campaign_id":9}`, 400)
		d.call("POST", "/links", `{"target":"https://example.com/","campaign_id":9}`, 400)
		d.call("POST", "/scene-codes", `{"scene":"a1","permanent":true,"campaign_id":1}`, 201)
		d.call("POST", "/links", `{"target":"https://example.com/","campaign_id":1}`, 201)
		d.call("PUT", "/campaigns/1/items", `{"kind":"coupon","ref":5,"on":true}`, 400)
		d.call("PUT", "/campaigns/1/items", `{"kind":"scene","ref":1,"on":true}`, 400)
		coupon := d.call("POST", "/coupons", fmt.Sprintf(`{"name":"九折","percent":10,"starts_at":%q,"ends_at":%q,"stock":5,"per_person":1}`, time.Now().Add(-time.Hour).Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339)), 201)
		for range 2 { // twice is once
			d.call("PUT", "/campaigns/1/items", fmt.Sprintf(`{"kind":"coupon","ref":%v,"on":true}`, coupon["id"]), 204)
		}
		d.fake.Follow("oFanNumber001", "a1")
		d.fake.Follow("oFanNumber002", "")
		time.Sleep(1100 * time.Millisecond) // WeChat tells whole seconds: a scan in the same one would be what led there
		d.fake.Scan("oFanNumber002", "a1")
		whole := d.call("GET", "/campaigns/1", "", 200)
		if len(whole["items"].([]any)) != 1 || len(whole["codes"].([]any)) != 1 || len(whole["links"].([]any)) != 1 {
			t.Errorf("%v", whole)
		}
		figure := func(name string) any {
			b := d.call("GET", "/campaigns/1/board", "", 200)
			return b["figures"].(map[string]any)[name].(map[string]any)["value"]
		}
		d.until("both scans count, one new follower is the campaign's", func() bool {
			return figure("scans") == 2.0 && figure("new_followers") == 1.0 && figure("cac") == 900.0
		})
		people := d.call("GET", "/campaigns/1/people?part=new_followers", "", 200)
		if items := people["items"].([]any); len(items) != 1 || items[0].(map[string]any)["follower_id"] != 1.0 {
			t.Errorf("%v", people)
		}
		// Stopped and taken up again; the second of two who change it is told.
		v := c["version"]
		d.call("POST", "/campaigns/1/stop", fmt.Sprintf(`{"on":true,"version":%v}`, v), 200)
		d.call("POST", "/campaigns/1/stop", fmt.Sprintf(`{"on":false,"version":%v}`, v), 409)
		stopped := d.call("GET", "/campaigns/1", "", 200)["campaign"].(map[string]any)
		if stopped["state"] != "stopped" || stopped["stopped_by"] == "" {
			t.Errorf("%v", stopped)
		}
		if got := d.call("POST", "/campaigns/1/stop", fmt.Sprintf(`{"on":false,"version":%v}`, stopped["version"]), 200); got["state"] != "running" {
			t.Errorf("%v", got)
		}
		d.call("PUT", "/campaigns/1/items", fmt.Sprintf(`{"kind":"coupon","ref":%v,"on":false}`, coupon["id"]), 204)
		d.call("GET", "/campaigns/2", "", 404)
		d.wants("in the trail", 5, "SELECT COUNT(*) FROM audit_entries WHERE object = 'campaign'") // made, attached, stopped, resumed, detached
	})
}
