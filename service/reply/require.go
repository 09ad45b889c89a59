package reply

import (
	"regexp/syntax"
	"slices"
	"unicode"

	"loudou/model"
)

// A regex costs a walk of its own over the text, so it is tried only where it can match: the texts that every
// match must hold are looked for by the automaton of the "contains" words, all at once. requirement gives them
// as clauses: of each clause one text must stand in the folded sentence. None: the regex can match anything
// and is tried on every sentence.
func requirement(pattern string) [][]string {
	re, err := syntax.Parse(pattern, syntax.Perl|syntax.FoldCase|syntax.DotNL)
	if err != nil {
		return nil
	}
	var out [][]string
	for _, c := range analyse(re.Simplify()).all() {
		c = folded(c)
		slices.Sort(c)
		if c = slices.Compact(c); c != nil && !slices.ContainsFunc(out, func(o []string) bool { return slices.Equal(o, c) }) {
			out = append(out, c)
		}
	}
	return out
}

const (
	mostExact  = 24 // texts of a small, finite set
	mostClause = 64
)

// part is what is known of one piece of a regex: the finite set of texts it is (exact, when not nil), or the
// clauses that whatever it matches must meet.
type part struct {
	exact   []string
	clauses [][]string
}

// all gives the clauses, those of an exact set with them.
func (p part) all() [][]string {
	if p.exact != nil {
		return [][]string{p.exact}
	}
	return p.clauses
}

func analyse(re *syntax.Regexp) part {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return part{exact: []string{""}}
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if !plain(r) {
				return part{}
			}
		}
		return part{exact: []string{string(re.Rune)}}
	case syntax.OpCharClass:
		return class(re.Rune)
	case syntax.OpCapture:
		return analyse(re.Sub[0])
	case syntax.OpPlus:
		return part{clauses: analyse(re.Sub[0]).all()}
	case syntax.OpRepeat:
		if re.Min > 0 {
			return part{clauses: analyse(re.Sub[0]).all()}
		}
	case syntax.OpQuest:
		if sub := analyse(re.Sub[0]); sub.exact != nil {
			return part{exact: append([]string{""}, sub.exact...)}
		}
	case syntax.OpConcat:
		return concat(re.Sub)
	case syntax.OpAlternate:
		return alternate(re.Sub)
	}
	return part{}
}

// plain tells a rune that all its spellings in capitals and small letters fold to the same.
func plain(r rune) bool {
	want := model.Fold("x" + string(r))
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		if model.Fold("x"+string(o)) != want {
			return false
		}
	}
	return true
}

func class(ranges []rune) part {
	var out []string
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if len(out) >= mostExact || !plain(r) {
				return part{}
			}
			out = append(out, string(r))
		}
	}
	if len(out) == 0 {
		return part{} // matches nothing
	}
	return part{exact: out}
}

func concat(subs []*syntax.Regexp) part {
	run := []string{""}
	finite := true
	var clauses [][]string
	end := func() {
		if len(run) > 1 || run[0] != "" {
			clauses = append(clauses, run)
		}
		run = []string{""}
	}
	for _, sub := range subs {
		p := analyse(sub)
		if p.exact == nil {
			end()
			finite = false
			clauses = append(clauses, p.clauses...)
			continue
		}
		if len(run)*len(p.exact) > mostExact {
			end()
			finite = false
		}
		next := make([]string, 0, len(run)*len(p.exact))
		for _, a := range run {
			for _, b := range p.exact {
				next = append(next, a+b)
			}
		}
		run = next
	}
	if finite {
		return part{exact: run}
	}
	end()
	return part{clauses: clauses}
}

// alternate: of a finite set all texts; else one clause made of the best of each branch.
func alternate(subs []*syntax.Regexp) part {
	var exact, union []string
	finite, sure := true, true
	for _, sub := range subs {
		p := analyse(sub)
		finite = finite && p.exact != nil && len(exact)+len(p.exact) <= mostExact
		exact = append(exact, p.exact...)
		var best []string
		for _, c := range p.all() {
			if f := folded(c); f != nil && (best == nil || shortest(f) > shortest(best)) {
				best = c
			}
		}
		sure = sure && best != nil
		union = append(union, best...)
	}
	switch {
	case finite:
		return part{exact: exact}
	case !sure || len(union) > mostClause:
		return part{}
	}
	return part{clauses: [][]string{union}}
}

// folded gives a clause as it stands in a folded sentence; nil when one of its texts is nothing there.
func folded(clause []string) []string {
	out := make([]string, 0, len(clause))
	for _, s := range clause {
		f := model.Fold(s)
		if f == "" {
			return nil
		}
		out = append(out, f)
	}
	return out
}

func shortest(clause []string) int {
	n := len(clause[0])
	for _, s := range clause {
		n = min(n, len(s))
	}
	return n
}
