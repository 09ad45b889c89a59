package reply

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"loudou/model"
)

func TestRequirement(t *testing.T) {
	for pattern, want := range map[string][][]string{
		`退(款|费|钱)`:            {{"退款", "退费", "退钱"}},
		`^\d{2}$`:             {{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}},
		`课程.*退款`:              {{"课程"}, {"退款"}},
		`^.{11}$`:             nil,
		`(你好|hello)吗?`:        {{"你好", "你好吗", "hello", "hello吗"}},
		`多少(钱|元)|价格`:          {{"多少钱", "多少元", "价格"}},
		`a+b`:                 {{"a"}, {"b"}},
		`(课.*|.*)`:            nil,
		`(课程.*表|模板\d+|资料.+包)`: {{"课程", "模板", "资料"}},
		`  PPT　`:              {{"ppt"}},
		`(`:                   nil,
		`x{2,}`:               {{"x"}},
	} {
		for _, c := range want {
			slices.Sort(c)
		}
		if got := requirement(pattern); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", pattern, got, want)
		}
	}
}

// TestRequirementIsSound matches random patterns against random sentences: whatever a regex matches must hold
// what it was said to require.
func TestRequirementIsSound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable
	atoms := []string{"课", "程", "a", "Ｂ", "k", "S", " ", "　", `\s`, "[ab款]", ".", `\d`, "(课|程序)", "(a|.b)", "x?", "(款 )?", "课*", "b+", "^", "$", `\b`, "(?:a b)"}
	letters := []string{"课", "程", "序", "款", "a", "A", "b", "Ｂ", "b", "k", "\u212a", "s", "ſ", " ", "　", "\u200b", "1", "x"}
	pick := func(from []string, n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(from[r.IntN(len(from))])
		}
		return b.String()
	}
	matched := 0
	for range 3000 {
		pattern := pick(atoms, 1+r.IntN(4))
		if r.IntN(3) == 0 {
			pattern += "|" + pick(atoms, 1+r.IntN(3))
		}
		re, err := model.CompileWord(pattern)
		if err != nil {
			continue
		}
		need := requirement(pattern)
		for range 20 {
			text := strings.TrimSpace(pick(letters, 1+r.IntN(7)))
			fold := model.Fold(text)
			if !re.MatchString(text) && !re.MatchString(fold) {
				continue
			}
			matched++
			for _, clause := range need {
				ok := false
				for _, c := range clause {
					ok = ok || strings.Contains(fold, c)
				}
				if !ok {
					t.Fatalf("%q matches %q (%q), which has none of %q", pattern, text, fold, clause)
				}
			}
		}
	}
	if matched < 5000 {
		t.Errorf("only %d matches were looked at", matched)
	}
}
