package model

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestActive(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, Shanghai)
		if err != nil {
			t.Fatal(err)
		}
		return v.UTC()
	}
	ptr := func(s string) *time.Time { v := at(s); return &v }
	for _, c := range []struct {
		a    Active
		at   string
		want bool
	}{
		{Active{}, "2026-05-20 03:00", true},
		{Active{From: "09:00", To: "18:00"}, "2026-05-20 09:00", true},
		{Active{From: "09:00", To: "18:00"}, "2026-05-20 18:00", false},
		{Active{From: "09:00", To: "18:00"}, "2026-05-20 08:59", false},
		{Active{From: "09:00", To: "24:00"}, "2026-05-20 23:59", true},
		{Active{From: "22:00", To: "06:00"}, "2026-05-20 23:00", true},
		{Active{From: "22:00", To: "06:00"}, "2026-05-21 05:59", true},
		{Active{From: "22:00", To: "06:00"}, "2026-05-21 06:00", false},
		{Active{From: "22:00", To: "06:00", Days: []int{3}}, "2026-05-21 01:00", true},  // Wednesday's night
		{Active{From: "22:00", To: "06:00", Days: []int{3}}, "2026-05-20 01:00", false}, // Tuesday's night
		{Active{Days: []int{7}}, "2026-05-24 12:00", true},                              // a Sunday
		{Active{Days: []int{1, 2}}, "2026-05-24 12:00", false},
		{Active{StartsAt: ptr("2026-05-20 00:00"), EndsAt: ptr("2026-05-21 00:00")}, "2026-05-20 00:00", true},
		{Active{StartsAt: ptr("2026-05-20 00:00"), EndsAt: ptr("2026-05-21 00:00")}, "2026-05-21 00:00", false},
		{Active{StartsAt: ptr("2026-05-20 00:00")}, "2026-05-19 23:59", false},
	} {
		if got := c.a.Holds(at(c.at)); got != c.want {
			t.Errorf("%+v at %s = %v", c.a, c.at, got)
		}
	}
}

func TestRuleCheck(t *testing.T) {
	good := func() Rule {
		return Rule{Name: "课程", Kind: RuleKeyword, Keywords: []Keyword{{"课程", MatchContains}}, Pick: "all", Messages: []Message{{Type: "text", Content: "在这里"}}, Enabled: true}
	}
	if r := good(); r.Check() != nil {
		t.Errorf("good rule: %v", r.Check())
	}
	for name, c := range map[string]struct {
		change func(*Rule)
		field  string
	}{
		"no name":          {func(r *Rule) { r.Name = " " }, "name"},
		"kind":             {func(r *Rule) { r.Kind = "x" }, "kind"},
		"no keywords":      {func(r *Rule) { r.Keywords = nil }, "keywords"},
		"blank keyword":    {func(r *Rule) { r.Keywords[0].Text = "　" }, "keywords[0]"},
		"bad regex":        {func(r *Rule) { r.Keywords[0] = Keyword{"(", MatchRegex} }, "keywords[0]"},
		"twice":            {func(r *Rule) { r.Keywords = append(r.Keywords, Keyword{" 课程", MatchContains}) }, "keywords[1]"},
		"follow with word": {func(r *Rule) { r.Kind = RuleFollow }, "keywords"},
		"no message":       {func(r *Rule) { r.Messages = nil }, "messages"},
		"long text":        {func(r *Rule) { r.Messages[0].Content = strings.Repeat("长", 683) }, "messages[0]"},
		"two articles": {func(r *Rule) {
			r.Messages[0] = Message{Type: "news", Articles: []MessageArticle{{Title: "a", URL: "https://x.cn"}, {Title: "b", URL: "https://x.cn"}}}
		}, "messages[0]"},
		"script link": {func(r *Rule) {
			r.Messages[0] = Message{Type: "news", Articles: []MessageArticle{{Title: "a", URL: "javascript:alert(1)"}}}
		}, "messages[0]"},
		"unknown message": {func(r *Rule) { r.Messages[0].Type = "shortvideo" }, "messages[0]"},
		"day 8":           {func(r *Rule) { r.Active.Days = []int{8} }, "active.days"},
		"half a span":     {func(r *Rule) { r.Active.From = "09:00" }, "active.from"},
		"25:00":           {func(r *Rule) { r.Active.From, r.Active.To = "09:00", "25:00" }, "active.to"},
	} {
		r := good()
		c.change(&r)
		err := r.Check()
		var bad *Refusal
		if !errors.As(err, &bad) || !errors.Is(err, ErrInvalid) || bad.Fields[0].Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPassiveXML(t *testing.T) {
	m := Message{Type: "text", Content: "a ]]> b <c>&"}
	want := "<xml><ToUserName><![CDATA[oA]]></ToUserName><FromUserName><![CDATA[gh]]></FromUserName><CreateTime>5</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[a ]]]]><![CDATA[> b <c>&]]></Content></xml>"
	if got := string(m.PassiveXML("oA", "gh", 5)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
