package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// A lesson's quiz is scored here alone: no right answer leaves before something was handed in, one key is one
// submission at however many instances, passing and only passing finishes the lesson, and a changed quiz leaves old
// results as they were.
func TestQuiz(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		lesson, at := fmt.Sprintf("/lessons/%d", m.paid), fmt.Sprintf("/lessons/%d/quiz", m.paid)
		question := func(kind, text string, right []int, points int) map[string]any {
			return map[string]any{"kind": kind, "text": text, "options": []string{"甲", "乙", "丙"}, "right": right, "points": points, "why": "解析：" + text}
		}
		quiz := map[string]any{"pass": 6, "tries": 3, "questions": []any{question("single", "哪一个", []int{1}, 4), question("multiple", "哪几个", []int{0, 2}, 6)}}
		if r := m.boss.want(400, "PUT", lesson, map[string]any{"quiz": map[string]any{"pass": 99, "tries": 0, "questions": []any{question("single", " ", []int{}, 1)}}}); !strings.Contains(r.raw, "quiz.0.text") || !strings.Contains(r.raw, "quiz.0.right") || !strings.Contains(r.raw, "quiz.pass") {
			t.Error(r.raw)
		}
		m.boss.want(200, "PUT", lesson, map[string]any{"quiz": quiz})
		if r := m.boss.want(200, "PUT", lesson, map[string]any{"title": "正课二"}); !strings.Contains(r.raw, "哪几个") {
			t.Errorf("left out, it stays: %s", r.raw)
		}
		a, stranger := m.learner("oA", "android", 0), m.learner("oB", "android", 1)
		m.sheet(m.order(a, "jsapi", "k"))
		m.until("paid", func() bool { return a.do("GET", lesson, nil).status == 200 })
		stranger.want(403, "GET", at, nil)
		a.want(404, "GET", fmt.Sprintf("/lessons/%d/quiz", m.trial), nil)

		seen := a.want(200, "GET", at, nil)
		for _, secret := range []string{`"right"`, "解析", `"why"`} {
			if strings.Contains(seen.raw, secret) {
				t.Errorf("an answer before the answer: %s", seen.raw)
			}
		}
		if r := a.want(200, "GET", lesson, nil); !strings.Contains(r.raw, `"quiz":true`) || strings.Contains(r.raw, "解析") || strings.Contains(r.raw, `"right"`) {
			t.Error(r.raw)
		}
		if r := a.want(200, "GET", fmt.Sprintf("/courses/%d", m.course), nil); strings.Contains(r.raw, "解析") {
			t.Error(r.raw)
		}
		// A phone that says "finished" does not finish it.
		if r := a.want(200, "PUT", lesson+"/progress", map[string]any{"position_seconds": 9, "finished": true}); !strings.Contains(r.raw, `"finished":false`) {
			t.Error(r.raw)
		}
		hand := func(c caller, key string, answers [][]int) said {
			return c.do("POST", at, map[string]any{"hash": seen.text("hash"), "answers": answers}, "Idempotency-Key", key)
		}
		wrong, right := [][]int{{0}, {2, 0}}, [][]int{{1}, {0, 2}}
		if r := hand(stranger, "s", right); r.status != 403 {
			t.Errorf("a stranger: %d %s", r.status, r.raw)
		}
		if r := a.do("POST", at, map[string]any{"hash": seen.text("hash"), "answers": right}); r.status != 400 {
			t.Errorf("without a key: %d", r.status)
		}
		for _, bad := range [][][]int{{{1}}, {{1}, {}}, {{0, 1}, {0}}, {{1}, {7}}, {{1}, {-1}}, {}} {
			if r := hand(a, "bad", bad); r.status != 400 {
				t.Errorf("%v: %d %s", bad, r.status, r.raw)
			}
		}
		if r := a.do("POST", at, map[string]any{"hash": "0000", "answers": right}, "Idempotency-Key", "old"); r.status != 409 || !strings.Contains(r.raw, "题目刚刚改过") {
			t.Errorf("of other questions: %d %s", r.status, r.raw)
		}

		// One key, both instances at once: one submission.
		b := a
		b.base = m.urls[1] + "/mini/v1"
		answers := make([]said, 6)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = hand([]caller{a, b}[i%2], "one", [][]int{{0}, {0, 1}}) })
		}
		wg.Wait()
		for _, r := range answers {
			if r.status != 201 || !strings.Contains(r.raw, `"tried":1`) || !strings.Contains(r.raw, `"left":2`) || !strings.Contains(r.raw, `"points":0`) || !strings.Contains(r.raw, "解析：哪几个") || !strings.Contains(r.raw, `"right":[0,2]`) {
				t.Errorf("%d %s", r.status, r.raw)
			}
		}
		if r := hand(a, "one", right); r.status != 409 || r.code() != "key_reused" {
			t.Errorf("one key, other answers: %d %s", r.status, r.raw)
		}
		if r := hand(a, "two", wrong); r.status != 201 || !strings.Contains(r.raw, `"points":6`) || !strings.Contains(r.raw, `"passed":true`) {
			t.Errorf("just passed: %d %s", r.status, r.raw)
		}
		if r := a.want(200, "GET", lesson, nil); !strings.Contains(r.raw, `"finished":true`) {
			t.Error(r.raw)
		}
		events := int64(0)
		m.houses[0].db.Table("events").Where("lesson_id = ?", m.paid).Count(&events)
		if events != 1 {
			t.Errorf("lesson_finish: %d", events)
		}
		hand(a, "three", right)
		if r := hand(a, "four", right); r.status != 409 || !strings.Contains(r.raw, "最多答 3 次") {
			t.Errorf("no try left: %d %s", r.status, r.raw)
		}

		// The desk counts what was picked, question by question, and lists who came how far.
		figures := m.boss.want(200, "GET", at, nil)
		for _, part := range []string{`"people":1`, `"handed":3`, `"passed":1`, `"answered":3,"correct":1,"options":[{"text":"甲","right":false,"chose":2},{"text":"乙","right":true,"chose":1},{"text":"丙","right":false,"chose":0}]`, `{"text":"丙","right":true,"chose":2}`} {
			if !strings.Contains(figures.raw, part) {
				t.Errorf("%s not in %s", part, figures.raw)
			}
		}
		list := m.boss.want(200, "GET", at+"/results?page_size=2", nil)
		items := list.json["items"].([]any)
		if len(items) != 2 || list.text("next_page_token") == "" {
			t.Fatal(list.raw)
		}
		first := int64(m.boss.want(200, "GET", at+"/results?page_size=2&page_token="+list.text("next_page_token"), nil).json["items"].([]any)[0].(map[string]any)["id"].(float64))
		file := m.boss.want(200, "GET", at+"/results.csv", nil)
		if !strings.Contains(file.raw, "学员,第几次,得分,总分,及格,交卷时间") || !strings.Contains(file.raw, ",3,10,10,是,") || !strings.Contains(file.raw, ",1,0,10,否,") {
			t.Error(file.raw)
		}
		if r := m.boss.want(200, "GET", "/audit?object=course", nil); !strings.Contains(r.raw, "quiz.export") {
			t.Error(r.raw)
		}

		// Through a draft the quiz changes for everybody at once; what was handed in stays what it was.
		live := fmt.Sprintf("/courses/%d", m.course)
		begun := m.boss.want(200, "POST", live+"/draft", nil)
		var copyID int64
		for _, l := range begun.json["lessons"].([]any) {
			if l := l.(map[string]any); l["title"] == "正课二" {
				copyID = int64(l["id"].(float64))
			}
		}
		m.boss.want(200, "PUT", fmt.Sprintf("/lessons/%d", copyID), map[string]any{"quiz": map[string]any{"pass": 1, "tries": 0, "questions": []any{question("judge", "新题", []int{0}, 1), question("single", "哪一个", []int{2}, 4)}}})
		if r := a.want(200, "GET", at, nil); strings.Contains(r.raw, "新题") {
			t.Errorf("the draft is seen: %s", r.raw)
		}
		state := m.boss.want(200, "GET", live+"/draft", nil)
		if !strings.Contains(state.raw, "的测验：") {
			t.Error(state.raw)
		}
		m.boss.want(200, "POST", live+"/draft/publish", map[string]any{"note": "换题", "seen": state.text("seen")})
		now := a.want(200, "GET", at, nil)
		if !strings.Contains(now.raw, "新题") || !strings.Contains(now.raw, `"left":-1`) || !strings.Contains(now.raw, "解析：哪几个") || !strings.Contains(now.raw, `["对","错"]`) {
			t.Errorf("new questions, old result: %s", now.raw)
		}
		if r := m.boss.want(200, "GET", fmt.Sprintf("/quiz-results/%d", first), nil); !strings.Contains(r.raw, "哪几个") || strings.Contains(r.raw, "新题") {
			t.Error(r.raw)
		}
		if r := m.boss.want(200, "GET", at, nil); !strings.Contains(r.raw, `"text":"新题","answered":0`) || !strings.Contains(r.raw, `"text":"哪一个","answered":3,"correct":1`) {
			t.Errorf("counted by what was asked: %s", r.raw)
		}
		m.boss.want(200, "POST", live+"/versions/1/restore", map[string]any{"note": "还是旧题"})
		if r := a.want(200, "GET", at, nil); strings.Contains(r.raw, "新题") || r.text("hash") != seen.text("hash") {
			t.Errorf("had back: %s", r.raw)
		}
		m.boss.want(200, "PUT", lesson, map[string]any{"quiz": map[string]any{"pass": 0, "tries": 0, "questions": []any{}}})
		a.want(404, "GET", at, nil)

		// Forgotten, the answers are nobody's; what was picked stays counted.
		a.want(204, "DELETE", "/me", nil)
		var subs, picks int64
		m.houses[0].db.Table("quiz_submissions").Count(&subs)
		m.houses[0].db.Table("quiz_picks").Count(&picks)
		if subs != 0 || picks != 6 {
			t.Errorf("%d submissions, %d picks", subs, picks)
		}
	})
}
