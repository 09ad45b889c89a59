package model

import (
	"strings"
	"testing"
)

func TestLiveRepliesDrafts(t *testing.T) {
	article := func(title string) MessageArticle {
		return MessageArticle{Title: title, URL: "https://mp.weixin.qq.com/s/" + title}
	}
	two := LiveMessage{Type: "news", Articles: []MessageArticle{article("1"), article("2")}}
	live := LiveReplies{
		FollowOpen: false, AnswersOpen: true,
		Follow:  &two,
		Default: &LiveMessage{Type: "text", Content: "在的"},
		Rules: []LiveRule{
			{Name: "全部", Keywords: []Keyword{{"A", MatchExact}, {"a ", MatchExact}}, Messages: []LiveMessage{{Type: "img", Content: "tmp1"}, two, {Type: "voice", Content: "tmp2"}}},
			{Name: "随机", Random: true, Keywords: []Keyword{{"b", MatchContains}}, Messages: []LiveMessage{two, {Type: "video", Content: "http://x"}}},
			{Name: "没有", Keywords: []Keyword{{"c", MatchContains}}, Messages: []LiveMessage{{Type: "finder"}}},
		},
	}
	out := live.Drafts()
	if len(out) != 5 {
		t.Fatalf("%+v", out)
	}
	follow, standard, all, random, none := out[0], out[1], out[2], out[3], out[4]
	if follow.Rule.Enabled || len(follow.Rule.Messages) != 1 || len(follow.Rule.Messages[0].Articles) != 2 || !strings.Contains(follow.Notes[0], "关着") {
		t.Errorf("a follow takes several articles, and what is off stays off: %+v", follow)
	}
	if !standard.Rule.Enabled || standard.Rule.Interval != 3600 || standard.Rule.Kind != RuleDefault {
		t.Errorf("once an hour, as at WeChat: %+v", standard)
	}
	if len(all.Rule.Messages) != 4 || len(all.Rule.Keywords) != 1 || len(all.Files) != 2 || all.Files[1].Index != 3 || all.Files[1].Kind != MaterialVoice {
		t.Errorf("one article a message: %+v", all)
	}
	if len(random.Rule.Messages) != 1 || len(random.Rule.Messages[0].Articles) != 1 || len(random.Notes) != 2 {
		t.Errorf("a choice stays one choice, a video is said: %+v", random)
	}
	if len(none.Rule.Messages) != 0 || len(none.Notes) == 0 {
		t.Errorf("nothing comes along, and it is said: %+v", none)
	}
	all.Lose(0, "没有这个素材")
	if len(all.Rule.Messages) != 3 || len(all.Files) != 1 || all.Files[0].Index != 2 || all.Rule.Messages[2].Type != "voice" {
		t.Errorf("%+v", all)
	}
	// The names WeChat gives pictures change with each reading; the source does not.
	live.Rules[0].Messages[0].Content = "tmp9"
	again := live.Drafts()
	if again[2].Source != out[2].Source || again[2].Source == again[3].Source {
		t.Error("sources:", again[2].Source, out[2].Source)
	}
	for _, d := range []Taken{follow, standard, random} {
		d.Rule.Enabled = true
		if err := d.Rule.Check(); err != nil {
			t.Errorf("%s could not be saved: %v", d.Rule.Name, err)
		}
	}
}

func TestLiveMenuTemporary(t *testing.T) {
	console := LiveMenu{Shown: []LiveButton{{MenuButton: MenuButton{Name: "一"}, Sub: []LiveButton{{MenuButton: MenuButton{Name: "图", Type: "img"}, Value: "tmp"}}}}}
	if got := console.Temporary(); len(got) != 1 || got["tmp"] != MaterialImage {
		t.Errorf("%v", got)
	}
	m, _, notes := console.Draft()
	if m.Buttons[0].SubButton[0].MediaID != "tmp" || len(notes) != 0 {
		t.Errorf("%+v %v", m, notes)
	}
	ours := LiveMenu{Buttons: []MenuButton{{Name: "图", Type: "media_id", MediaID: "perm"}}}
	if got := ours.Temporary(); len(got) != 0 {
		t.Errorf("made by interface: %v", got)
	}
}
