package model

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

const (
	sea   = "海边的早晨很安静渔船一艘接一艘地回来"
	tea   = "泡茶的水不要滚开放一放再倒进去味道才好"
	road  = "这条路走到头左转第二个院子就是老张的家"
	short = "短短的一句话不算数"
)

func count(marks []bool) (n int) {
	for _, m := range marks {
		if m {
			n++
		}
	}
	return n
}

func TestCompare(t *testing.T) {
	all := len([]rune(sea + tea + road))
	rs, rt, rr := len([]rune(sea)), len([]rune(tea)), len([]rune(road))
	for _, c := range []struct {
		name, a, b string
		inA, inB   int
		passages   []Passage
	}{
		{"the same", sea + tea, sea + tea, rs + rt, rs + rt, []Passage{{0, 0, rs + rt}}},
		{"nothing in common", sea, tea, 0, 0, nil},
		{"empty", "", sea, 0, 0, nil},
		{"both empty", "", "", 0, 0, nil},
		{"punctuation and blanks only", "，。！？\n  ——……《》", sea, 0, 0, nil},
		{"other punctuation, width and case", "海边的早晨，很安静。渔船ＡＢＣ一艘接一艘地回来！", "海边的早晨很安静；渔船 abc 一艘，接一艘地回来", rs + 3, rs + 3, []Passage{{0, 0, rs + 3}}},
		{"a moved paragraph", sea + tea + road, road + sea + tea, all, all, []Passage{{0, rr, rs + rt}, {rs + rt, 0, rr}}},
		{"one changed character in the middle", sea + "甲" + tea, sea + "乙" + tea, rs + rt, rs + rt, []Passage{{0, 0, rs}, {rs + 1, rs + 1, rt}}},
		{"one changed character breaks a short one in two that are none", "一二三四五六七八九十甲乙丙丁戊己", "一二三四五六七八九十变乙丙丁戊己", 0, 0, nil},
		{"a quotation", road + "他说" + tea + "就这样", "开头" + tea + short, rt, rt, []Passage{{rr + 2, 2, rt}}},
		{"twice in one of them", tea + road + tea, tea, 2 * rt, rt, []Passage{{0, 0, rt}, {rt + rr, 0, rt}}},
		{"fourteen letters are no passage", "一二三四五六七八九十甲乙丙丁", "一二三四五六七八九十甲乙丙丁", 0, 0, nil},
		{"fifteen are", "一二三四五六七八九十甲乙丙丁戊", "前面一二三四五六七八九十甲乙丙丁戊后面", 15, 15, []Passage{{0, 2, 15}}},
		{"a text that repeats itself", strings.Repeat("哈", 3000), strings.Repeat("哈", 2000), 3000, 2000, nil},
	} {
		a, b := LettersOf(c.a), LettersOf(c.b)
		o := IndexOf(a.Runes).Compare(b.Runes)
		if count(o.A) != c.inA || count(o.B) != c.inB {
			t.Errorf("%s: %d of the first and %d of the second, want %d and %d", c.name, count(o.A), count(o.B), c.inA, c.inB)
		}
		covered := 0
		for _, p := range o.Passages {
			covered += p.N
			if string(a.Runes[p.A:p.A+p.N]) != string(b.Runes[p.B:p.B+p.N]) {
				t.Errorf("%s: %v is not the same in both", c.name, p)
			}
		}
		if covered > c.inA || c.passages != nil && len(o.Passages) != len(c.passages) {
			t.Errorf("%s: passages %v", c.name, o.Passages)
			continue
		}
		for i, want := range c.passages {
			if o.Passages[i] != want {
				t.Errorf("%s: passage %d is %v, want %v", c.name, i, o.Passages[i], want)
			}
		}
	}
	begin := time.Now()
	endless := []rune(strings.Repeat("哈", 160_000))
	if o := IndexOf(endless).Compare(endless); !o.A[0] || time.Since(begin) > 10*time.Second {
		t.Error("the same letter 160 000 times:", o.A[0], time.Since(begin))
	}
	if j := IndexOf([]rune(sea)).Jaccard([]rune(sea)); j != 1 {
		t.Error("a text against itself:", j)
	}
	if j := IndexOf([]rune(sea)).Jaccard([]rune(tea)); j != 0 {
		t.Error("two strangers:", j)
	}
}

// What winnowing promises: whatever stands around it, a passage of OverlapLeast letters leaves one print in common.
func TestPrintsMeet(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	some := func(n int) []rune {
		out := make([]rune, n)
		for i := range out {
			out[i] = rune(0x4e00 + dice.IntN(60)) // few letters, so that windows are full of equals
		}
		return out
	}
	for range 3000 {
		passage := some(OverlapLeast)
		a := append(append(some(dice.IntN(40)), passage...), some(dice.IntN(40))...)
		b := append(append(some(dice.IntN(40)), passage...), some(dice.IntN(40))...)
		had, met := map[int64]bool{}, false
		for _, p := range Prints(a) {
			had[p.Hash] = true
		}
		for _, p := range Prints(b) {
			met = met || had[p.Hash]
		}
		if !met {
			t.Fatalf("%s and %s share %s and no print", string(a), string(b), string(passage))
		}
	}
	if Prints([]rune(sea)[:OverlapLeast-1]) != nil || len(Prints([]rune(sea)[:OverlapLeast])) != 1 {
		t.Error("the shortest text with a print")
	}
	long := some(20_000)
	if n := len(Prints(long)); n < 20_000/overlapWindow || n > 20_000/3 {
		t.Error("prints of 20 000 letters:", n)
	}
}

// The marks agree with looking at every letter the slow way.
func TestCompareExact(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 4))
	letters := []rune("春夏秋冬")
	for range 200 {
		make1 := func() []rune {
			var out []rune
			for len(out) < 120 {
				if dice.IntN(3) == 0 {
					out = append(out, []rune(sea)[dice.IntN(8):]...)
				} else {
					out = append(out, letters[dice.IntN(4)])
				}
			}
			return out
		}
		a, b := make1(), make1()
		want := make([]bool, len(a))
		for i := range a {
			for j := range b {
				n := 0
				for i+n < len(a) && j+n < len(b) && a[i+n] == b[j+n] {
					n++
				}
				if n >= OverlapLeast {
					for x := range n {
						want[i+x] = true
					}
				}
			}
		}
		got := IndexOf(a).Compare(b).A
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("letter %d of %s against %s: %v", i, string(a), string(b), got[i])
			}
		}
	}
}

func TestAllowed(t *testing.T) {
	text := []rune("甲" + tea + "乙" + tea)
	got := IndexOf(text).Allowed([]string{tea, "", "没有"})
	if count(got) != 2*len([]rune(tea)) || got[0] || !got[1] || got[len([]rune(tea))+1] || !got[len(text)-1] {
		t.Error(got)
	}
	cut := []rune(tea)[3:] // the quotation was cut shorter, and something else came behind it
	if got := IndexOf(append(cut, []rune(sea)...)).Allowed([]string{tea}); count(got) != len(cut) || got[len(cut)] {
		t.Error("a shorter one:", got)
	}
}

// Whoever shares something else with a text that changed is marked by a print that changed, or by one at its edge.
func TestChangedPrints(t *testing.T) {
	dice := rand.New(rand.NewPCG(7, 8))
	some := func(n int) []rune {
		out := make([]rune, n)
		for i := range out {
			out[i] = rune(0x4e00 + dice.IntN(40))
		}
		return out
	}
	for range 2000 {
		passage := some(20 + dice.IntN(40))
		old := append(append(some(dice.IntN(30)), passage...), some(dice.IntN(30))...)
		other := append(append(some(dice.IntN(30)), passage...), some(dice.IntN(30))...)
		now := append([]rune{}, old...)
		now[dice.IntN(len(now))] = rune(0x4e00 + dice.IntN(40))
		was, is := IndexOf(other).Compare(old).A, IndexOf(other).Compare(now).A
		differs := false
		for i := range was {
			differs = differs || was[i] != is[i]
		}
		if !differs {
			continue
		}
		changed, edges := ChangedPrints(Prints(old), Prints(now))
		found := false
		for _, p := range Prints(other) {
			for _, h := range append(changed, edges...) {
				found = found || p.Hash == h
			}
		}
		if !found {
			t.Fatalf("%s became %s beside %s, and nobody would know", string(old), string(now), string(other))
		}
	}
	if changed, _ := ChangedPrints(Prints([]rune(sea)), Prints([]rune(sea))); len(changed) != 0 {
		t.Error(changed)
	}
}
