package main

import (
	"fmt"
	"strings"
	"testing"

	"loudou/service/wechat/wechattest"
)

// A fan's whole day, from following to leaving, as an operator has set it up.
func TestFansDay(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		if err := d.fake.VerifyURL(d.fake.Official().AppID); err != nil {
			t.Fatal(err)
		}
		d.rule(welcome)
		d.rule(courses)
		if got := d.fake.Say("oFanAlpha", "课程"); !got.Heard || len(got.Plain) != 0 {
			t.Errorf("a draft answered: %s %s", got.Plain, got.Fault)
		}
		d.publish()
		for _, bad := range []string{``, ` a1`, `a1\n`, `a\u0000b`, strings.Repeat("字", 22)} {
			d.call("POST", "/scene-codes", `{"scene":"`+bad+`"}`, 400)
		}
		d.call("POST", "/scene-codes", `{"scene":"a1","permanent":true,"channel":"海报"}`, 201)
		d.rule(`{"name":"海报","kind":"scene","event_key":"a1","messages":[{"type":"text","content":"海报来的"}]}`)
		d.rule(`{"name":"今日","kind":"menu","event_key":"TODAY","messages":[{"type":"text","content":"今日课程表"}]}`)
		thumb := d.fake.AddMedia("image", "image/jpeg", []byte("picture"))
		d.rule(`{"name":"三条","kind":"keyword","keywords":[{"text":"资料","match":"exact"}],"messages":[{"type":"text","content":"一"},{"type":"text","content":"二"},{"type":"miniprogrampage","title":"三","appid":"` + d.fake.Mini().AppID + `","pagepath":"p","thumb_media_id":"` + thumb + `"}]}`)
		d.publish()
		for _, step := range []struct {
			name string
			got  wechattest.Delivery
			want string
		}{
			{"follow", d.fake.Follow("oFanAlpha", ""), "欢迎关注"},
			{"keyword", d.fake.Say("oFanAlpha", "我想买课程"), "课程在这里"},
			{"nothing", d.fake.Say("oFanAlpha", "你好"), ""},
			{"follow by code", d.fake.Follow("oFanBeta", "a1"), "海报来的"},
			{"scan", d.fake.Scan("oFanAlpha", "a1"), "海报来的"},
			{"scan of an unknown code", d.fake.Scan("oFanAlpha", "zz"), "欢迎关注"},
			{"click", d.fake.Click("oFanAlpha", "TODAY"), "今日课程表"},
			{"view", d.fake.View("oFanAlpha", "https://example.com/"), ""},
			{"leave", d.fake.Unfollow("oFanAlpha"), ""},
			{"come back", afterASecond(func() wechattest.Delivery { return d.fake.Follow("oFanAlpha", "") }), "欢迎关注"},
		} {
			if !step.got.Heard || step.got.Text() != step.want {
				t.Errorf("%s: %q (%s), want %q", step.name, step.got.Text(), step.got.Fault, step.want)
			}
		}
		d.wants("pushes", 11, "SELECT COUNT(*) FROM pushes")
		d.wants("changes", 4, "SELECT COUNT(*) FROM follower_changes")
		d.wants("following", 2, "SELECT COUNT(*) FROM followers WHERE subscribed = 1")
		d.wants("follows of oA", 2, "SELECT follows FROM followers WHERE openid = 'oFanAlpha'")
		d.wants("scans", 3, "SELECT COUNT(*) FROM scene_scans")
		d.wants("scans by new fans", 1, "SELECT COUNT(*) FROM scene_scans WHERE new_fan = 1")
		d.wants("events", 12, "SELECT COUNT(*) FROM events")
		d.wants("hits of the keyword", 1, "SELECT SUM(hits) FROM reply_hits WHERE keyword = '课程'")
		if got := d.fake.Say("oFanBeta", "资料"); got.Text() != "一" {
			t.Errorf("first of three: %q", got.Text())
		}
		d.until("the other two", func() bool { return d.count("SELECT COUNT(*) FROM reply_sends WHERE state = 'sent'") == 2 })
		var shown []string
		for _, l := range d.fake.ChatOf("oFanBeta", 0) {
			shown = append(shown, l.Text)
		}
		if s := strings.Join(shown, " "); !strings.Contains(s, "一 二") {
			t.Errorf("chat: %s", s)
		}
		d.until("unionid asked for", func() bool { return d.fake.Count("/cgi-bin/user/info") >= 2 })
		f := d.call("GET", "/followers", "", 200)
		if items := f["items"].([]any); len(items) != 2 || strings.Contains(fmt.Sprint(items), "oFanAlpha") {
			t.Errorf("followers: %v", f)
		}
		d.call("GET", "/replies/hits?from=2020-01-01&to=2099-01-01", "", 200)
		un := d.call("GET", "/replies/unanswered", "", 200)
		if !strings.Contains(fmt.Sprint(un), "你好") || strings.Contains(fmt.Sprint(un), "买课程") {
			t.Errorf("unanswered: %v", un)
		}
	})
}
