package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"loudou/model"
	"loudou/service/wechat/wechattest"
)

// file fetches a download of the console.
func (d *desk) file(path string) string {
	d.t.Helper()
	res, err := d.http.Get(d.urls[0] + "/console/v1" + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK {
		d.t.Fatalf("%s: %d %s", path, res.StatusCode, raw)
	}
	return string(raw)
}

// story gives the kinds of a fan's lines, page by page, the latest first.
func (d *desk) story(id any) (out []string) {
	d.t.Helper()
	token := ""
	for range 50 {
		p := d.call("GET", fmt.Sprintf("/followers/%v/story?page_size=3&page_token=%s", id, token), "", 200)
		for _, l := range p["items"].([]any) {
			m := l.(map[string]any)
			out = append(out, fmt.Sprintf("%v %v", m["kind"], m["text"]))
		}
		if token, _ = p["next_page_token"].(string); token == "" {
			return out
		}
	}
	d.t.Error("the story never ends")
	return nil
}

// The list finds a fan by whatever is known of them, and their page tells what they did in both apps.
func TestFanListAndStory(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		ann := d.fake.AddPerson(wechattest.Person{OpenID: "oFanAnnAnnAnn", Remark: "安老师 100%", Tags: []int{2}})
		d.fake.Follow(ann.OpenID, "a1")
		d.fake.Follow("oFanBobBobBob", "")
		d.fake.Follow("oFanEveEveEve", "")
		d.fake.Say(ann.OpenID, "在吗")
		d.fake.Scan(ann.OpenID, "b2")
		d.fake.Click(ann.OpenID, "TODAY")
		d.until("WeChat was asked who they are", func() bool {
			return d.count("SELECT COUNT(*) FROM followers WHERE subscribe_scene <> ''") == 3 && d.count("SELECT COUNT(*) FROM jobs") == 0
		})
		d.fake.Unfollow("oFanEveEveEve")
		d.tableRow("INSERT INTO followers (appid, openid, subscribed, changed_at, created_at, updated_at) VALUES ('wxother', 'oFanOther', 1, ?, ?, ?)")
		for q, want := range map[string]int{
			"": 3, "?following=true": 2, "?following=false": 1, "?q=%E5%AE%89%E8%80%81": 1, "?q=100%25": 1, "?q=10%255": 0, "?q=oFanBob": 1, "?q=oFan": 0, "?tag=2": 1, "?tag=3": 0,
			"?source=ADD_SCENE_QR_CODE": 1, "?source=ADD_SCENE_SEARCH": 2, "?scene=a1": 1, "?blocked=true": 0, "?from=" + model.Day(d.houses[0].clock.now()): 3, "?to=2020-01-01": 0,
		} {
			if got := d.call("GET", "/followers"+q, "", 200); len(got["items"].([]any)) != want {
				t.Errorf("%s: %v, want %d", q, got["items"], want)
			}
		}
		d.call("GET", "/followers?source=nothing", "", 400)
		d.call("GET", "/followers?from=2026-01-02&to=2026-01-01", "", 400)
		first := d.call("GET", "/followers?page_size=2", "", 200)
		rest := d.call("GET", "/followers?page_size=2&page_token="+first["next_page_token"].(string), "", 200)
		if len(first["items"].([]any)) != 2 || len(rest["items"].([]any)) != 1 || rest["next_page_token"] != "" {
			t.Errorf("pages: %v %v", first, rest)
		}
		csv := d.file("/followers.csv?following=true")
		if n := strings.Count(csv, "\n"); n != 3 || strings.Contains(csv, "oFanAnnAnnAnn") || !strings.Contains(csv, "安老师 100%") || !strings.Contains(csv, "oFan…nAnn") {
			t.Errorf("file: %s", csv)
		}

		id := d.count("SELECT id FROM followers WHERE openid = ?", ann.OpenID)
		d.tableRow("INSERT INTO reply_sends (appid, push_key, seq, openid, message, opened_at, ends_at, state, created_at) VALUES ('" + d.fake.Official().AppID + "', 'k', 1, '" + ann.OpenID + "', '{\"type\":\"text\",\"content\":\"在的\"}', ?, ?, 'sent', ?)")
		d.tableRow("INSERT INTO learners (appid, openid, unionid, person_id, platform, login_at, created_at, updated_at) SELECT '" + d.fake.Mini().AppID + "', 'oMiniAnn', 'u', person_id, 'ios', ?, ?, ? FROM followers WHERE openid = '" + ann.OpenID + "'")
		d.tableRow("INSERT INTO orders (appid, out_trade_no, person_id, title, amount, refunded, status, expires_at, created_at, paid_at, updated_at) SELECT '" + d.fake.Mini().AppID + "', 'L1', person_id, '写作课', 19900, 9900, 'partly_refunded', ?, ?, ?, changed_at FROM followers WHERE openid = '" + ann.OpenID + "'")
		got := strings.Join(d.story(id), " | ")
		for _, want := range []string{"follow a1", "message 在吗", "scan b2", "menu_click TODAY", "reply 在的", "order 写作课", "paid 写作课"} {
			if strings.Count(got, want) != 1 {
				t.Errorf("%q is not told once in %s", want, got)
			}
		}
		f := d.call("GET", fmt.Sprintf("/followers/%d", id), "", 200)
		if f["mini"] != true || f["orders"] != float64(1) || f["net"] != float64(10000) || f["remark"] != "安老师 100%" || len(f["tags"].([]any)) != 1 || strings.Contains(fmt.Sprint(f), ann.OpenID) {
			t.Errorf("fan: %v", f)
		}
		other := d.count("SELECT id FROM followers WHERE appid = 'wxother'")
		d.call("GET", fmt.Sprintf("/followers/%d", other), "", 404)
		d.call("GET", fmt.Sprintf("/followers/%d/story", other), "", 404)
	})
}

// tableRow runs a statement whose three marks are now.
func (d *desk) tableRow(sql string) {
	d.t.Helper()
	now := model.Milli(d.houses[0].clock.now())
	if err := d.houses[0].db.Exec(sql, now, now, now).Error; err != nil {
		d.t.Fatal(err)
	}
}
