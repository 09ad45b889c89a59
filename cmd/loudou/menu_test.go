package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/wechat/wechattest"
)

const (
	menuOne = `{"type":"click","name":"一版","key":"ONE"}`
	menuTwo = `{"type":"click","name":"二版","key":"TWO"}`
)

// atWeChat is the default menu that is live, by names and what they do.
func (d *desk) atWeChat() []model.MenuButton {
	d.t.Helper()
	var out []model.MenuButton
	if raw := d.fake.MenuFor("nobody in particular"); raw != nil {
		if err := json.Unmarshal(raw, &out); err != nil {
			d.t.Fatal(err)
		}
	}
	return out
}

func (d *desk) draft(buttons string, more ...string) map[string]any {
	d.t.Helper()
	return d.call("PUT", "/menu/draft", `{"buttons":[`+buttons+`]`+strings.Join(more, "")+`}`, 200)
}

// Check 19: what WeChat would refuse is refused before any call, the button named.
func TestMenuOverItsLimits(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		six := strings.TrimSuffix(strings.Repeat(menuOne+",", 6), ",")
		for name, buttons := range map[string]string{
			"第四个":           menuOne + "," + menuOne + "," + menuOne + `,{"type":"click","name":"第四个","key":"K"}`,
			"六个下面":          `{"name":"六个下面","sub_button":[` + six + `]}`,
			"十七字节的名字啊12345": `{"type":"click","name":"十七字节的名字啊12345","key":"K"}`,
			"没有域名":          `{"type":"view","name":"没有域名","url":"http://page"}`,
			"没有备用网页":        `{"type":"miniprogram","name":"没有备用网页","appid":"wx1","pagepath":"pages/i"}`,
		} {
			d.draft(buttons)
			if bad := d.call("POST", "/menu/publish", `{"note":"x"}`, 400); !strings.Contains(fmt.Sprint(bad), name) {
				t.Errorf("%s is not named: %v", name, bad)
			}
			if bad := d.call("POST", "/menu/plans", `{"at":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`, 400); !strings.Contains(fmt.Sprint(bad), name) {
				t.Errorf("%s is not named when it is planned: %v", name, bad)
			}
		}
		if n := d.fake.Count("/cgi-bin/menu/*"); n != 0 {
			t.Errorf("%d calls before the check", n)
		}
	})
}

// Check 20: WeChat refuses, or does not answer. The published version stays, so does the draft, the reason is
// Chinese, and doing it again is safe.
func TestMenuFailsAtWeChat(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.draft(menuOne)
		d.call("POST", "/menu/publish", `{"note":"v1"}`, 200)
		two := `,"conditional":[{"name":"安卓机","button":[{"type":"click","name":"安卓","key":"A"}],"matchrule":{"client_platform_type":"2"}},{"button":[{"type":"click","name":"苹果","key":"I"}],"matchrule":{"client_platform_type":"1"}}]`
		before := d.draft(menuTwo, two)
		for _, c := range []struct {
			name, path string
			fault      wechattest.Fault
			want       int
			says       string
			live       []string // what the default menu may be afterwards
		}{
			{"40018", "/cgi-bin/menu/create", wechattest.ErrCode(40018), 400, "名称", []string{"一版"}},
			{"a time-out", "/cgi-bin/menu/create", wechattest.Fault{Hang: true}, 503, "再发布一次", []string{"一版"}},
			{"a time-out after the deed", "/cgi-bin/menu/create", wechattest.Fault{Hang: true, After: true}, 503, "再发布一次", []string{"二版"}},
			{"a conditional one", "/cgi-bin/menu/addconditional", wechattest.ErrCode(65305), 409, "上限", []string{"一版"}},
		} {
			if c.path == "/cgi-bin/menu/create" {
				c.fault.Times = 1
			}
			clear := d.fake.Fail(c.path, c.fault)
			bad := d.call("POST", "/menu/publish", `{"note":"坏"}`, c.want)
			clear()
			if !strings.Contains(fmt.Sprint(bad), c.says) {
				t.Errorf("%s: %v", c.name, bad)
			}
			d.wants(c.name+": versions", 1, "SELECT COUNT(*) FROM menu_versions")
			if got := d.atWeChat(); !slices.Contains(c.live, got[0].Name) {
				t.Errorf("%s: live is %v", c.name, got)
			}
			now := d.call("GET", "/menu/draft", "", 200)
			if now["revision"] != before["revision"] || now["version"].(float64) != 1 || !strings.Contains(fmt.Sprint(now["buttons"]), "二版") {
				t.Errorf("%s: the draft is %v", c.name, now)
			}
		}
		d.call("POST", "/menu/publish", `{"note":"v2"}`, 200)
		if got := d.atWeChat(); got[0].Name != "二版" {
			t.Errorf("live after all: %v", got)
		}
		live := d.call("GET", "/menu/live", "", 200)
		if len(live["conditional"].([]any)) != 2 || len(live["drifted"].([]any)) != 0 {
			t.Errorf("conditional menus after failures and a success: %v", live)
		}
	})
}

// Check 21: v1, v2, back to v1: WeChat's menu equals v1, the click replies of v1 answer, the trail says who, when
// and what.
func TestMenuRollsBack(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.fake.AddPerson(wechattest.Person{ID: "alpha", OpenID: "oFanAlpha"})
		d.rule(`{"name":"一","kind":"menu","event_key":"ONE","messages":[{"type":"text","content":"一版的回答"}]}`)
		d.publish()
		d.draft(menuOne)
		d.call("POST", "/menu/publish", `{"note":"v1"}`, 200)
		first := d.atWeChat()
		saved := d.draft(menuTwo)
		if bad := d.call("POST", "/menu/publish", `{"revision":1}`, 409); !strings.Contains(fmt.Sprint(bad), "boss") {
			t.Errorf("a draft nobody looked at: %v", bad)
		}
		d.call("POST", "/menu/publish", fmt.Sprintf(`{"note":"v2","revision":%v}`, saved["revision"]), 200)
		if got := d.atWeChat(); got[0].Name != "二版" {
			t.Errorf("v2: %v", got)
		}
		v := d.call("POST", "/menu/versions/1/restore", `{"note":"退回"}`, 200)
		if v["version"].(float64) != 3 || v["restored_from"].(float64) != 1 {
			t.Errorf("restored: %v", v)
		}
		if got := d.atWeChat(); !model.SameButtons(got, first) {
			t.Errorf("live is %v, v1 was %v", got, first)
		}
		if got := d.fake.Click("alpha", "ONE"); !strings.Contains(fmt.Sprint(got.Text()), "一版的回答") {
			t.Errorf("v1's click: %v", got.Text())
		}
		entries := d.call("GET", "/audit?object=menu_version", "", 200)["items"].([]any)
		if len(entries) != 3 {
			t.Fatalf("audit: %v", entries)
		}
		for i, want := range []string{"二版", "一版", "一版"} {
			e := entries[i].(map[string]any)
			if e["operator_name"] != "boss" || e["at"] == nil || !strings.Contains(fmt.Sprint(e["after"]), want) {
				t.Errorf("audit %d: %v", i, e)
			}
		}
		if items := d.call("GET", "/menu/versions?page_size=2", "", 200)["items"].([]any); len(items) != 2 {
			t.Errorf("versions: %v", items)
		}
		if now := d.call("GET", "/menu/draft", "", 200); len(now["changes"].([]any)) != 0 {
			t.Errorf("the desk after the restore: %v", now["changes"])
		}
	})
}

// The menu that was made in WeChat's console comes in as a draft, the differences in words, and what it said by
// itself as answers to make rules of.
func TestMenuPulledIn(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		if live := d.call("GET", "/menu/live", "", 200); live["open"] != false || len(live["buttons"].([]any)) != 0 {
			t.Errorf("no menu: %v", live)
		}
		d.fake.SetConsoleMenu(`[{"type":"text","name":"退款","value":"七天内可退"},{"name":"更多","sub_button":{"list":[{"type":"view","name":"官网","url":"https://example.com/"}]}}]`)
		live := d.call("GET", "/menu/live", "", 200)
		answer := live["answers"].([]any)[0].(map[string]any)
		if live["open"] != true || answer["button"] != "退款" || !strings.Contains(fmt.Sprint(live["changes"]), "新增按钮「更多 / 官网」：打开网页 https://example.com/") {
			t.Errorf("live: %v", live)
		}
		buttons, _ := json.Marshal(live["buttons"])
		d.draft(strings.Trim(string(buttons), "[]"))
		d.call("POST", "/menu/publish", `{"note":"搬进来"}`, 200)
		if live = d.call("GET", "/menu/live", "", 200); len(live["changes"].([]any))+len(live["drifted"].([]any))+len(live["answers"].([]any)) != 0 {
			t.Errorf("after it was published: %v", live)
		}
		d.fake.SetConsoleMenu(`[{"type":"view","name":"被人改了","url":"https://example.com/"}]`)
		if live = d.call("GET", "/menu/live", "", 200); !strings.Contains(fmt.Sprint(live["drifted"]), "换成「被人改了」") {
			t.Errorf("changed behind our back: %v", live["drifted"])
		}
	})
}

// Which menu a fan sees: the conditional one that matches and was added last, else the default.
func TestMenuAFanSees(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		for _, p := range []wechattest.Person{{ID: "plain", OpenID: "oFanPlain", Platform: "ios"}, {ID: "vip", OpenID: "oFanVip", Platform: "ios", Tags: []int{101}}, {ID: "both", OpenID: "oFanBoth", Platform: "android", Tags: []int{101}}} {
			d.fake.AddPerson(p)
			d.fake.Follow(p.ID, "")
		}
		d.draft(menuOne, `,"conditional":[{"name":"安卓机","button":[{"type":"click","name":"安卓","key":"A"}],"matchrule":{"client_platform_type":"2"}},{"name":"贵宾","button":[{"type":"click","name":"贵宾","key":"V"}],"matchrule":{"tag_id":"101"}}]`)
		d.call("POST", "/menu/publish", `{}`, 200)
		for who, want := range map[string]string{"oFanPlain": "默认菜单", "oFanVip": "个性化菜单「贵宾」", "oFanBoth": "个性化菜单「贵宾」"} {
			var id int64
			d.until(who+" is known", func() bool {
				id = d.count("SELECT COALESCE(MAX(id), 0) FROM followers WHERE openid = ?", who)
				return id > 0
			})
			if got := d.call("POST", "/menu/see", fmt.Sprintf(`{"follower_id":%d}`, id), 200); got["name"] != want {
				t.Errorf("%s sees %v, want %s", who, got["name"], want)
			}
		}
		// The order decides: the last is tried first.
		d.draft(menuOne, `,"conditional":[{"name":"贵宾","button":[{"type":"click","name":"贵宾","key":"V"}],"matchrule":{"tag_id":"101"}},{"name":"安卓机","button":[{"type":"click","name":"安卓","key":"A"}],"matchrule":{"client_platform_type":"2"}}]`)
		d.call("POST", "/menu/publish", `{}`, 200)
		if got := d.call("POST", "/menu/see", `{"who":"oFanBoth"}`, 200); got["name"] != "个性化菜单「安卓机」" || got["which"].(float64) != 1 {
			t.Errorf("after the order was changed: %v", got)
		}
		// What is taken away in the draft goes at WeChat too.
		d.draft(menuOne)
		d.call("POST", "/menu/publish", `{}`, 200)
		if got := d.call("POST", "/menu/see", `{"who":"oFanBoth"}`, 200); got["which"].(float64) != -1 {
			t.Errorf("after it was taken away: %v", got)
		}
	})
}

// Taps are counted from the stored pushes: a push told again is one, and each belongs to the version that was live.
func TestMenuTaps(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		publish := func(buttons string) {
			d.draft(buttons)
			d.call("POST", "/menu/publish", `{}`, 200)
		}
		tap := func(fan, event, key string, at time.Time, times int) {
			m := fields("ToUserName", "gh", "FromUserName", fan, "CreateTime", fmt.Sprint(at.Unix()), "MsgType", "event", "Event", event, "EventKey", key).XML()
			for range times {
				if status, _, _ := d.send(0, m); status != 200 {
					t.Errorf("tap: %d", status)
				}
			}
		}
		publish(menuOne)
		// Versions are cut at the millisecond, WeChat counts in seconds: each tap lies clear of the cut.
		cut := time.Now().Truncate(time.Second)
		if err := d.houses[0].db.Exec("UPDATE menu_versions SET published_at = ? WHERE version = 1", cut.Add(-100*time.Second).UTC()).Error; err != nil {
			t.Fatal(err)
		}
		publish(menuTwo)
		if err := d.houses[0].db.Exec("UPDATE menu_versions SET published_at = ? WHERE version = 2", cut.Add(-50*time.Second).UTC()).Error; err != nil {
			t.Fatal(err)
		}
		const page = "https://example.com/?a=1&b=2"
		tap("oFanA", "CLICK", "ONE", cut.Add(-80*time.Second), 3) // told three times
		tap("oFanB", "CLICK", "ONE", cut.Add(-80*time.Second), 1)
		tap("oFanA", "CLICK", "ONE", cut.Add(-20*time.Second), 1) // an old menu on a phone
		tap("oFanA", "CLICK", "TWO", cut.Add(-10*time.Second), 1)
		tap("oFanA", "VIEW", page, cut.Add(-9*time.Second), 1)
		tap("oFanA", "view_miniprogram", "pages/i", cut.Add(-8*time.Second), 1)
		tap("oFanA", "SCAN", "ONE", cut.Add(-7*time.Second), 1) // no button
		d.until("all are kept", func() bool { return d.count("SELECT COUNT(*) FROM pushes") == 7 })
		from, to := model.Day(cut.Add(-100*time.Second)), model.Day(cut)
		got := map[string]float64{}
		for _, one := range d.call("GET", "/menu/taps?from="+from+"&to="+to, "", 200)["items"].([]any) {
			o := one.(map[string]any)
			got[fmt.Sprintf("%v %v %v", o["version"], o["event"], o["key"])] += o["count"].(float64)
		}
		want := map[string]float64{"1 CLICK ONE": 2, "2 CLICK ONE": 1, "2 CLICK TWO": 1, "2 VIEW " + page: 1, "2 view_miniprogram pages/i": 1}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("taps:\n got %v\nwant %v", got, want)
		}
		day := url.QueryEscape(model.Day(cut.AddDate(0, 0, -3)))
		if items := d.call("GET", "/menu/taps?from="+day+"&to="+day, "", 200)["items"].([]any); len(items) != 0 {
			t.Errorf("another day: %v", items)
		}
		d.call("GET", "/menu/taps?from="+to+"&to="+day, "", 400)
	})
}

// Articles to choose from are those that WeChat has published, whoever did it; those taken away are not offered.
func TestMenuArticles(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		if got := d.call("GET", "/menu/articles", "", 200); len(got["items"].([]any)) != 0 || got["next_offset"].(float64) != 0 {
			t.Errorf("none: %v", got)
		}
		for i := range 22 {
			d.fake.PublishInConsole(fmt.Sprintf("第 %d 篇", i+1))
		}
		first := d.call("GET", "/menu/articles", "", 200)
		items := first["items"].([]any)
		if len(items) != 20 || first["next_offset"].(float64) != 20 || items[0].(map[string]any)["title"] != "第 22 篇" || items[0].(map[string]any)["article_id"] == "" {
			t.Errorf("first page: %v", first)
		}
		if rest := d.call("GET", "/menu/articles?offset=20", "", 200); len(rest["items"].([]any)) != 2 || rest["next_offset"].(float64) != 0 {
			t.Errorf("the rest: %v", rest)
		}
		clear := d.fake.Fail("/cgi-bin/freepublish/batchget", wechattest.ErrCode(48001))
		if bad := d.call("GET", "/menu/articles", "", 403); !strings.Contains(fmt.Sprint(bad), "权限") {
			t.Errorf("without the right: %v", bad)
		}
		clear()
	})
}
