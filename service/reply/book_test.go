package reply

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"loudou/model"
)

var noon = time.Date(2026, 5, 20, 12, 0, 0, 0, model.Shanghai) // a Wednesday

func says(text string) *model.Push {
	return &model.Push{FromUserName: "oA", ToUserName: "gh", MsgType: "text", Content: text, MsgID: "1", CreateTime: 1764000000}
}

func rule(id int64, priority int, keywords ...model.Keyword) model.Rule {
	return model.Rule{ID: id, Name: fmt.Sprint("r", id), Kind: model.RuleKeyword, Priority: priority, Keywords: keywords, Enabled: true, Pick: "all", Messages: []model.Message{{Type: "text", Content: fmt.Sprint("a", id)}}}
}

func exact(s string) model.Keyword    { return model.Keyword{Text: s, Match: model.MatchExact} }
func contains(s string) model.Keyword { return model.Keyword{Text: s, Match: model.MatchContains} }
func regex(s string) model.Keyword    { return model.Keyword{Text: s, Match: model.MatchRegex} }

// Forty sentences against one set of rules (official-account check 11).
func TestSentences(t *testing.T) {
	other := model.Rule{ID: 90, Name: "默认", Kind: model.RuleDefault, Enabled: true, Pick: "all", Messages: []model.Message{{Type: "text", Content: "a90"}}}
	off := rule(91, 100, exact("关掉的"))
	off.Enabled = false
	b, err := compile(7, []model.Rule{
		rule(1, 0, exact("PPT")), rule(2, 0, contains("课程")), rule(3, 5, contains("退款")), rule(4, 0, contains("退款"), exact("你好 世界")),
		rule(5, 0, contains("ppt")), rule(6, 0, exact("😀")), rule(7, 0, contains("100%")), rule(8, 0, contains("_")),
		rule(9, 0, exact("(")), rule(10, 0, contains("*")), rule(11, 0, regex(`^\d{11}$`)), rule(12, 9, regex(`多少(钱|元)`)),
		rule(13, 0, contains("she"), contains("he"), contains("hers")), rule(14, 3, contains("hers")), rule(15, 0, exact("同级"), exact("ＡＢＣ")), rule(16, 0, exact("同级")),
		rule(17, 0, regex(`(a+)+$`)), rule(18, 1, exact("课程")), rule(19, 0, contains("学习方法")), rule(20, 0, contains("习")),
		off, other,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		text string
		want int64
	}{
		{"PPT", 1}, {"ＰＰＴ", 1}, {" ppt ", 1}, {"PPT课", 5}, {"我要ｐｐｔ模板", 5}, {"课程", 18}, {" 课程　", 18}, {"我想买课程", 2}, {"课", 90}, {"程课", 90},
		{"课 程", 90}, {"退款", 3}, {"课程怎么退款？", 3}, {"你好 世界", 4}, {"你好　　世界", 4}, {"你好世界", 90}, {"你好\n世界", 4}, {"😀", 6}, {"😀😀", 90}, {"打折100%吗", 7},
		{"打折100％吗", 7}, {"100", 90}, {"%", 90}, {"a_b", 8}, {"_", 8}, {"(", 9}, {"（", 9}, {"()", 90}, {"*", 10}, {"5*3", 10},
		{"13800138000", 11}, {"1380013800", 90}, {"这个多少钱", 12}, {"课程多少钱", 2}, {"ushers", 14}, {"the end", 13}, {"同级", 15}, {"abc", 15}, {"aaa", 17}, {"关掉的", 90},
		{"学习方法", 19}, {"复习", 20}, {"\u200bPPT\ufeff", 1}, {strings.Repeat("很长", 1000), 90}, {"' or 1=1 --", 90},
	} {
		f := b.choose(says(c.text), noon, freely)
		got := int64(-1)
		if f.rule >= 0 {
			got = b.rules[f.rule].ID
		}
		if got != c.want {
			t.Errorf("%d %q: rule %d, want %d", i, c.text, got, c.want)
		}
	}
}

func TestEvents(t *testing.T) {
	kind := func(id int64, k model.RuleKind, key string) model.Rule {
		r := rule(id, 0)
		r.Kind, r.EventKey = k, key
		return r
	}
	b, err := compile(1, []model.Rule{kind(1, model.RuleFollow, ""), kind(2, model.RuleScene, "a1"), kind(3, model.RuleMenu, "TODAY"), kind(4, model.RuleDefault, "")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		event, key string
		want       int64
	}{
		{"subscribe", "", 1}, {"subscribe", "qrscene_a1", 2}, {"subscribe", "qrscene_zz", 1}, {"SCAN", "a1", 2}, {"SCAN", "zz", 1},
		{"CLICK", "TODAY", 3}, {"CLICK", "GONE", 0}, {"VIEW", "https://x", 0}, {"unsubscribe", "", 0}, {"invented", "", 0}, {"LOCATION", "", 0},
	} {
		f := b.choose(&model.Push{MsgType: "event", Event: c.event, EventKey: c.key, FromUserName: "oA"}, noon, freely)
		got := int64(0)
		if f.rule >= 0 {
			got = b.rules[f.rule].ID
		}
		if got != c.want {
			t.Errorf("%s %s: %d, want %d", c.event, c.key, got, c.want)
		}
	}
	image := &model.Push{MsgType: "image", FromUserName: "oA"}
	if f := b.choose(image, noon, freely); b.rules[f.rule].ID != 4 {
		t.Errorf("an image gets %d", b.rules[f.rule].ID)
	}
}

func TestAnswer(t *testing.T) {
	card := model.Message{Type: "miniprogrampage", Title: "课"}
	many := rule(1, 0, exact("all"))
	many.Messages = []model.Message{{Type: "text", Content: "一"}, card, {Type: "text", Content: "三"}}
	cardFirst := rule(2, 0, exact("card"))
	cardFirst.Messages = []model.Message{card, {Type: "text", Content: "二"}}
	dice := rule(3, 0, exact("dice"))
	dice.Pick = "random"
	for i := range 5 {
		dice.Messages = append(dice.Messages, model.Message{Type: "text", Content: fmt.Sprint("点", i)})
	}
	b, _ := compile(3, []model.Rule{many, cardFirst, dice})
	get := func(p *model.Push) model.Answer {
		return b.answer(p, b.choose(p, noon, freely), func(m model.Message) model.Message { return m })
	}
	if a := get(says("all")); !strings.Contains(string(a.Body), "<Content><![CDATA[一]]></Content>") || len(a.Later) != 2 || a.RuleID != 1 || a.Version != 3 {
		t.Errorf("all: %s %v", a.Body, a.Later)
	}
	if a := get(says("card")); a.Body != nil || len(a.Later) != 2 {
		t.Errorf("card first: %s %v", a.Body, a.Later)
	}
	if a := get(says("nothing")); a.Body != nil || a.RuleID != 0 {
		t.Errorf("nothing: %+v", a)
	}
	seen := map[string]bool{}
	for i := range 200 {
		p := says("dice")
		p.MsgID = fmt.Sprint(1000 + i)
		first, again := get(p), get(p)
		if string(first.Body) != string(again.Body) || len(first.Later) != 0 {
			t.Fatal("the same push got two answers")
		}
		seen[string(first.Body)] = true
	}
	if len(seen) != 6 { // five and the rule's own "a3"
		t.Errorf("random chose among %d", len(seen))
	}
}

func BenchmarkThousandRules(b *testing.B) {
	var rules []model.Rule
	for i := range 1000 {
		rules = append(rules, rule(int64(i+1), i%7, contains(fmt.Sprintf("第%d节课程", i)), exact(fmt.Sprint("资料", i))))
	}
	book, err := compile(1, rules)
	if err != nil {
		b.Fatal(err)
	}
	p := says("请问老师，第999节课程什么时候更新？我已经等了很久了")
	b.ReportAllocs()
	for b.Loop() {
		if f := book.choose(p, noon, freely); f.rule < 0 {
			b.Fatal("not found")
		}
	}
}
