package model

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestRuleCheckMore(t *testing.T) {
	text := func(s string, delay int) Message { return Message{Type: "text", Content: s, Delay: delay} }
	word := func() Rule {
		return Rule{Name: "词", Kind: RuleKeyword, Keywords: []Keyword{{"词", MatchExact}}, Pick: "all", Messages: []Message{text("答", 0)}, Enabled: true}
	}
	follow := func() Rule {
		return Rule{Name: "关注", Kind: RuleFollow, Pick: "all", Messages: []Message{text("欢迎", 0), text("后来", 50)}, Enabled: true}
	}
	dialog := func(d Dialog) *Dialog { return &d }
	for name, c := range map[string]struct {
		rule   Rule
		change func(*Rule)
		field  string // empty: may be saved
	}{
		"follow, 50 s later":         {follow(), func(*Rule) {}, ""},
		"follow, 51 s later":         {follow(), func(r *Rule) { r.Messages[1].Delay = 51 }, "messages[1]"},
		"word, 47 h later":           {word(), func(r *Rule) { r.Messages = append(r.Messages, text("晚", 47*3600)) }, ""},
		"word, 48 h later":           {word(), func(r *Rule) { r.Messages = append(r.Messages, text("晚", 48*3600)) }, "messages[1]"},
		"sooner than the one before": {word(), func(r *Rule) { r.Messages = []Message{text("a", 30), text("b", 10)} }, "messages[1]"},
		"random needs no order":      {word(), func(r *Rule) { r.Pick, r.Messages = "random", []Message{text("a", 30), text("b", 10)} }, ""},
		"handed over late":           {word(), func(r *Rule) { r.Messages = []Message{{Type: "transfer_customer_service", Delay: 5}} }, "messages[0]"},
		"interval of 59 s":           {word(), func(r *Rule) { r.Interval = 59 }, "interval_seconds"},
		"interval of a day":          {word(), func(r *Rule) { r.Interval = 86400 }, ""},
		"types of a keyword rule":    {word(), func(r *Rule) { r.MessageTypes = []string{"image"} }, "message_types"},
		"unknown type":               {word(), func(r *Rule) { r.Kind, r.Keywords, r.MessageTypes = RuleDefault, nil, []string{"shortvideo"} }, "message_types"},
		"default for pictures":       {word(), func(r *Rule) { r.Kind, r.Keywords, r.MessageTypes = RuleDefault, nil, []string{"image"} }, ""},
		"sources of a word":          {word(), func(r *Rule) { r.Sources = []string{"ADD_SCENE_SEARCH"} }, "sources"},
		"unknown source":             {follow(), func(r *Rule) { r.Sources = []string{"ADD_SCENE_MOON"} }, "sources"},
		"came by search":             {follow(), func(r *Rule) { r.Sources = []string{"ADD_SCENE_SEARCH"} }, ""},
		"source with interval":       {follow(), func(r *Rule) { r.Sources, r.Interval = []string{"ADD_SCENE_SEARCH"}, 60 }, "interval_seconds"},
		"dialog":                     {word(), func(r *Rule) { r.Dialog = dialog(Dialog{300, []DialogAnswer{{"1", []Message{text("一", 0)}}}}) }, ""},
		"dialog of 5 s":              {word(), func(r *Rule) { r.Dialog = dialog(Dialog{5, []DialogAnswer{{"1", []Message{text("一", 0)}}}}) }, "dialog.seconds"},
		"dialog without answers":     {word(), func(r *Rule) { r.Dialog = dialog(Dialog{300, nil}) }, "dialog.answers"},
		"answer twice, in full width": {word(), func(r *Rule) {
			r.Dialog = dialog(Dialog{300, []DialogAnswer{{"1", []Message{text("一", 0)}}, {"１", []Message{text("一", 0)}}}})
		}, "dialog.answers[1]"},
		"answer says nothing":       {word(), func(r *Rule) { r.Dialog = dialog(Dialog{300, []DialogAnswer{{"1", nil}}}) }, "dialog.answers[0]"},
		"answer's message is empty": {word(), func(r *Rule) { r.Dialog = dialog(Dialog{300, []DialogAnswer{{"1", []Message{text("", 0)}}}}) }, "dialog.answers[0].messages[0]"},
		"a long regex":              {word(), func(r *Rule) { r.Keywords[0] = Keyword{strings.Repeat("a", 257), MatchRegex} }, "keywords[0]"},
	} {
		r := c.rule
		c.change(&r)
		err := r.Check()
		var bad *Refusal
		if c.field == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if !errors.As(err, &bad) || bad.Fields[0].Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOverlaps(t *testing.T) {
	at := func(s string) *time.Time { v, _ := time.ParseInLocation(time.DateOnly, s, Shanghai); return &v }
	for i, c := range []struct {
		a, b Active
		want bool
	}{
		{Active{}, Active{}, true},
		{Active{From: "09:00", To: "18:00"}, Active{}, true},
		{Active{From: "09:00", To: "18:00"}, Active{From: "18:00", To: "09:00"}, false},
		{Active{From: "09:00", To: "18:00"}, Active{From: "17:59", To: "09:00"}, true},
		{Active{Days: []int{1, 2}}, Active{Days: []int{6, 7}}, false},
		{Active{Days: []int{1}, From: "22:00", To: "06:00"}, Active{Days: []int{2}}, true}, // Monday's night is Tuesday's morning
		{Active{Days: []int{1}, From: "22:00", To: "06:00"}, Active{Days: []int{2}, From: "06:00", To: "22:00"}, false},
		{Active{EndsAt: at("2026-05-01")}, Active{StartsAt: at("2026-05-01")}, false},
		{Active{EndsAt: at("2026-05-02")}, Active{StartsAt: at("2026-05-01")}, true},
	} {
		if got, back := c.a.Overlaps(&c.b), c.b.Overlaps(&c.a); got != c.want || back != c.want {
			t.Errorf("%d: %v and back %v, want %v", i, got, back, c.want)
		}
	}
	a := Active{Days: []int{5, 1}, From: "22:00", To: "06:00", StartsAt: at("2026-05-01")}
	if got := a.Words(); got != "周一五 22:00–06:00 2026-05-01 00:00 起" {
		t.Errorf("words: %s", got)
	}
}

func TestFill(t *testing.T) {
	p := &Push{MsgType: "text", Content: `课程<a href="x">` + strings.Repeat("长", 100), CreateTime: 1764000000} // 2025-11-25 00:00 in Shanghai, a Tuesday
	rule := []Message{{Type: "text", Content: "{日期} {星期} {时间}：{原话}（{关键词}）{没有}"}, {Type: "news", Articles: []MessageArticle{{Title: "{关键词}", URL: "https://x.cn/{日期}"}}}}
	got := Fill(rule, p, "课程")
	if want := "11月25日 星期二 00:00：课程＜a href=\"x\"＞" + strings.Repeat("长", 46) + "…（课程）{没有}"; got[0].Content != want {
		t.Errorf("got  %s\nwant %s", got[0].Content, want)
	}
	if got[1].Articles[0].Title != "课程" || got[1].Articles[0].URL != "https://x.cn/{日期}" || rule[1].Articles[0].Title != "{关键词}" {
		t.Errorf("articles: %+v, the rule's own %+v", got[1].Articles, rule[1].Articles)
	}
	if same := []Message{{Type: "text", Content: "{}"}}; &Fill(same, p, "")[0] != &same[0] {
		t.Error("what names nothing was copied")
	}
}
