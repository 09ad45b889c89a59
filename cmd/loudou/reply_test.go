package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"loudou/model/modeltest"
	"loudou/service/wechat/wechattest"
)

// The simulator says, byte for byte, what the callback then answers (official-account check 18).
func TestTriedIsSaid(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		text := func(s string) string { return `{"type":"text","content":"` + s + `"}` }
		for _, r := range []string{
			`{"name":"欢迎","kind":"follow","messages":[` + text("欢迎，今天{星期}") + `,` + text("后来") + `]}`,
			`{"name":"a1","kind":"scene","event_key":"qrscene_a1","messages":[` + text("扫了{场景值}") + `]}`,
			`{"name":"今日","kind":"menu","event_key":"TODAY","messages":[{"type":"news","articles":[{"title":"今日 {日期}","url":"https://example.com/"}]}]}`,
			`{"name":"任意菜单","kind":"menu","messages":[` + text("别的按钮") + `]}`,
			`{"name":"课程","kind":"keyword","keywords":[{"text":"课程","match":"contains"}],"messages":[` + text("你说了{原话} ]]> <b>&") + `]}`,
			`{"name":"退款","kind":"keyword","keywords":[{"text":"退款","match":"exact"}],"priority":-5,"messages":[` + text("怎么退") + `]}`,
			`{"name":"价","kind":"keyword","keywords":[{"text":"多少(钱|元)","match":"regex"}],"messages":[` + text("{关键词}") + `]}`,
			`{"name":"抽签","kind":"keyword","keywords":[{"text":"签","match":"exact"}],"pick":"random","messages":[` + text("上") + `,` + text("中") + `,` + text("下") + `]}`,
			`{"name":"选课","kind":"keyword","keywords":[{"text":"选","match":"exact"}],"messages":[` + text("答 1 或 2") + `],"dialog":{"seconds":600,"answers":[{"answer":"1","messages":[` + text("写作") + `]},{"answer":"2","messages":[{"type":"image","media_id":"m"}]}]}}`,
			`{"name":"一天一次","kind":"keyword","keywords":[{"text":"签到","match":"exact"}],"interval_seconds":86400,"messages":[` + text("签到好了") + `]}`,
			`{"name":"卡","kind":"keyword","keywords":[{"text":"卡片","match":"exact"}],"messages":[{"type":"miniprogrampage","title":"课","appid":"wx1","pagepath":"p","thumb_media_id":"t"},` + text("卡后") + `]}`,
			`{"name":"夜里","kind":"keyword","keywords":[{"text":"夜","match":"contains"}],"active":{"ends_at":"2020-01-01T00:00:00+08:00"},"messages":[` + text("夜里好") + `]}`,
			`{"name":"图","kind":"default","message_types":["image"],"messages":[` + text("收到图片") + `]}`,
			`{"name":"默认","kind":"default","messages":[` + text("没听懂：{原话}") + `]}`,
			`{"name":"人工","kind":"keyword","keywords":[{"text":"人工","match":"exact"}],"messages":[{"type":"transfer_customer_service","kf_account":"a@gh"}]}`,
		} {
			d.rule(r)
		}
		d.publish()
		const fan = "oFanTried"
		sent := func(p map[string]any, f wechattest.Fields, msgid string) {
			t.Helper()
			now := time.Now()
			p["openid"], p["at"] = fan, now.Format(time.RFC3339)
			if msgid != "" {
				p["msg_id"] = msgid
				f = append(f, fields("MsgId", msgid)...)
			}
			body, _ := json.Marshal(p)
			tried := d.call("POST", "/replies/try", string(body), 200)
			all := append(fields("ToUserName", "gh", "FromUserName", fan, "CreateTime", strconv.FormatInt(now.Unix(), 10)), f...)
			status, said, _ := d.send(0, all.XML())
			want := tried["answer"].(string)
			if want == "" {
				want = "success"
			}
			if status != 200 || said != want {
				t.Errorf("%s\n tried %s\n said  %d %s", body, want, status, said)
			}
		}
		d.send(0, textOf(fan, "先说一句，让门认得我们的号", "1"))
		n := 100
		words := func(s string) {
			n++
			sent(map[string]any{"text": s}, fields("MsgType", "text", "Content", s), strconv.Itoa(n))
		}
		for _, s := range []string{"我想买课程", " 课　程", "退款", "课程退款", "这个多少钱", "签", "签", "签", "1", "选", "1", " ２", "签到", "签到", "卡片", "夜课程", "人工", "hello <a href=x>"} {
			words(s)
		}
		event := func(e, key string) {
			sent(map[string]any{"event": e, "event_key": key}, fields("MsgType", "event", "Event", e, "EventKey", key), "")
		}
		event("subscribe", "")
		event("subscribe", "qrscene_a1")
		event("subscribe", "qrscene_zz")
		event("SCAN", "a1")
		event("SCAN", "zz")
		event("CLICK", "TODAY")
		event("CLICK", "OTHER")
		event("VIEW", "https://example.com/")
		event("unsubscribe", "")
		n++
		sent(map[string]any{"msg_type": "image"}, fields("MsgType", "image", "PicUrl", "http://x/0", "MediaId", "m"), strconv.Itoa(n))
		n++
		sent(map[string]any{"msg_type": "location"}, fields("MsgType", "location", "Location_X", "1", "Location_Y", "2"), strconv.Itoa(n))
	})
}

// One welcome for a new fan by code a1, a1's text for an old one, the default for an unknown scene; one rule
// for a1 and qrscene_a1 (check 17). Who came by a search gets a word more, once WeChat has told it.
func TestWelcomes(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.rule(welcome)
		d.rule(`{"name":"a1","kind":"scene","event_key":"a1","messages":[{"type":"text","content":"a1 的欢迎"}]}`)
		d.rule(`{"name":"搜来的","kind":"follow","sources":["ADD_SCENE_SEARCH"],"messages":[{"type":"text","content":"搜到我们的"},{"type":"text","content":"再说一句"}]}`)
		d.rule(`{"name":"名片来的","kind":"follow","sources":["ADD_SCENE_PROFILE_CARD"],"messages":[{"type":"text","content":"名片来的"}]}`)
		d.publish()
		if got := d.fake.Follow("oFanByCode", "a1"); got.Text() != "a1 的欢迎" {
			t.Errorf("by a1: %q", got.Text())
		}
		if got := d.fake.Follow("oFanOther", "zz"); got.Text() != "欢迎关注" {
			t.Errorf("by an unknown code: %q", got.Text())
		}
		if got := afterASecond(func() wechattest.Delivery { return d.fake.Scan("oFanOther", "a1") }); got.Text() != "a1 的欢迎" {
			t.Errorf("an old fan: %q", got.Text())
		}
		if got := d.fake.Follow("oFanBySearch", ""); got.Text() != "欢迎关注" {
			t.Errorf("by search: %q", got.Text())
		}
		d.until("the greeting goes out", func() bool { return d.count("SELECT COUNT(*) FROM reply_sends WHERE state = 'sent'") == 2 })
		d.until("jobs are done", func() bool { return d.count("SELECT COUNT(*) FROM jobs") == 0 })
		d.wants("sends in all", 2, "SELECT COUNT(*) FROM reply_sends")
		d.wants("to whom", 2, "SELECT COUNT(*) FROM reply_sends WHERE openid = 'oFanBySearch'")
		tried := d.call("POST", "/replies/try", `{"event":"subscribe","source":"ADD_SCENE_SEARCH"}`, 200)
		if m, _ := json.Marshal(tried["messages"]); strings.Count(string(m), `"content"`) != 3 {
			t.Errorf("tried: %s", m)
		}
	})
}

// Messages that come later: sent while the window is open, marked and not sent once it is closed.
func TestDelays(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.rule(`{"name":"欢迎","kind":"follow","messages":[{"type":"text","content":"欢迎"},{"type":"text","content":"一秒"},{"type":"text","content":"两秒","delay_seconds":2},{"type":"text","content":"五十秒","delay_seconds":50}]}`)
		if bad := d.call("POST", "/replies", `{"name":"太晚","kind":"follow","messages":[{"type":"text","content":"晚","delay_seconds":51}]}`, 400); !strings.Contains(fmt.Sprint(bad), "50 秒") {
			t.Errorf("too late: %v", bad)
		}
		d.publish()
		start := time.Now()
		// The first one's call takes so long that the second's job comes up meanwhile: neither goes out twice.
		clear := d.fake.Fail("/cgi-bin/message/custom/send", wechattest.Fault{Delay: 2500 * time.Millisecond, Times: 1})
		defer clear()
		d.fake.Follow("oFanLater", "")
		d.until("the first two", func() bool { return d.count("SELECT COUNT(*) FROM reply_sends WHERE state = 'sent'") == 2 })
		if took := time.Since(start); took < 900*time.Millisecond { // counted from CreateTime, which knows whole seconds only
			t.Errorf("the delayed one came after %v", took)
		}
		d.wants("waiting", 1, "SELECT COUNT(*) FROM reply_sends WHERE state = 'queued' AND delay = 50")
		d.until("its job is left", func() bool { return d.count("SELECT COUNT(*) FROM jobs WHERE kind = 'reply.send'") == 1 })
		// The service was away for minutes: the follow's window is closed by the time the job runs.
		h := d.houses[0]
		h.db.Exec("UPDATE pushes SET happened_at = ?", time.Now().UTC().Add(-5*time.Minute))
		h.db.Exec("UPDATE jobs SET run_at = ? WHERE kind = 'reply.send'", time.Now().UTC().Add(-time.Second))
		d.until("marked", func() bool { return d.count("SELECT COUNT(*) FROM reply_sends WHERE state = 'window'") == 1 })
		if n := d.fake.Count("/cgi-bin/message/custom/send"); n != 2 {
			t.Errorf("%d messages went out", n)
		}
	})
}

// What the desk says about a rule, at its field, and about when each rule last answered.
func TestWarningsAndHits(t *testing.T) {
	d := openDesk(t, modeltest.SQLiteDSN(t), 1)
	d.rule(`{"name":"甲","kind":"keyword","keywords":[{"text":"课程","match":"contains"}],"messages":[{"type":"text","content":"甲"}]}`)
	for _, c := range []struct{ rule, field, text string }{
		{`{"name":"乙","kind":"keyword","keywords":[{"text":"x","match":"exact"},{"text":"买课程","match":"contains"}],"messages":[{"type":"text","content":"乙"}]}`, "keywords[1]", "甲"},
		{`{"name":"丙","kind":"keyword","keywords":[{"text":"课程.*退","match":"regex"}],"messages":[{"type":"text","content":"丙"}]}`, "keywords[0]", "包含先于正则"},
		{`{"name":"丁","kind":"keyword","keywords":[{"text":"课","match":"contains"}],"messages":[{"type":"text","content":"丁"}]}`, "keywords[0]", "一个字"},
		{`{"name":"戊","kind":"scene","event_key":"nowhere","messages":[{"type":"text","content":"戊"}]}`, "event_key", "没有场景值"},
		{`{"name":"己","kind":"keyword","keywords":[{"text":"y","match":"exact"}],"messages":[{"type":"miniprogrampage","title":"课","appid":"` + d.fake.Mini().AppID + `","pagepath":"pages/course/index?id=99","thumb_media_id":"t"}]}`, "messages[0]", "没有上架"},
		{`{"name":"图","kind":"keyword","keywords":[{"text":"tu","match":"exact"}],"messages":[{"type":"image","media_id":"typed-by-hand"}]}`, "messages[0]", "三天后"},
		{`{"name":"庚","kind":"keyword","keywords":[{"text":".+","match":"regex"}],"messages":[{"type":"text","content":"庚"}]}`, "keywords[0]", "每句话都要试"},
		{`{"name":"辛","kind":"keyword","keywords":[{"text":"z","match":"exact"}],"active":{"ends_at":"2020-01-01T00:00:00+08:00"},"messages":[{"type":"text","content":"辛"}]}`, "active.ends_at", "过了结束日期"},
	} {
		got := d.call("POST", "/replies", c.rule, 201)["warnings"].([]any)
		if len(got) == 0 || got[0].(map[string]any)["field"] != c.field || !strings.Contains(fmt.Sprint(got[0]), c.text) {
			t.Errorf("%s: %v", c.rule, got)
		}
	}
	d.publish()
	d.fake.Say("oFanAlpha", "课程")
	today := time.Now().UTC().Add(8 * time.Hour).Format(time.DateOnly)
	d.until("counted", func() bool {
		items := d.call("GET", "/replies/hits?from="+today+"&to="+today, "", 200)["items"].([]any)
		return len(items) == 1 && items[0].(map[string]any)["keyword"] == "课程" && items[0].(map[string]any)["last_at"] != nil
	})
	old := d.call("GET", "/replies/hits?from=2020-01-01&to=2020-01-02", "", 200)["items"].([]any)
	if len(old) != 1 || old[0].(map[string]any)["hits"].(float64) != 0 || old[0].(map[string]any)["last_at"] == nil {
		t.Errorf("outside the span: %v", old)
	}
	// Day and night may share a word; two at one time may not.
	day := `{"name":"白天","kind":"keyword","keywords":[{"text":"客服","match":"exact"}],"active":{"from":"09:00","to":"18:00"},"messages":[{"type":"text","content":"在"}]}`
	d.rule(day)
	d.rule(strings.NewReplacer("白天", "夜里", "09:00", "18:00", "18:00", "09:00").Replace(day))
	if bad := d.call("POST", "/replies", strings.Replace(day, "白天", "下午", 1), 409); !strings.Contains(fmt.Sprint(bad), "白天") || strings.Contains(fmt.Sprint(bad), "夜里") {
		t.Errorf("two at one time: %v", bad)
	}
}

// Nobody publishes what they have not seen; a sentence that a draft would catch says so.
func TestPublishSeen(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.rule(welcome)
		d.rule(`{"name":"默认","kind":"default","messages":[{"type":"text","content":"嗯"}]}`)
		seen := d.call("GET", "/replies/changes", "", 200)["seen"].(string)
		d.rule(courses)
		if bad := d.call("POST", "/replies/publish", `{"seen":"`+seen+`"}`, 409); !strings.Contains(fmt.Sprint(bad), "boss 在") || !strings.Contains(fmt.Sprint(bad), "「课程」") {
			t.Errorf("not told of the change: %v", bad)
		}
		seen = d.call("GET", "/replies/changes", "", 200)["seen"].(string)
		d.call("POST", "/replies/publish", `{"seen":"`+seen+`"}`, 200)
		d.fake.Say("oFanAlpha", "训练营什么时候开")
		d.rule(`{"name":"训练营","kind":"keyword","keywords":[{"text":"训练营","match":"contains"}],"messages":[{"type":"text","content":"下周"}]}`)
		items := d.call("GET", "/replies/unanswered", "", 200)["items"].([]any)
		if len(items) != 1 || items[0].(map[string]any)["draft"] != "训练营" {
			t.Errorf("unanswered: %v", items)
		}
	})
}

// Every kind of answer, judged by what WeChat would show: a wrong element is the outage text, or nothing, for the fan.
func TestKindsOnTheWire(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		voice, video, thumb := d.fake.AddMedia("voice", "audio/mpeg", []byte("voice")), d.fake.AddMedia("video", "video/mp4", []byte("video")), d.fake.AddMedia("thumb", "image/jpeg", []byte("thumb"))
		news := d.fake.AddNews(wechattest.DraftArticle{Title: "老图文"})
		const text = `{"type":"text","content":"先说一句"}`
		tests := []struct {
			name, message string
			passive       bool
			want          wechattest.Line
		}{
			{"语音", `{"type":"voice","media_id":"` + voice + `"}`, true, wechattest.Line{Type: "voice", MediaID: voice}},
			{"视频", `{"type":"video","media_id":"` + video + `","title":"第一课","description":"写 <b>标题</b> & ]]>"}`, true, wechattest.Line{Type: "video", MediaID: video, Title: "第一课", Text: "写 <b>标题</b> & ]]>"}},
			{"音乐", `{"type":"music","title":"晨读","description":"十分钟","musicurl":"https://example.com/a.mp3","hqmusicurl":"https://example.com/b.mp3","thumb_media_id":"` + thumb + `"}`, true, wechattest.Line{Type: "music", MediaID: thumb, Title: "晨读", Text: "十分钟"}},
			{"客服语音", `{"type":"voice","media_id":"` + voice + `"}`, false, wechattest.Line{Type: "voice", MediaID: voice}},
			{"客服视频", `{"type":"video","media_id":"` + video + `","thumb_media_id":"` + thumb + `","title":"第一课","description":"写 <b>标题</b>"}`, false, wechattest.Line{Type: "video", MediaID: video, Title: "第一课", Text: "写 <b>标题</b>"}},
			{"客服音乐", `{"type":"music","title":"晨读","description":"十分钟","musicurl":"https://example.com/a.mp3","hqmusicurl":"https://example.com/b.mp3","thumb_media_id":"` + thumb + `"}`, false, wechattest.Line{Type: "music", MediaID: thumb, Title: "晨读", Text: "十分钟"}},
			{"客服图文", `{"type":"news","articles":[{"title":"课表","description":"这周","url":"https://example.com/w?a=1&b=2","picurl":"https://example.com/w.jpg"}]}`, false,
				wechattest.Line{Type: "news", Articles: []wechattest.NewsItem{{Title: "课表", Description: "这周", URL: "https://example.com/w?a=1&b=2", PicURL: "https://example.com/w.jpg"}}}},
			{"图文素材", `{"type":"mpnews","media_id":"` + news + `"}`, false, wechattest.Line{Type: "mpnews", MediaID: news}},
			{"已发布", `{"type":"mpnewsarticle","article_id":"ARTICLE-1"}`, false, wechattest.Line{Type: "mpnewsarticle", Text: "ARTICLE-1"}},
			{"菜单", `{"type":"msgmenu","head_content":"满意吗","list":[{"id":"101","content":"满意"},{"id":"102","content":"不满意"}],"tail_content":"谢谢"}`, false,
				wechattest.Line{Type: "msgmenu", Text: "满意吗", Choices: []wechattest.Choice{{ID: "101", Content: "满意"}, {ID: "102", Content: "不满意"}}, Tail: "谢谢"}},
			{"卡券", `{"type":"wxcard","card_id":"pCARD1"}`, false, wechattest.Line{Type: "wxcard", Text: "pCARD1"}},
		}
		for _, x := range tests {
			messages := x.message
			if !x.passive { // behind a passive answer, what follows is a customer-service message
				messages = text + "," + x.message
			}
			d.rule(`{"name":"` + x.name + `","kind":"keyword","keywords":[{"text":"` + x.name + `","match":"exact"}],"enabled":true,"messages":[` + messages + `]}`)
		}
		d.publish()
		for i, x := range tests {
			fan := fmt.Sprintf("oFanKind%02d", i) // each has a window of its own
			got := d.fake.Say(fan, x.name)
			if !got.Heard || got.Fault != "" {
				t.Errorf("%s: the answer is no good: %s\n%s", x.name, got.Fault, got.Plain)
				continue
			}
			from, want := "account", x.want
			if !x.passive {
				from = "service"
				d.until(x.name+" is sent", func() bool {
					return d.count("SELECT COUNT(*) FROM reply_sends WHERE openid = ? AND state NOT IN ('queued', 'sending')", fan) == 1
				})
				d.wants(x.name+" sent", 1, "SELECT COUNT(*) FROM reply_sends WHERE openid = ? AND state = 'sent'", fan)
			}
			chat := d.fake.ChatOf(fan, 0)
			last := chat[len(chat)-1]
			want.From, want.Seq, want.At = from, last.Seq, last.At
			if !reflect.DeepEqual(last, want) {
				t.Errorf("%s shows\n%+v, want\n%+v", x.name, last, want)
			}
		}
		// What the judge does not show: the sound behind the cover.
		for _, c := range d.fake.Calls("/cgi-bin/message/custom/send") {
			if s := string(c.Body); strings.Contains(s, `"music"`) && (!strings.Contains(s, `"musicurl":"https://example.com/a.mp3"`) || !strings.Contains(s, `"hqmusicurl":"https://example.com/b.mp3"`)) {
				t.Errorf("music: %s", s)
			}
		}
	})
}
