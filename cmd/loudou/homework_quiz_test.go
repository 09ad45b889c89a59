package main

import (
	"fmt"
	"strings"
	"testing"
)

// Who passed the quiz while homework held the lesson is not left unfinished for ever when the homework is closed.
func TestHomeworkClosedAfterTheQuiz(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		task := map[string]any{"title": "作业", "task": "写", "need_text": true, "need_pictures": false, "counts": true}
		s := openSchool(t, dsn, task)
		lesson := fmt.Sprintf("/lessons/%d", s.paid)
		s.boss.want(200, "PUT", lesson, map[string]any{"quiz": map[string]any{"pass": 1, "tries": 1, "questions": []any{
			map[string]any{"kind": "single", "text": "哪一个", "options": []string{"甲", "乙"}, "right": []int{1}, "points": 1, "why": "因为"}}}})
		seen := s.owner.want(200, "GET", lesson+"/quiz", nil)
		s.owner.want(201, "POST", lesson+"/quiz", map[string]any{"hash": seen.text("hash"), "answers": [][]int{{1}}}, "Idempotency-Key", "q")
		for i, want := range []string{`"finished":false`, `"finished":true`} {
			if i == 1 {
				s.set(map[string]any{"closed": true})
			}
			if r := s.owner.want(200, "PUT", lesson+"/progress", map[string]any{"position_seconds": 9, "finished": false}); !strings.Contains(r.raw, want) {
				t.Errorf("%d: %s", i, r.raw)
			}
		}
		if r := s.friend.want(200, "PUT", lesson+"/progress", map[string]any{"position_seconds": 9, "finished": true}); !strings.Contains(r.raw, `"finished":false`) {
			t.Errorf("without the quiz: %s", r.raw)
		}
	})
}
