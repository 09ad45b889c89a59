package main

import (
	"fmt"
	"strings"
	"testing"

	"loudou/service/wechat/wechattest"
)

// The menu: over the limits, refused by WeChat, published, rolled back.
func TestMenuOnTheDesk(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.call("PUT", "/menu/draft", `{"buttons":[{"type":"click","name":"名字太长太长太长","key":"A"}]}`, 200)
		if bad := d.call("POST", "/menu/publish", `{"note":"x"}`, 400); !strings.Contains(fmt.Sprint(bad), "名字太长太长太长") {
			t.Errorf("the button is not named: %v", bad)
		}
		if n := d.fake.Count("/cgi-bin/menu/create"); n != 0 {
			t.Errorf("%d calls before the check", n)
		}
		draft := d.call("PUT", "/menu/draft", `{"buttons":[{"type":"click","name":"一版","key":"TODAY"}]}`, 200)
		if draft["revision"].(float64) != 2 {
			t.Errorf("draft: %v", draft)
		}
		conflict := d.call("PUT", "/menu/draft", `{"buttons":[],"revision":1}`, 409)
		if !strings.Contains(fmt.Sprint(conflict), "boss") {
			t.Errorf("who was faster: %v", conflict)
		}
		unseen := d.call("POST", "/menu/publish", `{"note":"x","revision":1}`, 409)
		if !strings.Contains(fmt.Sprint(unseen), "boss") || d.fake.Count("/cgi-bin/menu/create") != 0 {
			t.Errorf("a draft nobody looked at went live, or who wrote it is not said: %v", unseen)
		}
		clear := d.fake.Fail("/cgi-bin/menu/create", wechattest.ErrCode(40018))
		d.call("POST", "/menu/publish", `{"note":"坏"}`, 400)
		clear()
		d.wants("versions after a refusal", 0, "SELECT COUNT(*) FROM menu_versions")
		d.call("POST", "/menu/publish", `{"note":"v1","revision":2}`, 200)
		d.call("PUT", "/menu/draft", `{"buttons":[{"type":"view","name":"二版","url":"https://example.com/"}],"conditional":[{"button":[{"type":"click","name":"安卓","key":"A"}],"matchrule":{"client_platform_type":"2"}}]}`, 200)
		d.call("POST", "/menu/publish", `{"note":"v2"}`, 200)
		if m := string(d.fake.MenuFor("oFanAlpha")); !strings.Contains(m, "二版") && !strings.Contains(m, "安卓") {
			t.Errorf("live: %s", m)
		}
		v := d.call("POST", "/menu/versions/1/restore", `{"note":"退回"}`, 200)
		if v["version"].(float64) != 3 || v["restored_from"].(float64) != 1 {
			t.Errorf("restored: %v", v)
		}
		if m := string(d.fake.MenuFor("oFanAlpha")); !strings.Contains(m, "一版") {
			t.Errorf("live after the restore: %s", m)
		}
		d.wants("audit", 3, "SELECT COUNT(*) FROM audit_entries WHERE action IN ('menu.publish', 'menu.restore')")
		if items := d.call("GET", "/menu/versions?page_size=2", "", 200)["items"].([]any); len(items) != 2 {
			t.Errorf("versions: %v", items)
		}
	})
}
