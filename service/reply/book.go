package reply

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"

	"loudou/model"
)

// book is one published version, compiled once: every push is answered from it and from nothing else.
// It is never changed after compile, so any number of goroutines read it.
type book struct {
	version  int64
	rules    []model.Rule // in their order of winning: higher priority, then older id
	place    map[int64]int
	exact    map[string][]ranked
	words    *automaton
	contains [][]ranked      // by the automaton's word
	regex    []pattern       // in their order of winning
	keyed    [][]int32       // by the automaton's word: the regexes that need it
	loose    []int32         // regexes that need no word: tried on every sentence
	answers  map[string]bool // words that some dialog waits for, folded
	follow   []int
	sourced  map[string][]int // by subscribe_scene
	other    []int            // default, those for a type of message first
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
	re   *regexp.Regexp
	need [][]int32 // of each clause one word must stand in the sentence
}

// longestRegexText bounds, in runes, what a regex keyword is tried on. RE2 is linear in it.
const longestRegexText = 600

func compile(version int64, rules []model.Rule) (*book, error) {
	b := &book{
		version: version, rules: winning(rules), place: map[int64]int{}, exact: map[string][]ranked{}, answers: map[string]bool{}, sourced: map[string][]int{},
		scene: map[string][]int{}, menu: map[string][]int{},
	}
	v := vocabulary{place: map[string]int32{}, book: b}
	for i := range b.rules {
		r := &b.rules[i]
		b.place[r.ID] = i
		if r.Dialog != nil {
			for _, a := range r.Dialog.Answers {
				b.answers[model.Fold(a.Answer)] = true
			}
		}
		switch r.Kind {
		case model.RuleFollow:
			if !r.Sourced() {
				b.follow = append(b.follow, i)
			}
			for _, s := range r.Sources {
				b.sourced[s] = append(b.sourced[s], i)
			}
		case model.RuleDefault:
			b.other = append(b.other, i)
		case model.RuleScene:
			for _, key := range r.SceneKeys() {
				b.scene[key] = append(b.scene[key], i)
			}
		case model.RuleMenu:
			b.menu[r.EventKey] = append(b.menu[r.EventKey], i)
		case model.RuleKeyword:
			if err := v.take(i, r); err != nil {
				return nil, err
			}
		}
	}
	slices.SortStableFunc(b.other, func(x, y int) int {
		any := func(i int) int { return min(1, len(b.rules[i].MessageTypes)) }
		return cmp.Compare(any(y), any(x))
	})
	b.words = newAutomaton(v.words)
	v.key()
	return b, nil
}

// winning gives the enabled rules in their order of winning.
func winning(all []model.Rule) []model.Rule {
	var out []model.Rule
	for _, r := range all {
		if r.Enabled {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, before)
	return out
}

// before is the order of winning among rules that met in the same way.
func before(x, y model.Rule) int {
	return cmp.Or(cmp.Compare(y.Priority, x.Priority), cmp.Compare(x.ID, y.ID))
}

// vocabulary collects what the automaton looks for: the "contains" words and those that regexes need.
type vocabulary struct {
	words []string
	place map[string]int32
	book  *book
}

func (v *vocabulary) word(folded string) int32 {
	at, ok := v.place[folded]
	if !ok {
		at = int32(len(v.words)) //nolint:gosec // bounded by the rules
		v.place[folded] = at
		v.words = append(v.words, folded)
		v.book.contains = append(v.book.contains, nil)
	}
	return at
}

func (v *vocabulary) take(i int, r *model.Rule) error {
	for _, k := range r.Keywords {
		to := ranked{i, k.Text}
		folded := model.Fold(k.Text)
		switch k.Match {
		case model.MatchExact:
			v.book.exact[folded] = append(v.book.exact[folded], to)
		case model.MatchContains:
			at := v.word(folded)
			v.book.contains[at] = append(v.book.contains[at], to)
		case model.MatchRegex:
			re, err := model.CompileWord(k.Text)
			if err != nil {
				return fmt.Errorf("rule %d: %w", r.ID, err)
			}
			p := pattern{ranked: to, re: re}
			for _, clause := range requirement(k.Text) {
				ids := make([]int32, 0, len(clause))
				for _, w := range clause {
					ids = append(ids, v.word(w))
				}
				p.need = append(p.need, ids)
			}
			v.book.regex = append(v.book.regex, p)
		}
	}
	return nil
}

// key files each regex under one of its clauses, the one whose words the fewest regexes need, so that a word
// in everybody's regexes ("课程") does not wake them all.
func (v *vocabulary) key() {
	b := v.book
	shared := make([]int, len(v.words))
	for i := range b.regex {
		for _, clause := range b.regex[i].need {
			for _, w := range clause {
				shared[w]++
			}
		}
	}
	b.keyed = make([][]int32, len(v.words))
	for i := range b.regex {
		at, best, cost := int32(i), -1, 0 //nolint:gosec // bounded by the rules
		for c, clause := range b.regex[i].need {
			sum := 0
			for _, w := range clause {
				sum += shared[w]
			}
			if best < 0 || sum < cost {
				best, cost = c, sum
			}
		}
		if best < 0 {
			b.loose = append(b.loose, at)
			continue
		}
		for _, w := range b.regex[i].need[best] {
			b.keyed[w] = append(b.keyed[w], at)
		}
	}
}

// answer turns the winner into what is said. The choice at random is seeded by the push's key, and the
// answer's CreateTime is the push's: any instance makes the same bytes, with or without the database.
func (b *book) answer(p *model.Push, f found, current func(model.Message) model.Message) model.Answer {
	a := model.Answer{Version: b.version}
	if f.rule < 0 {
		return a
	}
	r := &b.rules[f.rule]
	a.RuleID, a.Rule, a.Keyword = r.ID, r.Name, f.keyword
	messages := b.messages(p, f)
	if messages[0].Passive() {
		now := current(messages[0]) // what comes later is named when it goes out
		a.Passive = &now
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

// messages are what the winner says to this push: chosen, filled in, its msgmenu numbered for the dialog.
func (b *book) messages(p *model.Push, f found) []model.Message {
	r := &b.rules[f.rule]
	messages := r.Messages
	if f.step != nil {
		messages = f.step
	} else if r.Pick == "random" && len(messages) > 1 {
		h := fnv.New64a()
		_, _ = h.Write([]byte(p.Key()))
		var id [8]byte
		binary.BigEndian.PutUint64(id[:], uint64(r.ID)) //nolint:gosec // only mixed in
		_, _ = h.Write(id[:])
		i := h.Sum64() % uint64(len(messages))
		messages = messages[i : i+1]
	}
	return numbered(r, model.Fill(messages, p, f.keyword))
}

// numbered writes the rule's number into its msgmenu choices, so that a tap finds back to the dialog
// without anything being remembered.
func numbered(r *model.Rule, messages []model.Message) []model.Message {
	if r.Dialog == nil || !slices.ContainsFunc(messages, func(m model.Message) bool { return m.Type == "msgmenu" }) {
		return messages
	}
	out := slices.Clone(messages)
	for i := range out {
		if out[i].Type != "msgmenu" {
			continue
		}
		list := make([]model.MenuChoice, 0, len(out[i].List))
		for _, c := range out[i].List {
			list = append(list, model.MenuChoice{ID: fmt.Sprintf("%d-%s", r.ID, c.ID), Content: c.Content})
		}
		out[i].List = list
	}
	return out
}
