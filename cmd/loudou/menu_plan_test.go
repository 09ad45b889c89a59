package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"loudou/service/wechat/wechattest"
)

func (d *desk) plan(in time.Duration, more string) map[string]any {
	d.t.Helper()
	return d.call("POST", "/menu/plans", `{"at":"`+time.Now().Add(in).UTC().Format(time.RFC3339Nano)+`"`+more+`}`, 201)
}

func (d *desk) plans() []map[string]any {
	d.t.Helper()
	out := []map[string]any{}
	for _, one := range d.call("GET", "/menu/plans", "", 200)["items"].([]any) {
		out = append(out, one.(map[string]any))
	}
	return out
}

// A menu goes live at its time, once, though two instances run; what is written on the desk meanwhile waits.
func TestMenuAtATime(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		d.call("POST", "/menu/plans", `{"at":"2020-01-01T00:00:00Z"}`, 400)
		d.draft(menuOne)
		d.call("POST", "/menu/plans", `{"at":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`","revision":7}`, 409)
		p := d.plan(time.Hour, `,"note":"开卖"`)
		if p["state"] != "waiting" || !strings.Contains(fmt.Sprint(p["changes"]), "一版") {
			t.Errorf("planned: %v", p)
		}
		d.draft(menuTwo)
		if got := d.atWeChat(); got != nil {
			t.Errorf("before the time: %v", got)
		}
		path := fmt.Sprintf("/menu/plans/%v", p["id"])
		d.call("PUT", path, `{"at":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`","revision":9}`, 409)
		soon := time.Now().Add(2 * time.Second)
		d.call("PUT", path, fmt.Sprintf(`{"at":"%s","note":"开卖","revision":%v}`, soon.UTC().Format(time.RFC3339Nano), p["revision"]), 200)
		d.until("it is published", func() bool { return d.count("SELECT COUNT(*) FROM menu_versions") > 0 })
		if got := d.atWeChat(); got[0].Name != "一版" {
			t.Errorf("live: %v", got)
		}
		v := d.call("GET", "/menu/versions", "", 200)["items"].([]any)[0].(map[string]any)
		at, _ := time.Parse(time.RFC3339Nano, v["at"].(string))
		if v["note"] != "定时发布：开卖" || v["by"] != "boss" || at.Before(soon.Add(-time.Millisecond)) {
			t.Errorf("version: %v, planned for %v", v, soon)
		}
		d.until("no job is left", func() bool {
			return d.count("SELECT COUNT(*) FROM jobs WHERE kind = 'menu.plan' AND run_at < ?", time.Now().Add(time.Minute).UTC()) == 0
		})
		if n := d.fake.Count("/cgi-bin/menu/create"); n != 1 || len(d.plans()) != 0 {
			t.Errorf("%d calls, plans %v", n, d.plans())
		}
		d.wants("versions", 1, "SELECT COUNT(*) FROM menu_versions")
		if now := d.call("GET", "/menu/draft", "", 200); !strings.Contains(fmt.Sprint(now["buttons"]), "二版") {
			t.Errorf("the desk: %v", now["buttons"])
		}
		d.call("DELETE", path+"?revision=2", "", 409)
	})
}

// The same job on both instances at the same moment publishes once.
func TestMenuPlanTwice(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		d.draft(menuOne)
		p := d.plan(time.Hour, "")
		if err := d.houses[0].db.Exec("UPDATE menu_plans SET publish_at = ?", time.Now().UTC()).Error; err != nil {
			t.Fatal(err)
		}
		job := []byte(fmt.Sprintf(`{"id":%v,"revision":%v}`, p["id"], p["revision"]))
		ends := make(chan error)
		for _, h := range d.houses {
			go func() { ends <- h.menus.RunPlan(t.Context(), job) }()
		}
		for range d.houses {
			if err := <-ends; err != nil {
				t.Error(err)
			}
		}
		d.wants("versions", 1, "SELECT COUNT(*) FROM menu_versions")
		d.wants("done", 1, "SELECT COUNT(*) FROM menu_plans WHERE state = 'done' AND version = 1")
	})
}

// A plan that is taken back is not carried out; one that WeChat refuses is shown with the reason, counted on the
// first page, and can be planned again; one that WeChat does not answer is tried again.
func TestMenuPlanThatFails(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.draft(menuOne)
		p := d.plan(2*time.Second, "")
		d.call("DELETE", fmt.Sprintf("/menu/plans/%v?revision=%v", p["id"], p["revision"]), "", 204)
		clear := d.fake.Fail("/cgi-bin/menu/create", wechattest.ErrCode(40018))
		d.plan(time.Second, "")
		d.until("it fails", func() bool { return d.plans()[0]["state"] == "failed" })
		p = d.plans()[0]
		if !strings.Contains(fmt.Sprint(p["error"]), "名称") {
			t.Errorf("why: %v", p["error"])
		}
		for _, one := range d.call("GET", "/home", "", 200)["todo"].([]any) {
			if o := one.(map[string]any); o["key"] == "menu_plans" && o["count"].(float64) != 1 {
				t.Errorf("the first page: %v", o)
			}
		}
		clear()
		d.fake.Fail("/cgi-bin/menu/create", wechattest.Fault{Drop: true, Times: 2})
		d.call("PUT", fmt.Sprintf("/menu/plans/%v", p["id"]), fmt.Sprintf(`{"at":"%s","revision":%v}`, time.Now().Add(time.Second).UTC().Format(time.RFC3339Nano), p["revision"]), 200)
		d.until("it is published after all", func() bool { return d.count("SELECT COUNT(*) FROM menu_versions") == 1 })
		d.wants("plans done, one of them after three tries", 1, "SELECT COUNT(*) FROM menu_plans WHERE state = 'done' AND tries = 3")
		d.wants("plans taken back", 1, "SELECT COUNT(*) FROM menu_plans WHERE state = 'dropped' AND tries = 0")
		// Hours too late is not carried out: nobody expects it any more.
		late := d.plan(time.Hour, "")
		if err := d.houses[0].db.Exec("UPDATE menu_plans SET publish_at = ? WHERE id = ?", time.Now().Add(-2*time.Hour).UTC(), late["id"]).Error; err != nil {
			t.Fatal(err)
		}
		if err := d.houses[0].menus.RunPlan(t.Context(), []byte(fmt.Sprintf(`{"id":%v,"revision":1}`, late["id"]))); err != nil {
			t.Error(err)
		}
		if p := d.plans()[0]; p["state"] != "failed" || !strings.Contains(fmt.Sprint(p["error"]), "已放弃") {
			t.Errorf("too late: %v", p)
		}
	})
}
