package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"loudou/service/wechat/wechattest"
)

const ruleHello = `{"name":"关注","kind":"follow","messages":[{"type":"text","content":"%s"}]}`

func (d *desk) replyWord(id float64, name, word, text string) {
	d.t.Helper()
	d.call("PUT", fmt.Sprintf("/replies/%v", id), fmt.Sprintf(`{"name":"%s","kind":"keyword","keywords":[{"text":"%s","match":"exact"}],"messages":[{"type":"text","content":"%s"}]}`, name, word, text), 200)
}

// says gives what the callback answers a word.
func (d *desk) says(instance int, word string) string {
	d.t.Helper()
	_, answer, _ := d.send(instance, textOf("fan", word, fmt.Sprint(time.Now().UnixNano())))
	return answer
}

func word(name, text string) string {
	return fmt.Sprintf(`{"name":"%s","kind":"keyword","keywords":[{"text":"%s","match":"exact"}],"messages":[{"type":"text","content":"%s"}]}`, name, name, text)
}

// Menu, rules and welcome go live as one and are rolled back as one; what others published in between stays.
func TestRelease(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		d.draft(menuOne)
		d.rule(fmt.Sprintf(ruleHello, "欢迎一"))
		d.rule(word("价格", "一百"))
		desk := d.call("GET", "/releases/desk", "", 200)
		if !strings.Contains(fmt.Sprint(desk["menu"]), "一版") || len(desk["replies"].([]any)) != 2 {
			t.Fatalf("one difference: %v", desk)
		}
		d.draft(menuOne)
		d.call("POST", "/releases", `{"note":"x","menu_revision":1}`, 409) // saved since
		d.call("POST", "/releases", `{"note":"x","replies_seen":"other"}`, 409)
		first := d.call("POST", "/releases", `{"note":"开张"}`, 201)
		if first["state"] != "done" || first["menu_version"] != 1.0 || first["reply_version"] != 1.0 || len(first["words"].([]any)) < 3 {
			t.Errorf("first: %v", first)
		}
		if got := d.says(0, "价格"); !strings.Contains(got, "一百") {
			t.Errorf("answer at once on the instance that published: %s", got)
		}
		d.call("POST", "/releases", `{}`, 409) // nothing to publish

		id := d.call("GET", "/replies", "", 200)["items"].([]any)[1].(map[string]any)["id"].(float64)
		d.draft(menuTwo)
		d.replyWord(id, "价格", "价格", "两百")
		second := d.call("POST", "/releases", `{"note":"涨价"}`, 201)
		d.rule(word("地址", "北京"))
		d.publish() // somebody publishes something else

		path := fmt.Sprintf("/releases/%v", second["id"])
		if back := fmt.Sprint(d.call("GET", path+"/back", "", 200)["words"]); !strings.Contains(back, "一百") || !strings.Contains(back, "菜单") || strings.Contains(back, "地址") {
			t.Errorf("the way back: %s", back)
		}
		last := d.call("POST", path+"/restore", `{"note":"退回"}`, 200)
		if last["restored_from"] != second["id"] || d.atWeChat()[0].Name != "一版" {
			t.Errorf("rolled back: %v, live %v", last, d.atWeChat())
		}
		d.until("the second instance answers as before, and what was published in between stays", func() bool {
			return strings.Contains(d.says(1, "价格"), "一百") && strings.Contains(d.says(1, "地址"), "北京")
		})
		if desk := d.call("GET", "/releases/desk", "", 200); len(desk["menu"].([]any))+len(desk["replies"].([]any)) != 0 {
			t.Errorf("the desk differs from what is live: %v", desk)
		}
		if n := len(d.call("GET", "/releases", "", 200)["items"].([]any)); n != 3 {
			t.Errorf("history: %d", n)
		}
		d.wants("trail", 3, "SELECT COUNT(*) FROM audit_entries WHERE action IN ('release.publish', 'release.restore')")
	})
}

// WeChat refuses the menu, or does not answer: nothing of the release stands, and the desk is as it was.
func TestReleaseRefused(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.draft(menuOne)
		d.rule(word("价格", "一百"))
		for _, fault := range []wechattest.Fault{wechattest.ErrCode(40018), {Drop: true, Times: 1}} {
			clear := d.fake.Fail("/cgi-bin/menu/create", fault)
			want := 400
			if fault.Drop {
				want = 503
			}
			d.call("POST", "/releases", `{"note":"开张"}`, want)
			clear()
			d.wants("versions", 0, "SELECT (SELECT COUNT(*) FROM menu_versions) + (SELECT COUNT(*) FROM reply_versions)")
			if got := d.says(0, "价格"); strings.Contains(got, "一百") {
				t.Errorf("a rule of it answers: %s", got)
			}
			if desk := d.call("GET", "/releases/desk", "", 200); len(desk["menu"].([]any)) == 0 || len(desk["replies"].([]any)) != 1 {
				t.Errorf("the desk: %v", desk)
			}
		}
		d.call("POST", "/releases", `{"note":"开张"}`, 201)
		d.wants("done", 1, "SELECT COUNT(*) FROM releases WHERE state = 'done'")
		// The rules are refused after WeChat took the menu: the menu before is sent again.
		d.draft(menuTwo)
		d.rule(word("地址", "北京"))
		before := d.fake.Count("/cgi-bin/menu/create")
		d.fake.Fail("/cgi-bin/menu/create", wechattest.Fault{Late: 2 * time.Second, Times: 1})
		slipped := make(chan error)
		go func() {
			for d.fake.Count("/cgi-bin/menu/create") == before {
				time.Sleep(10 * time.Millisecond)
			}
			rules := `[{"id":900,"name":"抢先","kind":"keyword","keywords":[{"text":"地址","match":"exact"}],"pick":"all","enabled":true,"messages":[{"type":"text","content":"上海"}]}]`
			slipped <- d.houses[0].db.Exec("INSERT INTO reply_versions (appid, version, note, restored_from, rules, diff, operator_id, operator_name, published_at) VALUES (?, 2, '', 0, ?, '[]', 0, 'other', ?)", d.fake.Official().AppID, rules, time.Now().UTC()).Error
		}()
		bad := d.call("POST", "/releases", `{"note":"再来"}`, 409)
		if err := <-slipped; err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(fmt.Sprint(bad), "抢先") || d.atWeChat()[0].Name != "一版" {
			t.Errorf("refused late: %v, live %v", bad, d.atWeChat())
		}
		d.wants("versions", 3, "SELECT (SELECT COUNT(*) FROM menu_versions) + (SELECT COUNT(*) FROM reply_versions)")
	})
}

// A release at a time: off the desk meanwhile, out once though two instances run it, and back on the desk when it is
// taken back.
func TestReleaseAtATime(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		d.draft(menuOne)
		d.rule(word("价格", "一百"))
		d.call("POST", "/releases", `{"note":"开张"}`, 201)
		id := d.call("GET", "/replies", "", 200)["items"].([]any)[0].(map[string]any)["id"].(float64)
		d.draft(menuTwo)
		d.replyWord(id, "价格", "价格", "两百")
		d.rule(word("活动", "零点"))
		at := func(in time.Duration) string { return time.Now().Add(in).UTC().Format(time.RFC3339Nano) }
		d.call("POST", "/releases", `{"at":"2020-01-01T00:00:00Z"}`, 400)
		plan := d.call("POST", "/releases", `{"note":"开卖","at":"`+at(time.Hour)+`"}`, 201)
		if desk := d.call("GET", "/releases/desk", "", 200); len(desk["menu"].([]any))+len(desk["replies"].([]any)) != 0 {
			t.Errorf("planned, and on the desk still: %v", desk)
		}
		path := fmt.Sprintf("/releases/%v", plan["id"])
		// Taken back: all of it lies on the desk again.
		if left := d.call("DELETE", path+"?revision=1", "", 200)["left"].([]any); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
		if desk := d.call("GET", "/releases/desk", "", 200); len(desk["menu"].([]any)) == 0 || len(desk["replies"].([]any)) != 2 {
			t.Errorf("taken back: %v", desk)
		}
		d.call("DELETE", path+"?revision=2", "", 409)
		plan = d.call("POST", "/releases", `{"note":"开卖","at":"`+at(time.Hour)+`"}`, 201)
		d.rule(word("地址", "北京"))
		d.publish() // meanwhile something else: the planned does not slip in, and does not undo it
		if got := d.says(0, "价格") + d.says(0, "活动"); !strings.Contains(got, "一百") || strings.Contains(got, "零点") {
			t.Errorf("before its time: %s", got)
		}
		if err := d.houses[0].db.Exec("UPDATE releases SET publish_at = ? WHERE id = ?", time.Now().UTC(), plan["id"]).Error; err != nil {
			t.Fatal(err)
		}
		job := []byte(fmt.Sprintf(`{"id":%v,"revision":%v}`, plan["id"], plan["revision"]))
		ends := make(chan error)
		for _, h := range d.houses {
			go func() { ends <- h.releases.Run(t.Context(), job) }()
		}
		for range d.houses {
			if err := <-ends; err != nil {
				t.Error(err)
			}
		}
		d.wants("menu versions", 2, "SELECT COUNT(*) FROM menu_versions")
		d.wants("reply versions", 3, "SELECT COUNT(*) FROM reply_versions")
		d.until("all of it is live", func() bool {
			return d.atWeChat()[0].Name == "二版" && strings.Contains(d.says(0, "价格"), "两百") && strings.Contains(d.says(1, "活动"), "零点") && strings.Contains(d.says(1, "地址"), "北京")
		})
		if desk := d.call("GET", "/releases/desk", "", 200); len(desk["menu"].([]any))+len(desk["replies"].([]any)) != 0 {
			t.Errorf("the desk did not follow: %v", desk)
		}
		// One that WeChat refuses is shown with the reason, counted on the first page, and nothing of it stands.
		d.draft(menuOne)
		d.rule(word("新词", "新"))
		clear := d.fake.Fail("/cgi-bin/menu/create", wechattest.ErrCode(40018))
		d.call("POST", "/releases", `{"note":"又来","at":"`+at(time.Second)+`"}`, 201)
		waiting := func() map[string]any {
			return d.call("GET", "/releases/waiting", "", 200)["items"].([]any)[0].(map[string]any)
		}
		d.until("it fails", func() bool { return waiting()["state"] == "failed" })
		if w := waiting(); !strings.Contains(fmt.Sprint(w["error"]), "名称") || d.count("SELECT COUNT(*) FROM reply_versions") != 3 {
			t.Errorf("failed: %v", w)
		}
		for _, one := range d.call("GET", "/home", "", 200)["todo"].([]any) {
			if o := one.(map[string]any); o["key"] == "releases" && o["count"].(float64) != 1 {
				t.Errorf("the first page: %v", o)
			}
		}
		clear()
		w := waiting()
		d.call("PUT", fmt.Sprintf("/releases/%v", w["id"]), fmt.Sprintf(`{"at":"%s","revision":%v}`, at(time.Second), w["revision"]), 200)
		d.until("it goes out after all", func() bool { return d.count("SELECT COUNT(*) FROM reply_versions") == 4 })
	})
}

// The instance is killed after WeChat took the menu: the job ends what was begun, once.
func TestReleaseKilled(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.draft(menuOne)
		d.rule(word("价格", "一百"))
		d.call("POST", "/releases", `{"note":"开张","at":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`, 201)
		if err := d.houses[0].db.Exec("UPDATE releases SET state = 'running', at_once = 1, publish_at = ?", time.Now().UTC()).Error; err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := d.houses[0].releases.Run(t.Context(), []byte(`{"id":1,"revision":1}`)); err != nil {
				t.Fatal(err)
			}
		}
		d.wants("versions", 2, "SELECT (SELECT COUNT(*) FROM menu_versions) + (SELECT COUNT(*) FROM reply_versions)")
		if n := d.fake.Count("/cgi-bin/menu/create"); n != 1 {
			t.Errorf("%d calls", n)
		}
	})
}
