package reply

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"loudou/model"
)

// found is the rule that wins; rule is -1 when none does. step is set when it wins by its dialog.
type found struct {
	ranked
	how  model.Match // of a keyword rule
	step []model.Message
}

var nobody = found{ranked: ranked{rule: -1}}

// asks are the two questions about a fan that the book cannot answer. The callback's answers remember, the
// simulator's do not.
type asks struct {
	// may says whether the fan may hear the rule now, its interval considered.
	may func(r *model.Rule) bool
	// talk gives the rule whose dialog the fan is in; 0: none.
	talk func() int64
}

var freely = asks{may: func(*model.Rule) bool { return true }, talk: func() int64 { return 0 }}

// choose picks the winner for p at a time on the business clock. The order: a tapped choice, a running
// dialog, exact, contains, regex, default (for this type of message, then for any); within each, higher
// priority, then older id. A rule whose window is closed, or which the fan heard too lately, lets the next
// one answer.
func (b *book) choose(p *model.Push, at time.Time, ask asks) found {
	open := func(i int) bool {
		r := &b.rules[i]
		return r.Active.Holds(at) && (r.Interval == 0 || ask.may(r))
	}
	first := func(list []int) (found, bool) {
		for _, i := range list {
			if open(i) {
				return found{ranked: ranked{rule: i}}, true
			}
		}
		return nobody, false
	}
	switch {
	case p.MsgType != "event":
		if text := p.Text(); text != "" {
			if f, ok := b.byDialog(p, text, ask); ok {
				return f
			}
			if f, ok := b.byText(text, open); ok {
				return f
			}
		}
		for _, i := range b.other {
			if b.rules[i].Answers(p.MsgType) && open(i) {
				return found{ranked: ranked{rule: i}}
			}
		}
	case p.Event == "subscribe" || p.Event == "SCAN":
		if scene := p.Scene(); scene != "" {
			if f, ok := first(b.scene[scene]); ok {
				return f
			}
			if f, ok := first(b.scene[""]); ok {
				return f
			}
		}
		f, _ := first(b.follow)
		return f
	case answersMenu(p.Event):
		if p.EventKey != "" {
			if f, ok := first(b.menu[p.EventKey]); ok {
				return f
			}
		}
		f, _ := first(b.menu[""])
		return f
	}
	return nobody
}

func answersMenu(event string) bool {
	switch event {
	case "CLICK", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		return true
	}
	return false
}

// byDialog is the second step: a tapped choice names its rule; a word is asked about only where some dialog
// waits for it, so that ordinary messages cost nothing.
func (b *book) byDialog(p *model.Push, text string, ask asks) (found, bool) {
	if len(b.answers) == 0 {
		return nobody, false
	}
	say := func(rule int64, words ...string) (found, bool) {
		i, ok := b.place[rule]
		if !ok {
			return nobody, false
		}
		for _, w := range words {
			if m := b.rules[i].Dialog.Say(w); m != nil {
				return found{ranked: ranked{i, w}, step: m}, true
			}
		}
		return nobody, false
	}
	if id, choice, ok := strings.Cut(p.Get("bizmsgmenuid"), "-"); ok {
		if rule, err := strconv.ParseInt(id, 10, 64); err == nil {
			if f, ok := say(rule, choice, text); ok {
				return f, true
			}
		}
	}
	if !b.answers[model.Fold(text)] {
		return nobody, false
	}
	rule := ask.talk()
	if rule == 0 {
		return nobody, false
	}
	return say(rule, text)
}

func (b *book) byText(text string, open func(rule int) bool) (found, bool) {
	folded := model.Fold(text)
	for _, r := range b.exact[folded] { // in the order of winning
		if open(r.rule) {
			return found{ranked: r, how: model.MatchExact}, true
		}
	}
	words := b.inside(folded)
	var met []ranked
	for _, w := range words {
		met = append(met, b.contains[w]...)
	}
	slices.SortStableFunc(met, func(x, y ranked) int { return x.rule - y.rule })
	for i, r := range met {
		if (i == 0 || r.rule != met[i-1].rule) && open(r.rule) {
			return found{ranked: r, how: model.MatchContains}, true
		}
	}
	if len(b.regex) == 0 {
		return nobody, false
	}
	said, refused := cut(strings.TrimSpace(text)), -1
	folded = cut(folded)
	for _, i := range b.awake(words) {
		p := &b.regex[i]
		if p.rule == refused || !p.meets(said, folded) {
			continue
		}
		if open(p.rule) {
			return found{ranked: p.ranked, how: model.MatchRegex}, true
		}
		refused = p.rule
	}
	return nobody, false
}

func (p *pattern) meets(said, folded string) bool {
	return p.re.MatchString(said) || said != folded && p.re.MatchString(folded)
}

func cut(s string) string {
	if len(s) <= longestRegexText {
		return s
	}
	if r := []rune(s); len(r) > longestRegexText {
		return string(r[:longestRegexText])
	}
	return s
}

// inside gives the words that stand in a folded sentence, each once, in the order they end.
func (b *book) inside(folded string) []int32 {
	var out []int32
	b.words.find(folded, func(word int) {
		if w := int32(word); !slices.Contains(out, w) { //nolint:gosec // bounded by the rules
			out = append(out, w)
		}
	})
	return out
}

// awake gives the regexes that the words of a sentence allow to match, in the order of winning.
func (b *book) awake(words []int32) []int32 {
	out := slices.Clone(b.loose)
	for _, w := range words {
		for _, i := range b.keyed[w] {
			if !slices.ContainsFunc(b.regex[i].need, func(clause []int32) bool {
				return !slices.ContainsFunc(clause, func(c int32) bool { return slices.Contains(words, c) })
			}) {
				out = append(out, i)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
