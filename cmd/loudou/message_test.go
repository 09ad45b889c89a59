package main

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/wechat/wechattest"
)

// An operator finds what fans said: by text folded as keywords are, by kind, fan, day and whether it was answered, page
// after page, the same on both databases; a word that is rare costs no more than a look is allowed.
func TestOperatorFindsMessages(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		h := d.houses[0]
		d.rule(`{"name":"课","kind":"keyword","enabled":true,"keywords":[{"text":"课程","match":"contains"}],"messages":[{"type":"text","content":"看这里"}]}`)
		d.publish()
		ann := d.fake.AddPerson(wechattest.Person{OpenID: "oFanAnnAnnAnn", Remark: "安老师"})
		bob := d.fake.AddPerson(wechattest.Person{OpenID: "oFanBobBobBob"})
		d.fake.Follow(ann.OpenID, "")
		d.fake.Follow(bob.OpenID, "")
		for _, text := range []string{"我的ＰＰＴ课", "ppt 课程", "打 50%折_了", "打 50折了", "100 人", "=1+1", "好👍的", "abc!def"} {
			d.fake.Say(ann.OpenID, text)
		}
		d.fake.Say(bob.OpenID, "课程几点")
		d.fake.Click(bob.OpenID, "k_1")
		d.until("all are stored", func() bool {
			return d.count("SELECT COUNT(*) FROM pushes WHERE msg_type = 'text'") == 9 && d.count("SELECT COUNT(*) FROM pushes WHERE event = 'CLICK'") == 1 && d.count("SELECT COUNT(*) FROM followers WHERE subscribe_scene <> ''") == 2
		})
		today := h.clock.now().In(model.Shanghai).Format(time.DateOnly)
		before := h.clock.now().In(model.Shanghai).AddDate(0, 0, -1).Format(time.DateOnly)
		annID := d.follower(ann.OpenID)
		find := func(q url.Values) (texts []string, body map[string]any) {
			t.Helper()
			body = d.call("GET", "/messages?"+q.Encode(), "", 200)
			for _, x := range body["items"].([]any) {
				var b strings.Builder
				for _, p := range x.(map[string]any)["pieces"].([]any) {
					if p := p.(map[string]any); p["hit"].(bool) {
						b.WriteString("[" + p["text"].(string) + "]")
					} else {
						b.WriteString(p["text"].(string))
					}
				}
				texts = append(texts, b.String())
			}
			return texts, body
		}
		for _, c := range []struct {
			name string
			q    url.Values
			want string // hits in brackets, sorted by nothing: each must be there
		}{
			{"folded", url.Values{"q": {"PPT"}}, "[ppt] 课程|我的[ＰＰＴ]课"},
			{"per cent is a sign", url.Values{"q": {"%"}}, "打 50[%]折_了"},
			{"so is _", url.Values{"q": {"_"}}, "打 50%折[_]了"},
			{"so is !", url.Values{"q": {"C!D"}}, "ab[c!d]ef"},
			{"emoji", url.Values{"q": {"👍"}}, "好[👍]的"},
			{"chinese", url.Values{"q": {"课程"}}, "[课程]几点|ppt [课程]"},
			{"of a fan", url.Values{"q": {"课程"}, "fan": {fmt.Sprint(annID)}}, "ppt [课程]"},
			{"answered", url.Values{"answered": {"yes"}}, "课程几点|ppt 课程"},
			{"missed", url.Values{"answered": {"missed"}, "q": {"人"}}, "100 [人]"},
			{"unanswered of a fan", url.Values{"answered": {"no"}, "q": {"课"}, "fan": {fmt.Sprint(annID)}}, "我的ＰＰＴ[课]"},
			{"a tap", url.Values{"kind": {"event.CLICK"}, "q": {"K_"}}, "[k_]1"},
			{"no pictures", url.Values{"kind": {"image"}}, ""},
			{"yesterday", url.Values{"from": {before}, "to": {before}}, ""},
			{"today", url.Values{"from": {today}, "to": {today}, "kind": {"text"}, "q": {"几点"}}, "课程[几点]"},
		} {
			got, _ := find(c.q)
			want := strings.Split(c.want, "|")
			if c.want == "" {
				want = nil
			}
			if len(got) != len(want) {
				t.Errorf("%s: %q, want %q", c.name, got, want)
			}
			for _, w := range want {
				if !strings.Contains("|"+strings.Join(got, "|")+"|", "|"+w+"|") {
					t.Errorf("%s: %q, want %q", c.name, got, want)
				}
			}
		}
		for _, bad := range []string{"kind=event", "kind=event.a%20b", "answered=perhaps", "from=2026-02-30", "from=2026-02-02&to=2026-02-01", "page_token=x", "fan=0"} {
			d.call("GET", "/messages?"+bad, "", 400)
		}
		d.call("GET", "/messages?fan=999999", "", 404)
		// Page after page: each once, and a token of another list is none.
		seen, token := map[string]int{}, ""
		for n := 0; n < 9; n++ {
			texts, body := find(url.Values{"page_size": {"2"}, "page_token": {token}})
			for _, x := range texts {
				seen[x]++
			}
			if token = body["next_page_token"].(string); token == "" {
				break
			}
		}
		if len(seen) != 9 || seen["=1+1"] != 1 {
			t.Errorf("pages: %v", seen)
		}
		_, body := find(url.Values{"page_size": {"2"}})
		d.call("GET", "/messages?q=a&page_token="+body["next_page_token"].(string), "", 400)
		// The line leads to the fan, named by remark or masked.
		_, body = find(url.Values{"q": {"ppt 课"}})
		if one := body["items"].([]any)[0].(map[string]any); one["fan"] != "安老师" || one["fan_id"] != float64(annID) || one["rule_id"] == 0.0 || one["keyword"] != "课程" {
			t.Error(one)
		}
		// The file: a stretch of days, masked, no formula, written down.
		d.call("GET", "/messages.csv", "", 400)
		d.call("GET", "/messages.csv?from=2026-01-01&to=2026-04-30", "", 400)
		file := d.file("/messages.csv?from=" + before + "&to=" + today)
		for _, want := range []string{"'=1+1", "安老师", "我的ＰＰＴ课"} {
			if !strings.Contains(file, want) {
				t.Errorf("the file lacks %q", want)
			}
		}
		if strings.Contains(file, ann.OpenID) || strings.Contains(file, bob.OpenID) || strings.Count(file, "\r\n") != 10 {
			t.Error(file)
		}
		d.wants("trail", 1, "SELECT COUNT(*) FROM audit_entries WHERE action = 'message.export' AND object = 'message'")

		// A rare word under sixty thousand lines: one look ends having read its fill and says so, the next finds it.
		old := h.clock.now().Add(-30 * 24 * time.Hour).UTC().Truncate(time.Second)
		rows := make([]map[string]any, 0, 60_000)
		for i := range 60_000 {
			text := "一样的话"
			if i == 59_999 {
				text = "最早的那一句"
			}
			at := old.Add(-time.Duration(i/100) * time.Second)
			rows = append(rows, map[string]any{"appid": h.cfg.OfficialAppID, "push_key": fmt.Sprintf("m%d", 9_000_000+i), "openid": "oNobody", "msg_type": "text", "event_key": "", "content": text, "raw": "<xml/>", "answer": "", "happened_at": at, "received_at": at})
		}
		if err := h.db.Table("pushes").CreateInBatches(rows, 1000).Error; err != nil {
			t.Fatal(err)
		}
		texts, body := find(url.Values{"q": {"最早"}})
		if len(texts) != 0 || body["searched_to"] == nil || body["next_page_token"] == "" {
			t.Errorf("a rare word: %v, %v", texts, body["searched_to"])
		}
		found := len(texts)
		for looks := 0; body["next_page_token"] != "" && looks < 60; looks++ { // a busy machine reads less in one
			texts, body = find(url.Values{"q": {"最早"}, "page_token": {body["next_page_token"].(string)}})
			found += len(texts)
		}
		if found != 1 || body["searched_to"] != nil || body["next_page_token"] != "" {
			t.Errorf("the looks after found %d, and then %v", found, body)
		}
	})
}
