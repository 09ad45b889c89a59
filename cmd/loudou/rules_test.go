package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"loudou/model/modeltest"
	"loudou/service/wechat/wechattest"
)

// Rules: refused, changed, restored, and the simulator that says what the callback does.
func TestRulesOnTheDesk(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.rule(`{"name":"甲","kind":"keyword","keywords":[{"text":"ＰＰＴ","match":"exact"}],"messages":[{"type":"text","content":"甲答"}]}`)
		bad := d.call("POST", "/replies", `{"name":"乙","kind":"keyword","keywords":[{"text":" ppt","match":"exact"}],"messages":[{"type":"text","content":"乙答"}]}`, 409)
		if !strings.Contains(fmt.Sprint(bad), "甲") {
			t.Errorf("duplicate keyword: %v", bad)
		}
		d.call("POST", "/replies", `{"name":"丙","kind":"follow","messages":[{"type":"text","content":""}]}`, 400)
		d.call("POST", "/replies", `{"name":"丁","kind":"follow","messages":[{"type":"text","content":"x"}],"appid":"wx"}`, 400)
		d.publish()
		list := d.call("GET", "/replies", "", 200)["items"].([]any)
		id := int64(list[0].(map[string]any)["id"].(float64))
		d.call("PUT", fmt.Sprint("/replies/", id), `{"name":"甲","kind":"keyword","keywords":[{"text":"PPT","match":"exact"}],"messages":[{"type":"text","content":"新答"}],"revision":1}`, 200)
		d.call("PUT", fmt.Sprint("/replies/", id), `{"name":"甲","kind":"keyword","keywords":[{"text":"PPT","match":"exact"}],"messages":[{"type":"text","content":"晚了"}],"revision":1}`, 409)
		if got := d.fake.Say("oFanAlpha", "ppt"); got.Text() != "甲答" {
			t.Errorf("before publishing: %q", got.Text())
		}
		d.publish()
		if got := d.fake.Say("oFanAlpha", "ppt"); got.Text() != "新答" {
			t.Errorf("just published: %q", got.Text())
		}
		d.call("POST", "/replies/publish", `{}`, 409)
		d.call("POST", "/replies/versions/1/restore", `{"note":"退回"}`, 200)
		if got := d.fake.Say("oFanAlpha", "ppt"); got.Text() != "甲答" {
			t.Errorf("restored: %q", got.Text())
		}
		v := d.call("GET", "/replies/versions", "", 200)["items"].([]any)
		if len(v) != 3 || !strings.Contains(fmt.Sprint(v[1]), "新答") {
			t.Errorf("versions: %v", v)
		}
		for _, text := range []string{"ppt", "PPT", "没有", "ＰＰＴ "} {
			tried := d.call("POST", "/replies/try", fmt.Sprintf(`{"text":%q}`, text), 200)
			said := d.fake.Say("oFanAlpha", text)
			messages, _ := json.Marshal(tried["messages"])
			if (said.Text() == "") != (string(messages) == "[]") || said.Text() != "" && !strings.Contains(string(messages), said.Text()) {
				t.Errorf("%s: tried %s, said %q", text, messages, said.Text())
			}
		}
		d.call("POST", "/replies/try", `{}`, 400)
		d.call("DELETE", fmt.Sprint("/replies/", id), "", 204)
		d.wants("audit", 6, "SELECT COUNT(*) FROM audit_entries WHERE action LIKE 'reply.%'")
	})
}

// Ten messages in answer to one: the first is the answer, three more fit the minute after the follow, five
// the message's own window, and the last is told as quota.
func TestQuotaAndUnverified(t *testing.T) {
	d := openDesk(t, modeltest.SQLiteDSN(t), 1)
	texts := func(n int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(`{"type":"text","content":"第%d条"}`, i))
		}
		return strings.Join(out, ",")
	}
	d.rule(`{"name":"十","kind":"keyword","keywords":[{"text":"十","match":"exact"}],"messages":[` + texts(10) + `]}`)
	d.rule(`{"name":"多","kind":"keyword","keywords":[{"text":"多","match":"exact"}],"messages":[` + texts(5) + `]}`)
	d.publish()
	d.fake.Follow("oFanQuota", "")
	d.fake.Say("oFanQuota", "十")
	d.until("the last is too many", func() bool { return d.count("SELECT COUNT(*) FROM reply_sends WHERE state = 'quota'") == 1 })
	d.wants("sent", 8, "SELECT COUNT(*) FROM reply_sends WHERE state = 'sent'")
	var order []string
	for _, c := range d.fake.Calls("/cgi-bin/message/custom/send") {
		_, after, _ := strings.Cut(string(c.Body), "第")
		order = append(order, after[:1])
	}
	if got := strings.Join(order, ""); got != "12345678" {
		t.Errorf("sent in the order %s", got)
	}
	d.houses[0].db.Exec("DELETE FROM reply_sends")
	clear := d.fake.Fail("/cgi-bin/message/custom/send", wechattest.ErrCode(45047))
	d.fake.Say("oFanQuota", "多")
	d.until("over the number", func() bool { return d.count("SELECT COUNT(*) FROM reply_sends WHERE state = 'quota'") == 4 })
	clear()
	clear = d.fake.Fail("/cgi-bin/message/custom/send", wechattest.ErrCode(48001))
	if got := d.fake.Say("oFanQuota", "多"); got.Text() != "第0条" {
		t.Errorf("the passive part: %q", got.Text())
	}
	d.until("unverified", func() bool { return d.count("SELECT COUNT(*) FROM reply_sends WHERE state = 'unverified'") == 4 })
	clear()
}
