package reply

import (
	"strings"
	"testing"

	"loudou/model"
)

// FuzzRules compares the compiled book with looking at every rule by itself, word by word.
func FuzzRules(f *testing.F) {
	for _, s := range [][3]string{
		{"课程怎么退款", "课程", "退(款|费)"}, {"ＰＰＴ 模板", "ppt", `p+t\s*模`}, {"100%_*(", "%", `\(`}, {"s\u017f\u212a", "k", "s.k"}, {" a\u200bb ", "ab", "^a.?b$"}, {"", "x", "x*"},
		{"第 12 节更新", "节", `第\s*(12|13)\s*节.*(更新|上线)`}, {"\xff\xfe", "a", "."},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, said, word, pattern string) {
		if len(pattern) > 256 || len(said) > 4096 {
			return
		}
		one := rule(1, 0, regex(pattern))
		if one.Check() != nil {
			return
		}
		rules := []model.Rule{one, rule(2, 1, regex("课.*"+pattern)), named(3, model.RuleDefault, func(*model.Rule) {})}
		if r := rule(4, 2, contains(word), exact("x"+word)); r.Check() == nil {
			rules = append(rules, r)
		}
		for i := range rules {
			if rules[i].Check() != nil {
				return
			}
		}
		b, err := compile(1, rules)
		if err != nil {
			t.Fatal(err)
		}
		p := says(said)
		want, class := int64(0), 99
		for i := range b.rules { // in the order of winning
			if m := b.met(p, &b.rules[i]); m.ok && m.class < class {
				want, class = b.rules[i].ID, m.class
			}
		}
		if got := winner(b, b.choose(p, noon, freely)); got != want {
			t.Errorf("%q against %q and %q: rule %d, by hand %d (needs %q)", said, word, pattern, got, want, strings.Join(flat(requirement(pattern)), ","))
		}
		if fold := model.Fold(said); model.Fold(fold) != fold {
			t.Errorf("folding %q twice differs", said)
		}
	})
}

func flat(in [][]string) (out []string) {
	for _, c := range in {
		out = append(out, c...)
	}
	return out
}
