package reply

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"loudou/model"
)

// mostReasons bounds the list: those that came nearest are in it.
const mostReasons = 100

// why tells in words which rule wins for p, and of every other why it does not: those that met first.
func (b *book) why(p *model.Push, at time.Time, f found, ask asks) []string {
	var out []string
	switch {
	case f.rule < 0:
		out = append(out, "没有规则回答")
	case f.step != nil:
		out = append(out, fmt.Sprintf("「%s」是规则「%s」的对话里的回答，先于关键词", f.keyword, b.rules[f.rule].Name))
	default:
		out = append(out, fmt.Sprintf("规则「%s」回答：%s", b.rules[f.rule].Name, b.met(p, &b.rules[f.rule]).words))
	}
	type loss struct {
		class int
		text  string
	}
	var losses []loss
	for i := range b.rules {
		if i == f.rule && f.step == nil {
			continue
		}
		r := &b.rules[i]
		m := b.met(p, r)
		text := m.words
		switch {
		case !m.ok:
		case !r.Active.Holds(at):
			text += "，但不在生效时间内（" + r.Active.Words() + "）"
		case r.Interval > 0 && !ask.may(r):
			text += fmt.Sprintf("，但 %s内已经回过这位粉丝", seconds(r.Interval))
		case f.rule < 0:
		case f.step != nil:
			text += "，但对话里的回答先赢"
		default:
			text += "，但" + b.beaten(p, i, f)
		}
		class := m.class
		if !m.ok {
			class += 100
		}
		losses = append(losses, loss{class, fmt.Sprintf("规则「%s」：%s", r.Name, text)})
	}
	slices.SortStableFunc(losses, func(x, y loss) int { return cmp.Compare(x.class, y.class) })
	for i, l := range losses {
		if i == mostReasons {
			out = append(out, fmt.Sprintf("另有 %d 条规则也没有命中", len(losses)-i))
			break
		}
		out = append(out, l.text)
	}
	return out
}

// beaten says by what the winner came before rule i, which met too.
func (b *book) beaten(p *model.Push, i int, f found) string {
	r, w := &b.rules[i], &b.rules[f.rule]
	mine, theirs := b.met(p, r), b.met(p, w)
	switch {
	case mine.class != theirs.class:
		return fmt.Sprintf("%s先于%s", theirs.name, mine.name)
	case r.Priority != w.Priority:
		return fmt.Sprintf("优先级 %d 低于 %d", r.Priority, w.Priority)
	}
	return fmt.Sprintf("优先级相同，「%s」建得更早", w.Name)
}

// meeting is whether and how a rule meets a push; a lower class wins.
type meeting struct {
	ok    bool
	class int
	name  string
	words string
}

// met looks at one rule alone, by the same tests as choose.
func (b *book) met(p *model.Push, r *model.Rule) meeting {
	no := func(words string) meeting { return meeting{words: words, class: 9} }
	yes := func(class int, name, words string) meeting { return meeting{true, class, name, words} }
	event := p.MsgType == "event"
	switch r.Kind {
	case model.RuleKeyword:
		if event {
			return no("只回答粉丝发来的话")
		}
		return b.metWords(p, r)
	case model.RuleDefault:
		switch {
		case event:
			return no("只回答粉丝发来的消息")
		case !r.Answers(p.MsgType):
			return no("只回答" + typeNames(r.MessageTypes))
		case len(r.MessageTypes) > 0:
			return yes(4, "这种消息的默认回复", "没有关键词命中时，回答"+typeNames(r.MessageTypes))
		}
		return yes(5, "默认回复", "没有关键词命中时的默认回复")
	case model.RuleScene:
		scene := p.Scene()
		switch {
		case scene == "":
			return no("只回答扫场景码")
		case slices.Contains(r.SceneKeys(), scene):
			return yes(1, "这个场景码的回复", "扫了场景码「"+scene+"」")
		case len(r.Scenes) > 0:
			return no(fmt.Sprintf("只回答它那 %d 个场景码", len(r.Scenes)))
		case r.EventKey == "":
			return yes(2, "任意场景码的回复", "扫了场景码")
		}
		return no("只回答场景码「" + r.EventKey + "」")
	case model.RuleMenu:
		switch {
		case !event || !answersMenu(p.Event):
			return no("只回答点菜单")
		case r.EventKey == "":
			return yes(2, "任意菜单的回复", "点了菜单")
		case r.EventKey == p.EventKey:
			return yes(1, "这个按钮的回复", "点了菜单「"+p.EventKey+"」")
		}
		return no("只回答菜单「" + r.EventKey + "」")
	case model.RuleFollow:
		switch {
		case r.Sourced():
			return no("问到关注来源后，在欢迎语之后追加（" + sourceNames(r.Sources) + "）")
		case p.Event == "subscribe" || p.Event == "SCAN":
			return yes(3, "关注欢迎语", "关注或扫码")
		}
		return no("只回答关注")
	}
	return no("不认识的类型")
}

func (b *book) metWords(p *model.Push, r *model.Rule) meeting {
	text := p.Text()
	folded, said := model.Fold(text), cut(strings.TrimSpace(text))
	best := meeting{class: 9, words: "关键词都不在这句话里"}
	for _, k := range r.Keywords {
		class, ok := 0, false
		switch word := model.Fold(k.Text); k.Match {
		case model.MatchExact:
			class, ok = 1, word == folded
		case model.MatchContains:
			class, ok = 2, text != "" && strings.Contains(folded, word)
		case model.MatchRegex:
			re, err := model.CompileWord(k.Text)
			class, ok = 3, err == nil && text != "" && (&pattern{re: re}).meets(said, cut(folded))
		}
		if ok && class < best.class {
			best = meeting{true, class, k.Match.Name(), fmt.Sprintf("「%s」命中（%s）", k.Text, k.Match.Name())}
		}
	}
	return best
}

func typeNames(types []string) string {
	out := make([]string, 0, len(types))
	for _, t := range types {
		out = append(out, model.MessageTypes[t])
	}
	return strings.Join(out, "、") + "消息"
}

func sourceNames(sources []string) string {
	out := make([]string, 0, len(sources))
	for _, s := range sources {
		out = append(out, model.SubscribeScenes[s])
	}
	return strings.Join(out, "、")
}

// seconds says a span as an operator would.
func seconds(n int) string {
	switch {
	case n%86400 == 0:
		return fmt.Sprintf("%d 天", n/86400)
	case n%3600 == 0:
		return fmt.Sprintf("%d 小时", n/3600)
	case n%60 == 0:
		return fmt.Sprintf("%d 分钟", n/60)
	}
	return fmt.Sprintf("%d 秒", n)
}
