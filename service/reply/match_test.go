package reply

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/store"
)

func text(s string) []model.Message { return []model.Message{{Type: "text", Content: s}} }

func named(id int64, k model.RuleKind, change func(*model.Rule)) model.Rule {
	r := rule(id, 0)
	r.Kind = k
	change(&r)
	return r
}

func winner(b *book, f found) int64 {
	if f.rule < 0 {
		return 0
	}
	return b.rules[f.rule].ID
}

// Default per type of message, before the one for any type whatever their priorities.
func TestDefaultPerType(t *testing.T) {
	b, err := compile(1, []model.Rule{
		named(1, model.RuleDefault, func(r *model.Rule) { r.Priority = 100 }),
		named(2, model.RuleDefault, func(r *model.Rule) { r.MessageTypes = []string{"image", "video"} }),
		named(3, model.RuleDefault, func(r *model.Rule) {
			r.MessageTypes = []string{"voice"}
			r.Active = model.Active{From: "01:00", To: "02:00"}
		}),
		rule(4, 0, exact("课程")),
	})
	if err != nil {
		t.Fatal(err)
	}
	heard := model.Push{MsgType: "voice", FromUserName: "oA", Fields: []model.PushField{{Path: "Recognition", Value: "课程"}}}
	for name, c := range map[string]struct {
		p    model.Push
		want int64
	}{
		"text": {*says("没有"), 1}, "image": {model.Push{MsgType: "image"}, 2}, "shortvideo": {model.Push{MsgType: "shortvideo"}, 2},
		"voice, closed": {model.Push{MsgType: "voice"}, 1}, "location": {model.Push{MsgType: "location"}, 1}, "voice with words": {heard, 4},
	} {
		if got := winner(b, b.choose(&c.p, noon, freely)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// A rule that may not answer now lets the next one answer, in every kind of match.
func TestNextBest(t *testing.T) {
	late := func(r model.Rule) model.Rule { r.Interval = 60; return r }
	b, err := compile(1, []model.Rule{
		late(rule(1, 9, exact("a"))), rule(2, 5, contains("a")), late(rule(3, 8, contains("b"))), rule(4, 0, contains("b"), contains("bc")),
		late(rule(5, 5, regex("d+"))), rule(6, 0, regex("d")), late(named(7, model.RuleDefault, func(r *model.Rule) { r.Priority = 3 })), named(8, model.RuleDefault, func(*model.Rule) {}),
		late(named(9, model.RuleFollow, func(*model.Rule) {})),
	})
	if err != nil {
		t.Fatal(err)
	}
	heard := asks{may: func(*model.Rule) bool { return false }, talk: freely.talk}
	for _, c := range []struct {
		text          string
		first, second int64
	}{{"a", 1, 2}, {"bc", 3, 4}, {"dd", 5, 6}, {"x", 7, 8}} {
		if x, y := winner(b, b.choose(says(c.text), noon, freely)), winner(b, b.choose(says(c.text), noon, heard)); x != c.first || y != c.second {
			t.Errorf("%s: %d then %d, want %d then %d", c.text, x, y, c.first, c.second)
		}
	}
	if got := winner(b, b.choose(&model.Push{MsgType: "event", Event: "subscribe"}, noon, heard)); got != 0 {
		t.Errorf("follow: %d", got)
	}
}

func withDialog() model.Rule {
	r := rule(1, 0, exact("选课"))
	r.Messages = []model.Message{{Type: "text", Content: "答 1 或 2"}, {Type: "msgmenu", HeadContent: "选一个", List: []model.MenuChoice{{ID: "1", Content: "写作"}, {ID: "2", Content: "表格"}}}}
	r.Dialog = &model.Dialog{Seconds: 300, Answers: []model.DialogAnswer{{Answer: "1", Messages: text("写作课")}, {Answer: "２", Messages: text("表格课")}}}
	return r
}

func TestDialog(t *testing.T) {
	s := New(nil, "wx", nil, nil, nil, func() time.Time { return noon })
	if err := s.use(1, []model.Rule{withDialog(), rule(2, 0, exact("1")), rule(3, 0, contains("2"))}); err != nil {
		t.Fatal(err)
	}
	n := 0
	say := func(fan model.OpenID, text string, at time.Time, tapped string) model.Answer {
		n++
		p := &model.Push{AppID: "wx", FromUserName: fan, MsgType: "text", Content: text, MsgID: fmt.Sprint(n)}
		if tapped != "" {
			p.Fields = []model.PushField{{Path: "bizmsgmenuid", Value: tapped}}
		}
		return s.Answer(p, at)
	}
	if a := say("oA", "1", noon, ""); a.RuleID != 2 {
		t.Errorf("before the question: rule %d", a.RuleID)
	}
	a := say("oA", "选课", noon, "")
	if a.RuleID != 1 || len(a.Later) != 1 || a.Later[0].List[1].ID != "1-2" {
		t.Fatalf("the question: %+v", a)
	}
	if a := say("oA", " １ ", noon, ""); a.RuleID != 1 || a.Passive.Content != "写作课" || a.Keyword != "１" && a.Keyword != " １ " {
		t.Errorf("answer 1: %+v", a)
	}
	if a := say("oA", "2", noon.Add(299*time.Second), ""); a.RuleID != 1 || a.Passive.Content != "表格课" {
		t.Errorf("answer 2: %+v", a)
	}
	if a := say("oA", "2", noon.Add(300*time.Second), ""); a.RuleID != 3 {
		t.Errorf("too late: rule %d", a.RuleID)
	}
	if a := say("oB", "1", noon, ""); a.RuleID != 2 {
		t.Errorf("another fan: rule %d", a.RuleID)
	}
	if a := say("oB", "表格", noon.Add(time.Hour), "1-2"); a.RuleID != 1 || a.Passive.Content != "表格课" {
		t.Errorf("a tapped choice: %+v", a)
	}
	for _, strange := range []string{"9-2", "x", "1-", "-1", "1-9"} {
		if a := say("oB", "没有", noon, strange); a.RuleID != 0 {
			t.Errorf("%s: rule %d", strange, a.RuleID)
		}
	}
}

// Two instances with one Redis, then without it.
func TestInterval(t *testing.T) {
	url := os.Getenv("LOUDOU_TEST_REDIS") // empty: the in-process one
	r, err := store.OpenRedis(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	appid := fmt.Sprint("wx", time.Now().UnixNano())
	every := rule(1, 0, exact("a"))
	every.Interval = 60
	open := func() *Service {
		s := New(nil, appid, nil, nil, nil, func() time.Time { return noon })
		s.Remembers(r)
		if err := s.use(1, []model.Rule{every, named(2, model.RuleDefault, func(*model.Rule) {})}); err != nil {
			t.Fatal(err)
		}
		return s
	}
	one, two := open(), open()
	ask := func(s *Service, fan model.OpenID, msgid string) int64 {
		return s.Answer(&model.Push{AppID: appid, FromUserName: fan, MsgType: "text", Content: "a", MsgID: msgid}, noon).RuleID
	}
	for i, c := range []struct {
		s     *Service
		fan   model.OpenID
		msgid string
		want  int64
	}{{one, "oA", "1", 1}, {two, "oA", "1", 1}, {two, "oA", "2", 2}, {one, "oA", "2", 2}, {one, "oA", "1", 1}, {two, "oB", "3", 1}, {one, "oB", "4", 2}} {
		if got := ask(c.s, c.fan, c.msgid); got != c.want {
			t.Errorf("%d: rule %d, want %d", i, got, c.want)
		}
	}
	if ttl := r.PTTL(context.Background(), heardKey(appid, 1, "oA")).Val(); ttl <= 0 || ttl > time.Minute {
		t.Errorf("remembered for %v", ttl)
	}
	// Redis goes: each instance decides for itself, at once, and a repeat still gets the same.
	gone, _ := store.OpenRedis("redis://127.0.0.1:1/0")
	t.Cleanup(func() { _ = gone.Close() })
	one.memory.redis = gone
	start := time.Now()
	if x, y, z := ask(one, "oC", "5"), ask(one, "oC", "6"), ask(one, "oC", "5"); x != 1 || y != 2 || z != 1 {
		t.Errorf("without Redis: %d %d %d", x, y, z)
	}
	if took := time.Since(start); took > 500*time.Millisecond {
		t.Errorf("took %v", took)
	}
	if got := ask(one, "oA", "7"); got != 2 {
		t.Errorf("what was heard before: %d", got)
	}
	one.memory.redis = r
	one.memory.forget([]string{heardKey(appid, 1, "oA"), heardKey(appid, 1, "oB")})
	if n := r.Exists(context.Background(), heardKey(appid, 1, "oA")).Val(); n != 0 {
		t.Error("not forgotten")
	}
}

// Every rule's reason stands in the list, the winner first.
func TestWhy(t *testing.T) {
	night := rule(5, 0, contains("课程"))
	night.Active = model.Active{From: "22:00", To: "06:00"}
	late := rule(6, 0, contains("课程"))
	late.Interval = 3600
	rules := []model.Rule{rule(1, 0, exact("课程")), rule(2, 3, contains("课程")), rule(3, 0, contains("课程")), rule(4, 0, regex("课.")), night, late,
		named(7, model.RuleFollow, func(*model.Rule) {}), named(8, model.RuleMenu, func(r *model.Rule) { r.EventKey = "K" }), named(9, model.RuleDefault, func(*model.Rule) {}),
		rule(10, 0, exact("别的"))}
	b, err := compile(1, rules)
	if err != nil {
		t.Fatal(err)
	}
	heard := asks{may: func(*model.Rule) bool { return false }, talk: freely.talk}
	p := says("买课程")
	why := strings.Join(b.why(p, noon, b.choose(p, noon, heard), heard), "\n")
	for _, want := range []string{
		"规则「r2」回答：「课程」命中（包含）", "「r1」：关键词都不在这句话里", "「r3」：「课程」命中（包含），但优先级 0 低于 3", "「r4」：「课.」命中（正则），但包含先于正则",
		"「r5」：「课程」命中（包含），但不在生效时间内（22:00–06:00）", "「r6」：「课程」命中（包含），但 1 小时内已经回过这位粉丝", "「r7」：只回答关注", "「r8」：只回答点菜单",
		"「r9」：没有关键词命中时的默认回复，但包含先于默认回复", "「r10」：关键词都不在这句话里",
	} {
		if !strings.Contains(why, want) {
			t.Errorf("missing %s in\n%s", want, why)
		}
	}
}
