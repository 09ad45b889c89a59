package reply

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
	"time"

	"loudou/model"
)

// book is one published version, compiled once: every push is answered from it and from nothing else.
// It is never changed after compile, so any number of goroutines read it.
type book struct {
	version  int64
	rules    []model.Rule // in their order of winning: higher priority, then older id
	exact    map[string][]ranked
	words    *automaton
	contains [][]ranked // by the automaton's word
	regex    []pattern
	follow   []int
	other    []int // default
	scene    map[string][]int
	menu     map[string][]int
}

// ranked points at a rule by its place in rules, lower wins, and at the keyword that led there.
type ranked struct {
	rule    int
	keyword string
}

type pattern struct {
	ranked
	re *regexp.Regexp
}

// longestRegexText bounds what a regex keyword is tried on; RE2 is linear, a thousand of them add up.
const longestRegexText = 600

func compile(version int64, rules []model.Rule) (*book, error) {
	b := &book{version: version, exact: map[string][]ranked{}, scene: map[string][]int{}, menu: map[string][]int{}}
	for _, r := range rules {
		if r.Enabled {
			b.rules = append(b.rules, r)
		}
	}
	slices.SortFunc(b.rules, func(x, y model.Rule) int {
		return cmp.Or(cmp.Compare(y.Priority, x.Priority), cmp.Compare(x.ID, y.ID))
	})
	var patterns []string
	place := map[string]int{}
	for i := range b.rules {
		r := &b.rules[i]
		switch r.Kind {
		case model.RuleFollow:
			b.follow = append(b.follow, i)
		case model.RuleDefault:
			b.other = append(b.other, i)
		case model.RuleScene:
			key := strings.TrimPrefix(r.EventKey, "qrscene_")
			b.scene[key] = append(b.scene[key], i)
		case model.RuleMenu:
			b.menu[r.EventKey] = append(b.menu[r.EventKey], i)
		case model.RuleKeyword:
			for _, k := range r.Keywords {
				to := ranked{i, k.Text}
				folded := model.Fold(k.Text)
				switch k.Match {
				case model.MatchExact:
					b.exact[folded] = append(b.exact[folded], to)
				case model.MatchContains:
					at, ok := place[folded]
					if !ok {
						at = len(patterns)
						place[folded] = at
						patterns = append(patterns, folded)
						b.contains = append(b.contains, nil)
					}
					b.contains[at] = append(b.contains[at], to)
				case model.MatchRegex:
					re, err := model.CompileWord(k.Text)
					if err != nil {
						return nil, fmt.Errorf("rule %d: %w", r.ID, err)
					}
					b.regex = append(b.regex, pattern{to, re})
				}
			}
		}
	}
	b.words = newAutomaton(patterns)
	return b, nil
}

// found is the rule that wins and the road there; rule is -1 when none does.
type found struct {
	ranked
	why []string
}

// choose picks the winner for p at a time on the business clock. why is gathered only when asked for,
// so the simulator runs the very code of the callback.
func (b *book) choose(p *model.Push, at time.Time, explain bool) found {
	f := found{ranked: ranked{rule: -1}}
	say := func(format string, args ...any) {
		if explain {
			f.why = append(f.why, fmt.Sprintf(format, args...))
		}
	}
	first := func(list []int, what string) bool {
		for _, i := range list {
			if b.rules[i].Active.Holds(at) {
				f.rule = i
				say("%s：规则「%s」", what, b.rules[i].Name)
				return true
			}
			say("%s：规则「%s」不在生效时间内", what, b.rules[i].Name)
		}
		return false
	}
	switch {
	case p.MsgType != "event":
		if text := p.Text(); text != "" && b.byText(text, at, &f, say) {
			return f
		}
		if !first(b.other, "没有关键词命中，用默认回复") {
			say("没有关键词命中，也没有生效的默认回复")
		}
	case p.Event == "subscribe" || p.Event == "SCAN":
		if scene := p.Scene(); scene != "" && (first(b.scene[scene], "扫码 "+scene) || first(b.scene[""], "任意扫码")) {
			return f
		}
		if !first(b.follow, "关注欢迎") {
			say("没有生效的关注回复")
		}
	case answersMenu(p.Event):
		if p.EventKey == "" || !first(b.menu[p.EventKey], "点击菜单 "+p.EventKey) {
			if !first(b.menu[""], "任意菜单") {
				say("没有规则回答这个菜单")
			}
		}
	default:
		say("这种事件不回复")
	}
	return f
}

func answersMenu(event string) bool {
	switch event {
	case "CLICK", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		return true
	}
	return false
}

func (b *book) byText(text string, at time.Time, f *found, say func(string, ...any)) bool {
	folded := model.Fold(text)
	best := ranked{rule: -1}
	offer := func(list []ranked, how model.Match) {
		for _, r := range list {
			if !b.rules[r.rule].Active.Holds(at) {
				say("规则「%s」的「%s」（%s）命中，但不在生效时间内", b.rules[r.rule].Name, r.keyword, how.Name())
				continue
			}
			if best.rule < 0 || r.rule < best.rule {
				best = r
			}
		}
	}
	won := func(how model.Match) bool {
		if best.rule < 0 {
			return false
		}
		f.ranked = best
		say("命中规则「%s」的「%s」（%s）", b.rules[best.rule].Name, best.keyword, how.Name())
		return true
	}
	offer(b.exact[folded], model.MatchExact)
	if won(model.MatchExact) {
		return true
	}
	b.words.find(folded, func(word int) { offer(b.contains[word], model.MatchContains) })
	if won(model.MatchContains) {
		return true
	}
	if len(b.regex) == 0 {
		return false
	}
	said := strings.TrimSpace(text)
	if r := []rune(said); len(r) > longestRegexText {
		said = string(r[:longestRegexText])
	}
	for _, p := range b.regex {
		if best.rule >= 0 && p.rule >= best.rule {
			break // the list is in the order of winning
		}
		if p.re.MatchString(said) || p.re.MatchString(folded) {
			offer([]ranked{p.ranked}, model.MatchRegex)
		}
	}
	return won(model.MatchRegex)
}

// answer turns the winner into what is said. The choice at random is seeded by the push's key, and the
// answer's CreateTime is the push's: any instance makes the same bytes, with or without the database.
func (b *book) answer(p *model.Push, f found) model.Answer {
	a := model.Answer{Version: b.version}
	if f.rule < 0 {
		return a
	}
	r := &b.rules[f.rule]
	a.RuleID, a.Rule, a.Keyword = r.ID, r.Name, f.keyword
	messages := r.Messages
	if r.Pick == "random" && len(messages) > 1 {
		h := fnv.New64a()
		_, _ = h.Write([]byte(p.Key()))
		var id [8]byte
		binary.BigEndian.PutUint64(id[:], uint64(r.ID)) //nolint:gosec // only mixed in
		_, _ = h.Write(id[:])
		i := h.Sum64() % uint64(len(messages))
		messages = messages[i : i+1]
	}
	if messages[0].Passive() {
		a.Passive = &messages[0]
		if p.JSON {
			a.Body = a.Passive.PassiveJSON(p.FromUserName, p.ToUserName, p.CreateTime)
		} else {
			a.Body = a.Passive.PassiveXML(p.FromUserName, p.ToUserName, p.CreateTime)
		}
		messages = messages[1:]
	}
	a.Later = messages // a first one that cannot be passive takes the rest along: the order stays
	return a
}
