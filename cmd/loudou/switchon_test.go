package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"loudou/service/wechat/wechattest"
)

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// consoleMade gives the fake what an operator made in WeChat's own console.
func consoleMade(t *testing.T, f *wechattest.Fake) {
	t.Helper()
	id := f.AddMedia("image", "image/png", picture(t))
	f.SetConsoleReplies(fmt.Sprintf(`{"is_add_friend_reply_open":1,"is_autoreply_open":1,
		"add_friend_autoreply_info":{"type":"text","content":"欢迎来到后台"},
		"message_default_autoreply_info":{"type":"text","content":"稍后回复你"},
		"keyword_autoreply_info":{"list":[
			{"rule_name":"课表","create_time":1423028166,"reply_mode":"reply_all","keyword_list_info":[{"type":"text","match_mode":"contain","content":"课表"},{"type":"text","match_mode":"equal","content":"KB"}],"reply_list_info":[{"type":"text","content":"课表在这"},{"type":"img","content":%q}]},
			{"rule_name":"文章","create_time":1423028167,"reply_mode":"random_one","keyword_list_info":[{"type":"text","match_mode":"equal","content":"文章"}],"reply_list_info":[{"type":"news","news_info":{"list":[{"title":"一","digest":"d","cover_url":"https://mmbiz.qpic.cn/1","content_url":"https://mp.weixin.qq.com/s/1"},{"title":"二","content_url":"https://mp.weixin.qq.com/s/2"}]}}]},
			{"rule_name":"片子","create_time":1423028168,"reply_mode":"reply_all","keyword_list_info":[{"type":"text","match_mode":"equal","content":"片子"}],"reply_list_info":[{"type":"video","content":"http://61.182.133.153/v"}]}
		]}}`, id))
	f.SetConsoleMenu(fmt.Sprintf(`[{"name":"关于","sub_button":{"list":[{"type":"view","name":"官网","url":"https://example.com/"},{"type":"img","name":"海报","value":%q}]}},{"type":"text","name":"客服","value":"工作日 9 点到 18 点"}]`, id))
}

func linesOf(live map[string]any) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, one := range live["lines"].([]any) {
		l := one.(map[string]any)
		out[l["name"].(string)] = l
	}
	return out
}

// What WeChat's console answers becomes drafts, said in words before; a repeat adds nothing, an operator's change
// stays; nothing reaches a fan before the switch; and the first call is seen, or what is wrong with it.
func TestSwitchOn(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		consoleMade(t, d.fake)
		live := d.call("GET", "/switchon/live", "", 200)
		lines := linesOf(live)
		for name, want := range map[string]string{"被关注回复（公众平台）": "new", "收到消息回复（公众平台）": "new", "课表": "new", "文章": "new", "片子": "lost", "菜单：客服": "new"} {
			if lines[name]["state"] != want {
				t.Errorf("%s: %v, want %s", name, lines[name], want)
			}
		}
		if n := fmt.Sprint(lines["片子"]["notes"]); !strings.Contains(n, "视频") {
			t.Errorf("what cannot be taken over is not said: %s", n)
		}
		if n := fmt.Sprint(lines["文章"]["notes"]); !strings.Contains(n, "2 篇图文") {
			t.Errorf("%s", n)
		}
		if lines["课表"]["files"].(float64) != 1 || live["menu_files"].(float64) != 1 || len(live["menu_changes"].([]any)) == 0 {
			t.Errorf("%v", live)
		}
		d.wants("rules", 0, "SELECT COUNT(*) FROM reply_rules")

		// Two owners at once: one of everything.
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { d.call("POST", "/switchon/import", `{"replies":true,"menu":true}`, 200) })
		}
		wg.Wait()
		d.wants("rules", 5, "SELECT COUNT(*) FROM reply_rules")
		if n := d.count("SELECT COUNT(*) FROM materials WHERE permanent = ? AND file IS NOT NULL", true); n == 0 {
			t.Error("no picture was copied")
		}
		lines = linesOf(d.call("GET", "/switchon/live", "", 200))
		if lines["课表"]["state"] != "had" || lines["菜单：客服"]["state"] != "had" {
			t.Errorf("%v", lines)
		}
		if c := d.call("GET", "/switchon/live", "", 200)["menu_changes"].([]any); len(c) != 0 {
			t.Errorf("a new temporary name is taken for a change: %v", c)
		}
		state := d.call("GET", "/switchon", "", 200)
		if n := fmt.Sprint(state["imported"].(map[string]any)["notes"]); state["rule_changes"].(float64) != 5 || state["menu_changes"].(float64) == 0 {
			t.Errorf("%v %s", state, n)
		}
		draft := d.call("GET", "/menu/draft", "", 200)
		if s := fmt.Sprint(draft["faults"]); s != "[]" && s != "<nil>" {
			t.Errorf("the menu could not be published: %s", s)
		}

		// An operator's hand stays.
		id := strconv.Itoa(int(lines["课表"]["rule_id"].(float64)))
		d.call("PUT", "/replies/"+id, `{"name":"课表新","kind":"keyword","enabled":true,"keywords":[{"text":"课表","match":"contains"}],"pick":"all","messages":[{"type":"text","content":"新课表"}]}`, 200)
		d.call("POST", "/switchon/import", `{"replies":true,"menu":false}`, 200)
		d.wants("rules", 5, "SELECT COUNT(*) FROM reply_rules")
		d.wants("renamed", 1, "SELECT COUNT(*) FROM reply_rules WHERE name = ?", "课表新")

		// Nothing is different for fans: WeChat's menu is as it was, nothing was sent.
		for _, path := range []string{"/cgi-bin/menu/create", "/cgi-bin/message/custom/send", "/cgi-bin/menu/delete"} {
			if n := d.fake.Count(path); n != 0 {
				t.Errorf("%s was called %d times", path, n)
			}
		}

		// The switch: the first thing that comes is told apart.
		oa := d.fake.Official()
		waits := func(state, text string) {
			t.Helper()
			var w map[string]any
			for range 150 {
				w, _ = d.call("GET", "/switchon", "", 200)["wait"].(map[string]any)
				if w["state"] == state && strings.Contains(w["text"].(string), text) {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
			t.Errorf("%v, want %s %s", w, state, text)
		}
		d.publish()
		d.until("both know the rules", func() bool { return d.houses[0].replies.Live() == 1 && d.houses[1].replies.Live() == 1 })
		d.call("POST", "/switchon/wait", "", 200)
		waits("waiting", "还没有收到")
		d.fake.SetHooks(d.urls[1]+"/hook/official", "") // WeChat reaches the other instance
		d.fake.SetSecrets(oa.AppID, "AnotherToken1", "")
		if d.fake.VerifyURL(oa.AppID) == nil {
			t.Error("another token is good")
		}
		waits("wrong", "Token 多半不一致")
		d.fake.SetSecrets(oa.AppID, oa.Token, strings.Repeat("b", 43))
		if err := d.fake.VerifyURL(oa.AppID); err != nil {
			t.Fatal(err)
		}
		waits("echo", "Token 是对的")
		if got := d.fake.PushMessage("oFanAlpha", fields("MsgType", "text", "Content", "KB", "MsgId", "1")); got.Heard {
			t.Errorf("answered: %s", got.Plain)
		}
		waits("wrong", "EncodingAESKey 不一致")
		d.fake.SetSecrets(oa.AppID, oa.Token, oa.AESKey)
		got := d.fake.PushMessage("oFanAlpha", fields("MsgType", "text", "Content", "有课表吗", "MsgId", "2"))
		if !got.Heard || !bytes.Contains(got.Plain, []byte("新课表")) {
			t.Errorf("the taken over rule does not answer: %s %s", got.Fault, got.Plain)
		}
		waits("push", "接管成功")
	})
}

// Our own try of the address is not WeChat's; what holds before the switch is said by setting and by try.
func TestSwitchOnChecks(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.houses[0].cfg.PublicURL = d.urls[0]
		checks := map[string]map[string]any{}
		d.call("POST", "/switchon/wait", "", 200)
		for _, one := range d.call("POST", "/switchon/checks", "", 200)["items"].([]any) {
			c := one.(map[string]any)
			checks[c["key"].(string)] = c
		}
		for _, key := range []string{"settings", "try_token_official", "try_callback", "try_clock", "database", "redis", "whitelist"} {
			if checks[key]["state"] != "ok" {
				t.Errorf("%s: %v", key, checks[key])
			}
		}
		if w := d.call("GET", "/switchon", "", 200)["wait"].(map[string]any); w["state"] != "waiting" || w["echo"] != nil {
			t.Errorf("our own try is taken for WeChat's: %v", w)
		}
	})
}

// Only an owner gets the secrets, and the trail says so; the page itself never has them.
func TestSwitchOnSecrets(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		oa := d.fake.Official()
		page := fmt.Sprint(d.call("GET", "/switchon", "", 200))
		if strings.Contains(page, oa.Token) || strings.Contains(page, oa.AESKey) {
			t.Error("the page holds a secret")
		}
		got := d.call("POST", "/switchon/secrets", "", 200)
		if got["token"] != oa.Token || got["aes_key"] != oa.AESKey {
			t.Errorf("%v", got)
		}
		d.wants("in the trail", 1, "SELECT COUNT(*) FROM audit_entries WHERE action = 'takeover.reveal' AND operator_name = 'boss'")
		d.call("POST", "/operators", `{"name":"editor","password":"Correct-Horse-8","role":"editor"}`, 201)
		d.csrf = d.call("POST", "/login", `{"name":"editor","password":"Correct-Horse-8"}`, 200)["csrf_token"].(string)
		d.call("POST", "/switchon/secrets", "", 403)
		d.call("POST", "/switchon/wait", "", 403)
		d.call("GET", "/switchon", "", 200)
	})
}

// WeChat that does not answer half way leaves no half: no rule, no menu; again is safe.
func TestSwitchOnWholeOrNothing(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		consoleMade(t, d.fake)
		d.fake.Fail("/cgi-bin/media/get", wechattest.Fault{Status: 502})
		d.call("POST", "/switchon/import", `{"replies":true,"menu":true}`, 503)
		d.wants("rules", 0, "SELECT COUNT(*) FROM reply_rules")
		d.wants("drafts", 0, "SELECT COUNT(*) FROM menu_drafts")
		d.fake.Heal()
		d.until("it may be tried again", func() bool {
			_, err := d.houses[0].official.MediaTemporary(t.Context(), "nobody")
			return err != nil && strings.Contains(err.Error(), "40007")
		})
		d.call("POST", "/switchon/import", `{"replies":true,"menu":true}`, 200)
		d.wants("rules", 5, "SELECT COUNT(*) FROM reply_rules")
		// A picture WeChat no longer has is left out, and said.
		d2 := openDesk(t, dsn, 1)
		d2.fake.SetConsoleReplies(`{"is_add_friend_reply_open":0,"is_autoreply_open":1,"keyword_autoreply_info":{"list":[{"rule_name":"图没了","create_time":1,"reply_mode":"reply_all","keyword_list_info":[{"match_mode":"equal","content":"图没了"}],"reply_list_info":[{"type":"img","content":"gone"},{"type":"text","content":"字还在"}]}]}}`)
		state := d2.call("POST", "/switchon/import", `{"replies":true,"menu":false}`, 200)
		notes := state["imported"].(map[string]any)["notes"].([]any)
		if !slices.ContainsFunc(notes, func(n any) bool { return strings.Contains(n.(string), "没有转存成功") }) {
			t.Errorf("%v", notes)
		}
	})
}
