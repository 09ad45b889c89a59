package model

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Piece is a part of a text; Hit tells that it is what was looked for.
type Piece struct {
	Text string `json:"text"`
	Hit  bool   `json:"hit"`
}

// Marked cuts text where word stands in it, both folded as keywords are: "ＰＰＴ" is found as "ppt", and blanks of any
// number as one. A word that folds to nothing, or stands nowhere, leaves the text whole. The pieces joined are the text.
func Marked(text, word string) []Piece {
	word = Fold(word)
	if text == "" {
		return []Piece{}
	}
	if word == "" {
		return []Piece{{Text: text}}
	}
	// starts[i] is where in text the folded byte i comes from; ends[i] is where what made it ends.
	var b strings.Builder
	var starts, ends []int
	note := func(from, to int) {
		for len(starts) < b.Len() {
			starts, ends = append(starts, from), append(ends, to)
		}
	}
	blank := -1 // where a run of blanks began
	for at, to := 0, 0; at < len(text); at = to {
		r, wide := utf8.DecodeRuneInString(text[at:])
		to = at + wide
		f := Fold(string(r))
		switch {
		case unicode.IsSpace(r) || r == 0x3000:
			if blank < 0 {
				blank = at
			}
			continue
		case f == "":
			continue
		}
		if blank >= 0 && b.Len() > 0 {
			b.WriteByte(' ')
			note(blank, at)
		}
		blank = -1
		b.WriteString(f)
		note(at, to)
	}
	folded := b.String()
	var out []Piece
	done := 0
	for from := 0; ; {
		i := strings.Index(folded[from:], word)
		if i < 0 {
			break
		}
		i += from
		from = i + len(word)
		start, end := starts[i], ends[from-1]
		if start > done {
			out = append(out, Piece{Text: text[done:start]})
		}
		out = append(out, Piece{Text: text[start:end], Hit: true})
		done = end
	}
	if done < len(text) {
		out = append(out, Piece{Text: text[done:]})
	}
	return out
}
