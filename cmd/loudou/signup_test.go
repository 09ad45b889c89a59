package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"loudou/model"
)

// signupMarket is a market with a campaign that runs and a form in it.
func signupMarket(t *testing.T, dsn string, places any) (m *market, id int64) {
	t.Helper()
	m = openMarket(t, dsn)
	now := m.houses[0].clock.now().In(model.Shanghai)
	c := m.boss.want(201, "POST", "/campaigns", map[string]any{"name": "线下读书会", "from": now.Format(time.DateOnly), "to": now.AddDate(0, 0, 6).Format(time.DateOnly)})
	id = int64(c.json["id"].(float64))
	form := map[string]any{"open": true, "title": "报名读书会", "after_text": "周六见", "fields": []map[string]any{
		{"key": 0, "kind": "text", "label": "姓名", "required": true}, {"key": 0, "kind": "phone", "label": "手机号", "required": false}, {"key": 0, "kind": "single", "label": "场次", "required": true, "options": []string{"上午", "下午"}}}}
	if places != nil {
		form["places"] = places
	}
	m.boss.want(200, "PUT", fmt.Sprintf("/campaigns/%d/signup", id), form)
	return m, id
}

func answers(name, turn string, phone bool) map[string]any {
	list := []map[string]any{{"key": 1, "values": []string{name}}, {"key": 3, "values": []string{turn}}}
	if phone {
		list = append(list, map[string]any{"key": 2, "values": []string{"given"}})
	}
	return map[string]any{"answers": list}
}

// state is what a learner sees of their own sign-up.
func state(r said) string {
	mine, _ := r.json["mine"].(map[string]any)
	if mine == nil {
		return "none"
	}
	return fmt.Sprintf("%v %v", mine["state"], mine["ahead"])
}

// A fan signs up once, changes it, cancels it; who waits moves up in order; the operator sees, marks, notes and takes it
// out; the person is forgotten.
func TestSignup(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m, id := signupMarket(t, dsn, 2)
		at, desk := fmt.Sprintf("/campaigns/%d/signup", id), fmt.Sprintf("/campaigns/%d/signups", id)
		a, b, c, d := m.learner("oA", "android", 0), m.learner("oB", "android", 1), m.learner("oC", "ios", 0), m.learner("oD", "ios", 1)
		if r := a.want(200, "GET", at, nil); r.text("phase") != "open" || r.json["left"] != 2.0 || state(r) != "none" || r.json["after_text"] != nil {
			t.Error(r.raw)
		}
		if r := a.do("PUT", at, map[string]any{"answers": []any{}}); r.status != 400 || !strings.Contains(r.raw, "姓名：必填") || !strings.Contains(r.raw, "field_3") {
			t.Errorf("%d %s", r.status, r.raw)
		}
		if r := a.do("PUT", at, answers("小红", "上午", true)); r.status != 400 || !strings.Contains(r.raw, "请点按钮留下手机号") {
			t.Errorf("%d %s", r.status, r.raw)
		}
		a.want(200, "POST", "/me/phone", map[string]any{"code": m.wechat.PhoneCode("oA")})
		if r := a.want(200, "PUT", at, answers("小红", "上午", true)); state(r) != "joined 0" || r.text("after_text") != "周六见" {
			t.Error(r.raw)
		}
		a.want(200, "PUT", at, answers("小红花", "下午", true)) // changed: the same row
		for i, x := range []struct {
			who  caller
			want string
		}{{b, "joined 0"}, {c, "waiting 0"}, {d, "waiting 1"}} {
			if r := x.who.want(200, "PUT", at, answers(fmt.Sprintf("第%d位", i+2), "上午", false)); state(r) != x.want {
				t.Errorf("%d: %s, want %s", i, r.raw, x.want)
			}
		}
		// Who gives their place back gives it to who waits longest; twice is once; coming again is the end of the line.
		if r := b.want(200, "DELETE", at, nil); state(r) != "cancelled 0" || r.json["after_text"] != nil {
			t.Error(r.raw)
		}
		b.want(200, "DELETE", at, nil)
		if r := c.want(200, "GET", at, nil); state(r) != "joined 0" {
			t.Error(r.raw)
		}
		if r := b.want(200, "PUT", at, answers("第2位", "上午", false)); state(r) != "waiting 1" {
			t.Error(r.raw)
		}
		// More places go to who waits; fewer take nobody's.
		form := m.boss.want(200, "GET", at, nil).json["form"].(map[string]any)
		form["places"] = 3
		if r := m.boss.want(200, "PUT", at, form); !strings.Contains(r.raw, `"joined":3,"waiting":1`) {
			t.Error(r.raw)
		}
		m.boss.want(409, "PUT", at, form) // made on an older one
		form["version"], form["places"] = 2, 1
		if r := m.boss.want(200, "PUT", at, form); !strings.Contains(r.raw, `"joined":3,"waiting":1`) {
			t.Error(r.raw)
		}

		// The desk: filter, search, order, marks, a note; the file; the number behind a right of its own.
		if r := m.boss.want(200, "GET", desk+"?q=%E5%B0%8F%E7%BA%A2%E8%8A%B1", nil); strings.Count(r.raw, `"learner_id"`) != 1 || !strings.Contains(r.raw, "138****") && !strings.Contains(r.raw, "****") {
			t.Error(r.raw)
		}
		if r := m.boss.want(200, "GET", desk+"?q=%E5%A7%93%E5%90%8D", nil); strings.Contains(r.raw, "learner_id") { // the question is no answer
			t.Error(r.raw)
		}
		lines := func(query string) (ids []float64) {
			for token := ""; ; {
				r := m.boss.want(200, "GET", desk+"?page_size=2&page_token="+token+query, nil)
				for _, x := range r.json["items"].([]any) {
					ids = append(ids, x.(map[string]any)["id"].(float64))
				}
				if token = r.text("next_page_token"); token == "" {
					return ids
				}
			}
		}
		if got := fmt.Sprint(lines("&order=oldest"), lines("&order=newest"), lines("&state=waiting")); got != "[1 3 4 2] [2 4 3 1] [2]" {
			t.Error(got)
		}
		if r := m.boss.want(200, "PUT", desk+"/marks", map[string]any{"ids": []int{1, 2, 3}, "came": "came"}); r.json["marked"] != 2.0 { // 2 waits
			t.Error(r.raw)
		}
		m.boss.want(200, "PUT", desk+"/marks", map[string]any{"ids": []int{4}, "came": "absent"})
		m.boss.want(200, "PUT", desk+"/marks", map[string]any{"ids": []int{3}, "came": ""})
		if got := fmt.Sprint(lines("&came=came"), lines("&came=unmarked"), lines("&came=absent")); got != "[1] [3] [4]" {
			t.Error(got)
		}
		if r := m.boss.want(200, "GET", at, nil); !strings.Contains(r.raw, `"board":{"joined":3,"waiting":1,"cancelled":0,"came":1,"absent":1}`) {
			t.Error(r.raw)
		}
		m.boss.want(200, "PUT", desk+"/1/note", map[string]any{"note": "带了朋友", "note_version": 0})
		m.boss.want(409, "PUT", desk+"/1/note", map[string]any{"note": "别的", "note_version": 0})
		m.boss.want(404, "PUT", desk+"/99/note", map[string]any{"note": "别的", "note_version": 0})
		ann, _ := m.wechat.Person("oA")
		phone := ann.Phone
		file := m.boss.want(200, "GET", desk+".csv?order=oldest", nil).raw
		if !strings.Contains(file, "次序,状态,到场,报名时间,学员,姓名,手机号（已遮盖）,场次,以前问过的,备注") || !strings.Contains(file, "小红花,"+phone[:3]+"****") || !strings.Contains(file, "下午,,带了朋友") || strings.Contains(file, phone) {
			t.Error(file)
		}
		if whole := m.boss.want(200, "POST", desk+"/phones?came=came", map[string]any{}).raw; !strings.Contains(whole, "小红花,"+phone) || strings.Contains(whole, "第") {
			t.Error(whole)
		}
		if r := m.boss.want(200, "GET", "/audit?object=signup", nil); !strings.Contains(r.raw, "signup.export") || !strings.Contains(r.raw, "signup.mark") || strings.Contains(r.raw, "小红花") || strings.Contains(r.raw, "朋友") {
			t.Error(r.raw)
		}

		// Recorded once, whatever was changed and cancelled; also where the phone says so again.
		m.until("the event", func() bool {
			var n int64
			m.houses[0].db.Table("events").Where("type = ? AND campaign_id = ?", model.EventCampaignJoin.Number(), id).Count(&n)
			return n == 4
		})

		// A question that is asked no more stays with who answered it.
		form["version"] = 3
		form["fields"] = []map[string]any{{"key": 1, "kind": "text", "label": "怎么称呼", "required": true}}
		m.boss.want(200, "PUT", at, form)
		if file = m.boss.want(200, "GET", desk+".csv", nil).raw; !strings.Contains(file, "怎么称呼,以前问过的,备注") || !strings.Contains(file, "场次：下午") {
			t.Error(file)
		}
		if r := a.do("PUT", at, answers("小红花", "下午", true)); r.status != 409 || !strings.Contains(r.raw, "刚刚改过") {
			t.Errorf("%d %s", r.status, r.raw)
		}

		// Forgotten: gone from the list; the place goes on only where one is free.
		a.want(204, "DELETE", "/me", nil)
		if r := m.boss.want(200, "GET", at, nil); !strings.Contains(r.raw, `"joined":2,"waiting":1`) {
			t.Error(r.raw)
		}
		// Over: nobody changes or cancels, and everybody still sees their own.
		now := m.houses[0].clock.now().UTC()
		form["version"], form["starts_at"], form["ends_at"] = 4, "2090-01-01T00:00:00Z", nil
		if r := m.boss.do("PUT", at, form); r.status != 400 || !strings.Contains(r.raw, "starts_at") { // it would never open
			t.Errorf("%d %s", r.status, r.raw)
		}
		form["starts_at"], form["ends_at"] = now.Add(-2*time.Hour), now.Add(-time.Hour)
		m.boss.want(200, "PUT", at, form)
		if r := c.do("DELETE", at, nil); r.status != 409 || !strings.Contains(r.raw, "报名已经结束") {
			t.Errorf("%d %s", r.status, r.raw)
		}
		form["version"], form["open"] = 5, false
		m.boss.want(200, "PUT", at, form)
		if r := c.want(200, "GET", at, nil); r.text("phase") != "off" || state(r) != "joined 0" {
			t.Error(r.raw)
		}
		m.learner("oE", "ios", 0).want(404, "GET", at, nil)
		c.want(404, "PUT", at, map[string]any{"answers": []any{}})
		c.want(404, "GET", "/campaigns/99/signup", nil)
	})
}

// Sixty-four at once, on two instances, for the last ten places: ten have one, the others wait, each at a place of their
// own; when all who have one cancel at once, ten of those who wait have them.
func TestSignupTheLastPlaces(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m, id := signupMarket(t, dsn, 10)
		at := fmt.Sprintf("/campaigns/%d/signup", id)
		fans := make([]caller, 64)
		for i := range fans {
			fans[i] = m.learner(fmt.Sprintf("oFan%02d", i), "android", i%2)
		}
		all := func(do func(c caller) said, list []caller) {
			var wg sync.WaitGroup
			for _, c := range list {
				wg.Go(func() {
					// Busy is said, and the phone repeats what carries its state.
					for {
						if r := do(c); r.status == 200 {
							return
						} else if r.status != 503 {
							t.Errorf("%d %s", r.status, r.raw)
							return
						}
					}
				})
			}
			wg.Wait()
		}
		board := func() (b map[string]int64) {
			var out struct{ Board map[string]int64 }
			if err := json.Unmarshal([]byte(m.boss.want(200, "GET", at, nil).raw), &out); err != nil {
				t.Fatal(err)
			}
			return out.Board
		}
		all(func(c caller) said { return c.do("PUT", at, answers("一位", "上午", false)) }, fans)
		if b := board(); b["joined"] != 10 || b["waiting"] != 54 {
			t.Fatalf("%v", b)
		}
		var joined, waiting []caller
		places := map[string]bool{}
		for _, c := range fans {
			s := state(c.want(200, "GET", at, nil))
			if s == "joined 0" {
				joined = append(joined, c)
				continue
			}
			if waiting = append(waiting, c); places[s] {
				t.Errorf("%s twice", s)
			}
			places[s] = true
		}
		if len(joined) != 10 || !places["waiting 0"] || !places["waiting 53"] {
			t.Fatalf("%d joined, %v", len(joined), places)
		}
		all(func(c caller) said { return c.do("DELETE", at, nil) }, joined)
		if b := board(); b["joined"] != 10 || b["waiting"] != 44 || b["cancelled"] != 10 {
			t.Fatalf("%v", b)
		}
		up := 0
		for _, c := range waiting {
			if strings.HasPrefix(state(c.want(200, "GET", at, nil)), "joined") {
				up++
			}
		}
		var taken, events int64
		db := m.houses[0].db
		db.Table("signup_forms").Select("taken").Where("campaign_id = ?", id).Scan(&taken)
		db.Table("events").Where("type = ? AND campaign_id = ?", model.EventCampaignJoin.Number(), id).Count(&events)
		if up != 10 || taken != 10 || events != 64 {
			t.Errorf("%d moved up, %d taken, %d events", up, taken, events)
		}
	})
}

// A place that became free when the list was over is, when it runs again, for who waited and not for who comes then. Who
// cancels is not on the list of those who came.
func TestSignupRunsAgain(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m, id := signupMarket(t, dsn, 1)
		at := fmt.Sprintf("/campaigns/%d/signup", id)
		a, b, c := m.learner("oA", "android", 0), m.learner("oB", "android", 1), m.learner("oC", "ios", 0)
		for i, x := range []caller{a, b} {
			x.want(200, "PUT", at, answers(fmt.Sprint(i), "上午", false))
		}
		db := m.houses[0].db
		over := func(yes bool) {
			t.Helper()
			var ends any
			if yes {
				ends = model.Milli(m.houses[0].clock.now().Add(-time.Minute))
			}
			if err := db.Table("signup_forms").Where("campaign_id = ?", id).UpdateColumn("ends_at", ends).Error; err != nil {
				t.Fatal(err)
			}
		}
		// Switched off, a place can be given back, and goes to who waits; nobody new comes.
		switched := func(on bool) {
			t.Helper()
			if err := db.Table("signup_forms").Where("campaign_id = ?", id).UpdateColumn("open", on).Error; err != nil {
				t.Fatal(err)
			}
		}
		switched(false)
		if r := a.want(200, "DELETE", at, nil); state(r) != "cancelled 0" || r.text("phase") != "off" {
			t.Error(r.raw)
		}
		if r := b.want(200, "GET", at, nil); state(r) != "joined 0" {
			t.Error(r.raw)
		}
		if r := a.do("PUT", at, answers("又来", "上午", false)); r.status != 404 {
			t.Error(r.raw)
		}
		switched(true)
		b.want(200, "DELETE", at, nil)
		for i, x := range []caller{a, b} { // as before
			x.want(200, "PUT", at, answers(fmt.Sprint(i), "上午", false))
		}

		over(true)
		a.want(204, "DELETE", "/me", nil)
		over(false) // as by a later last day of the campaign, which knows nothing of the list
		if r := c.want(200, "PUT", at, answers("后来", "上午", false)); state(r) != "waiting 0" {
			t.Error(r.raw)
		}
		if r := b.want(200, "GET", at, nil); state(r) != "joined 0" {
			t.Error(r.raw)
		}
		m.boss.want(200, "PUT", fmt.Sprintf("/campaigns/%d/signups/marks", id), map[string]any{"ids": []int{2}, "came": "came"})
		b.want(200, "DELETE", at, nil)
		if r := m.boss.want(200, "GET", fmt.Sprintf("/campaigns/%d/signups?came=came", id), nil); strings.Contains(r.raw, "learner_id") {
			t.Error(r.raw)
		}
	})
}
