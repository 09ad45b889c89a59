package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"loudou/service/learner"
	"loudou/service/store/csvfile"
)

// learnerOf is the number of the learner behind a phone.
func (m *market) learnerOf(openid string) (id int64) {
	m.t.Helper()
	if err := m.houses[0].db.Raw("SELECT id FROM learners WHERE openid = ?", openid).Scan(&id).Error; err != nil || id == 0 {
		m.t.Fatalf("learner %s: %v", openid, err)
	}
	return id
}

// A course given by hand opens at once, once, with a reason; taken back it is shut, and a bought one stays.
func TestGivenByHandOverTwoInstances(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		c := m.learner("oGift1", "android", 0)
		lesson := fmt.Sprintf("/lessons/%d", m.paid)
		c.want(403, "GET", lesson, nil)
		id := m.learnerOf("oGift1")
		grants := fmt.Sprintf("/learners/%d/grants", id)
		for name, bad := range map[string]map[string]any{
			"no reason": {"course_id": m.course, "days": 0, "why": " "}, "too long": {"course_id": m.course, "days": 3651, "why": "x"}, "no course": {"course_id": 9999, "days": 0, "why": "x"},
		} {
			if r := m.boss.do("POST", grants, bad, "Idempotency-Key", "bad"); r.status != 400 || !strings.Contains(r.raw, "fields") {
				t.Errorf("%s: %d %s", name, r.status, r.raw)
			}
		}
		m.boss.want(404, "POST", "/learners/999999/grants", map[string]any{"course_id": m.course, "days": 0, "why": "x"}, "Idempotency-Key", "k")
		var wg sync.WaitGroup
		for n := range 16 { // a double click, over two instances
			boss := m.boss
			boss.base = m.urls[n%2] + "/console/v1"
			wg.Go(func() {
				if r := boss.do("POST", grants, map[string]any{"course_id": m.course, "days": 30, "why": "线下课学员"}, "Idempotency-Key", "k1"); r.status != 201 {
					t.Errorf("%d %s", r.status, r.raw)
				}
			})
		}
		wg.Wait()
		c.want(200, "GET", lesson, nil)
		access := m.boss.want(200, "GET", fmt.Sprintf("/learners/%d/courses/%d/access", id, m.course), nil)
		list, _ := access.json["grants"].([]any)
		if len(list) != 1 || !strings.Contains(access.raw, "boss 送的：线下课学员") {
			t.Fatalf("%d grants: %s", len(list), access.raw)
		}
		first := list[0].(map[string]any)
		if first["ends_at"] == nil || first["reason"] != "gift" {
			t.Errorf("%v", first)
		}
		m.boss.want(409, "POST", grants, map[string]any{"course_id": m.course, "days": 30, "why": "另一件事"}, "Idempotency-Key", "k1") // the key is spent
		m.boss.want(409, "POST", grants, map[string]any{"course_id": m.course, "days": 0, "why": "线下课学员"}, "Idempotency-Key", "k1") // another term
		m.boss.want(201, "POST", grants, map[string]any{"course_id": m.course, "days": 0, "why": "再也不限"}, "Idempotency-Key", "k2")
		m.boss.want(409, "POST", grants, map[string]any{"course_id": m.course, "days": 0, "why": "又一次"}, "Idempotency-Key", "k3") // has it for ever
		back := fmt.Sprintf("/grants/%.0f/take-back", first["id"])
		m.boss.want(400, "POST", back, map[string]any{"why": ""})
		for range 2 {
			m.boss.want(204, "POST", back, map[string]any{"why": "送错了人"})
		}
		c.want(200, "GET", lesson, nil) // the second one still opens it
		for _, g := range m.boss.want(200, "GET", fmt.Sprintf("/learners/%d/courses/%d/access", id, m.course), nil).json["grants"].([]any) {
			m.boss.want(204, "POST", fmt.Sprintf("/grants/%.0f/take-back", g.(map[string]any)["id"]), map[string]any{"why": "都收回"})
		}
		c.want(403, "GET", lesson, nil)

		buyer := m.learner("oGift2", "android", 0)
		m.sheet(m.order(buyer, "jsapi", "b1"))
		m.until("bought", func() bool { return buyer.do("GET", lesson, nil).status == 200 })
		bought := m.boss.want(200, "GET", fmt.Sprintf("/learners/%d/courses/%d/access", m.learnerOf("oGift2"), m.course), nil).json["grants"].([]any)[0].(map[string]any)
		m.boss.want(409, "POST", fmt.Sprintf("/grants/%.0f/take-back", bought["id"]), map[string]any{"why": "x"})
		buyer.want(200, "GET", lesson, nil)
	})
}

// Files of an older shop: a bad row changes nothing and is named, a second import adds nothing, and an imported
// learner finds the course when they first log in.
func TestImportFiles(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		h, ctx := m.houses[0], context.Background()
		file := func(text string) *os.File {
			path := filepath.Join(t.TempDir(), "f.csv")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = f.Close() })
			return f
		}
		count := func(table string) (n int64) {
			if err := h.db.Table(table).Count(&n).Error; err != nil {
				t.Fatal(err)
			}
			return n
		}
		learners := func(text string) (csvfile.Done, error) {
			return h.learners.Import(ctx, learner.Import{File: file(text), Course: h.courseKnown, Give: h.giving.Import})
		}
		courses := func(text string) (csvfile.Done, error) { return h.courses.Import(ctx, commandLine, file(text), nil) }
		articles := func(text string) (csvfile.Done, error) {
			return h.articles.Import(ctx, commandLine, file(text), nil)
		}
		before := []int64{count("learners"), count("grants"), count("courses"), count("lessons"), count("articles")}
		for _, x := range []struct {
			name, column string
			line         int
			err          error
		}{
			{"no openid", "openid", 3, second(learners("openid,note\no1,x\n,y\n"))},
			{"no such course", "course_id", 2, second(learners("openid,course_id,starts_at\no1,9999,2026-01-01T00:00:00+08:00\n"))},
			{"a term without a course", "course_id", 2, second(learners("openid,starts_at\no1,2026-01-01T00:00:00+08:00\n"))},
			{"ends before it starts", "ends_at", 2, second(learners(fmt.Sprintf("openid,course_id,starts_at,ends_at\no1,%d,2026-01-02T00:00:00+08:00,2026-01-01T00:00:00+08:00\n", m.course)))},
			{"a column nobody knows", "phone", 1, second(learners("openid,phone\no1,1\n"))},
			{"a column twice", "openid", 1, second(learners("openid,openid\no1,1\n"))},
			{"GBK", "note", 2, second(learners("openid,note\no1,\xd6\xd0\n"))},
			{"price", "price", 3, second(courses("title,price\n甲,99\n乙,九十九\n"))},
			{"no title", "title", 2, second(courses("title,price\n,99\n"))},
			{"kind", "kind", 2, second(courses("title,price,lesson,kind\n甲,99,一,film\n"))},
			{"lesson without a title", "lesson", 2, second(courses("title,price,content\n甲,99,x\n"))},
			{"article in the future", "published_at", 2, second(articles("title,published_at\n甲,2099-01-01T00:00:00+08:00\n"))},
			{"article of no course", "course_id", 2, second(articles("title,course_id\n甲,9999\n"))},
			{"open quote", "", 0, second(articles("title\n\"甲\n"))},
			{"a lesson twice", "lesson", 3, second(courses("title,price,chapter,lesson\n甲,99,一,导学\n甲,99,一,导学\n"))},
			{"no price", "price", 2, second(courses("title,price\n甲,\n"))},
			{"two prices", "price", 3, second(courses("title,price,lesson\n甲,99,一\n甲,98,二\n"))},
			{"an article twice", "title", 3, second(articles("title\n早安\n早安\n"))},
			{"a quote that is not closed", "", 0, second(articles("title\n\"甲\n" + strings.Repeat("一行\n", 1_000_000)))},
			{"a line without end", "", 0, second(articles("title\n\"" + strings.Repeat("长", 600_000) + "\"\n"))},
		} {
			var bad csvfile.BadRow
			if !errors.As(x.err, &bad) || x.column != "" && (bad.Column != x.column || bad.Line != x.line) {
				t.Errorf("%s: %v", x.name, x.err)
			}
		}
		if after := []int64{count("learners"), count("grants"), count("courses"), count("lessons"), count("articles")}; fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("bad files changed %v to %v", before, after)
		}

		old := fmt.Sprintf("\ufeff\"openid\",unionid,created_at,course_id,starts_at,ends_at,note\noOld1,u1,2025-03-01T08:00:00+08:00,%d,2025-03-02T08:00:00+08:00,,老店 3 号\noOld1,u1,,%d,2025-03-02T08:00:00+08:00,,again\noOld2,,,,,,\n", m.course, m.course)
		for n, want := range []csvfile.Done{{Rows: 3, Added: 2, Had: 1}, {Rows: 3, Had: 3}} {
			if done, err := learners(old); err != nil || done != want {
				t.Errorf("import %d: %+v, %v", n, done, err)
			}
		}
		m.learner("oOld1", "ios", 1).want(200, "GET", fmt.Sprintf("/lessons/%d", m.paid), nil)
		m.learner("oOld2", "ios", 1).want(403, "GET", fmt.Sprintf("/lessons/%d", m.paid), nil)

		shop := "title,category,teacher,price,original_price,chapter,lesson,kind,content,trial,seconds\n画画课,美术,王老师,99.5,199,一,起笔,text,\"<p>第一行\n第二行</p><script>x</script>\",是,\n画画课,美术,王老师,99.5,199,一,落笔,,字,,\n画画课,美术,王老师,,,二,起笔,,字,,\n空课,,,0,,,,,,,\n\"GO 入门\",,,1,,,,,,,\nGo 入门,,,2,,,,,,,\n"
		for n, want := range []csvfile.Done{{Rows: 6, Added: 6}, {Rows: 6, Had: 6}} {
			if done, err := courses(shop); err != nil || done != want {
				t.Errorf("courses %d: %+v, %v", n, done, err)
			}
		}
		list := m.boss.want(200, "GET", "/courses?q=画画课", nil).raw
		if !strings.Contains(list, `"price":9950`) || !strings.Contains(list, `"draft"`) || strings.Contains(list, "script") {
			t.Errorf("%s", list)
		}
		news := "title,url,published_at,content\n旧文,https://mp.weixin.qq.com/s/old1,2025-05-01T20:00:00+08:00,<p>正文</p>\n新文,,,\n"
		for n, want := range []csvfile.Done{{Rows: 2, Added: 2}, {Rows: 2, Had: 2}} {
			if done, err := articles(news); err != nil || done != want {
				t.Errorf("articles %d: %+v, %v", n, done, err)
			}
		}
		var states []string
		if err := h.db.Raw("SELECT state FROM articles ORDER BY title").Scan(&states).Error; err != nil || fmt.Sprint(states) != "[draft published]" {
			t.Errorf("states %v, %v", states, err)
		}
	})
}

func second(_ csvfile.Done, err error) error { return err }
