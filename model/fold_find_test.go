package model

import (
	"reflect"
	"strings"
	"testing"
)

func TestMarked(t *testing.T) {
	for _, c := range []struct {
		text, word string
		want       []string // hits in brackets
	}{
		{"我想买课程", "课程", []string{"我想买", "[课程]"}},
		{"课程课程", "课程", []string{"[课程]", "[课程]"}},
		{"我的ＰＰＴ课", "ppt", []string{"我的", "[ＰＰＴ]", "课"}},
		{"ppt  课", "PPT 课", []string{"[ppt  课]"}},
		{"课\u200b程", "课程", []string{"[课\u200b程]"}},
		{"打 50% 折_了", "0% ", []string{"打 5", "[0%]", " 折_了"}},
		{"一_二", "_", []string{"一", "[_]", "二"}},
		{"没有", "课", []string{"没有"}},
		{"没有", "  ", []string{"没有"}},
		{"", "课", nil},
		{"好👍的", "👍", []string{"好", "[👍]", "的"}},
	} {
		var got []string
		for _, p := range Marked(c.text, c.word) {
			if p.Hit {
				p.Text = "[" + p.Text + "]"
			}
			got = append(got, p.Text)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q in %q: %q, want %q", c.word, c.text, got, c.want)
		}
	}
}

// FuzzMarked: nothing of a text is lost, and a hit stands exactly where the folded text has the word.
func FuzzMarked(f *testing.F) {
	f.Add("我想买ＰＰＴ 课程", "ppt 课")
	f.Add("\u3000a\u200b  İ ſ", "a i")
	f.Fuzz(func(t *testing.T, text, word string) {
		var all strings.Builder
		hit := false
		for _, p := range Marked(text, word) {
			all.WriteString(p.Text)
			hit = hit || p.Hit
		}
		if all.String() != text {
			t.Fatalf("%q became %q", text, all.String())
		}
		if w := Fold(word); hit != (w != "" && strings.Contains(Fold(text), w)) {
			t.Fatalf("%q in %q: hit %v", word, text, hit)
		}
	})
}
