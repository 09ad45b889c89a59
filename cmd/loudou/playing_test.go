package main

import (
	"fmt"
	"strings"
	"testing"
)

// A course says how a phone plays it: the learner's number over it, no skipping. A draft has it from the course, and whoever has
// finished a lesson skips as they like.
func TestPlaying(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		course, lesson := fmt.Sprintf("/courses/%d", m.course), fmt.Sprintf("/lessons/%d", m.paid)
		a := m.learner("oA", "android", 0)
		m.sheet(m.order(a, "jsapi", "k"))
		m.until("paid", func() bool { return a.do("GET", lesson, nil).status == 200 })
		plain := a.want(200, "GET", lesson, nil)
		if plain.json["watermark"] != "" || plain.json["no_forward"] != false {
			t.Error(plain.raw)
		}
		m.boss.want(400, "PUT", course, map[string]any{"playing": map[string]any{"watermark": "yes", "no_forward": true}})
		m.boss.want(200, "PUT", course, map[string]any{"playing": map[string]any{"watermark": true, "no_forward": true}})
		m.boss.want(200, "PUT", course, map[string]any{"teacher": "李老师"}) // what is left out stays
		marked := a.want(200, "GET", lesson, nil)
		mark, _ := marked.json["watermark"].(string)
		if !strings.HasPrefix(mark, "学员 ") || marked.json["no_forward"] != true {
			t.Error(marked.raw)
		}
		if other := m.learner("oB", "android", 1).want(200, "GET", fmt.Sprintf("/lessons/%d", m.trial), nil); other.json["watermark"] == mark {
			t.Errorf("two learners under one number: %s", other.raw)
		}
		draft := fmt.Sprintf("/courses/%v", m.boss.want(200, "POST", course+"/draft", nil).json["id"])
		m.boss.want(409, "PUT", draft, map[string]any{"playing": map[string]any{"watermark": false, "no_forward": false}})
		if r := m.boss.want(200, "GET", draft, nil); !strings.Contains(r.raw, `"playing":{"watermark":true,"no_forward":true}`) {
			t.Error(r.raw)
		}
		a.want(200, "PUT", lesson+"/progress", map[string]any{"position_seconds": 1, "finished": true})
		if r := a.want(200, "GET", lesson, nil); r.json["no_forward"] != false || r.json["watermark"] != mark {
			t.Errorf("finished: %s", r.raw)
		}
	})
}
