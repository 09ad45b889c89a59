package model

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
	"unicode"
)

// OverlapKind is what an item of text is.
type OverlapKind string

// The items whose texts are compared with each other.
const (
	OverlapLesson  OverlapKind = "lesson"
	OverlapArticle OverlapKind = "article"
)

// Texts are compared by their letters and digits alone. A passage is OverlapLeast of them in a row that stand in both.
// Fingerprints are winnowed (Schleimer, Wilkerson, Aiken 2003): of every window of overlapWindow hashes of overlapGram
// letters one is kept, so a passage of OverlapLeast letters has at least one in common, whatever stands around it.
const (
	overlapGram   = 8
	overlapWindow = 8
	OverlapLeast  = overlapGram + overlapWindow - 1
)

// overlapWork bounds the steps of one comparison. No text a person writes comes near it; of one that is the same few
// letters many thousand times over, what was found by then is enough.
const overlapWork = 30_000_000

// OverlapSource is an item's text as its owner keeps it.
type OverlapSource struct {
	Title    string
	CourseID int64 // of a lesson
	Content  string
	Version  int64
}

// OverlapText is an item as it is compared: the plain text that was read at one version of it.
type OverlapText struct {
	ID       int64 `gorm:"primaryKey"`
	Kind     OverlapKind
	Ref      int64 // the lesson's or article's number
	CourseID int64 // of a lesson
	Title    string
	Plain    string
	Length   int   // letters that are compared
	Version  int64 `gorm:"column:source_version"`
	Shared   int   // letters that stand in another item too and are not allowed there
	Outside  int   // those of Shared that stand outside the lesson's own course
	Allowed  int   // letters that stand elsewhere too, all of it allowed
	Rev      int64 // grows when the three may have changed
	Counted  int64 `gorm:"column:counted_rev"` // the Rev they are of
	ReadAt   time.Time
}

// Fresh says whether the sums are of the texts as they were last read.
func (t OverlapText) Fresh() bool { return t.Rev == t.Counted }

// OverlapPrint is a fingerprint of a text and where in its letters it stands.
type OverlapPrint struct {
	TextID int64 `gorm:"primaryKey;autoIncrement:false"`
	At     int   `gorm:"primaryKey;autoIncrement:false;column:place"`
	Hash   int64
}

// OverlapAllowance is a passage an operator lets stand in two items, or, with no items named, wherever it stands.
type OverlapAllowance struct {
	ID          int64  `gorm:"primaryKey"`
	AppID       string `gorm:"column:appid"`
	Kind        OverlapKind
	Ref         int64
	OtherKind   OverlapKind
	OtherRef    int64
	PassageHash string
	Passage     string // its letters
	Note        string
	CreatedBy   string
	CreatedAt   time.Time
}

// Letters are what of a plain text is compared, with the place of each among its runes.
type Letters struct {
	Runes []rune
	At    []int
}

// LettersOf takes the letters and digits of a text: full width as half, capitals as small. Punctuation, blanks and signs
// say nothing.
func LettersOf(plain string) Letters {
	var l Letters
	i := 0
	for _, r := range plain {
		if r >= 0xFF01 && r <= 0xFF5E {
			r -= 0xFEE0
		}
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			l.Runes, l.At = append(l.Runes, unicode.ToLower(r)), append(l.At, i)
		}
		i++
	}
	return l
}

// Prints are the fingerprints of a text's letters, by their place; none where it is shorter than a passage.
func Prints(letters []rune) []OverlapPrint {
	if len(letters) < OverlapLeast {
		return nil
	}
	grams := gramHashes(letters)
	var out []OverlapPrint
	last := -1
	for w := 0; w+overlapWindow <= len(grams); w++ {
		least := w
		for i := w + 1; i < w+overlapWindow; i++ {
			if grams[i] <= grams[least] { // the rightmost of equals, so that windows agree
				least = i
			}
		}
		if least != last {
			out, last = append(out, OverlapPrint{At: least, Hash: int64(grams[least])}), least //nolint:gosec // 64 bits are 64 bits
		}
	}
	return out
}

// gramHashes hashes every overlapGram letters in a row.
func gramHashes(letters []rune) []uint64 {
	if len(letters) < overlapGram {
		return nil
	}
	const base = 0x9E3779B97F4A7C15
	top := uint64(1)
	for range overlapGram - 1 {
		top *= base
	}
	out := make([]uint64, 0, len(letters)-overlapGram+1)
	h := uint64(0)
	for i, r := range letters {
		if i >= overlapGram {
			h -= uint64(letters[i-overlapGram]) * top //nolint:gosec // a rune is no negative number
		}
		h = h*base + uint64(r) //nolint:gosec // as above
		if i >= overlapGram-1 {
			// Mixed, so that the least hash is no matter of which letters are common.
			x := h
			x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
			x = (x ^ x>>27) * 0x94D049BB133111EB
			out = append(out, x^x>>31)
		}
	}
	return out
}

// Passage is N letters in a row that stand at A in one text and at B in the other.
type Passage struct{ A, B, N int }

// Overlap is how two texts overlap.
type Overlap struct {
	Passages []Passage // those that together cover the first text, by their place in it, none over another
	A, B     []bool    // which letters of each stand in a passage of the other
}

// LetterIndex is a text's letters made ready to be compared with many others.
type LetterIndex struct {
	letters []rune
	first   map[uint64]int32 // where a run of overlapGram letters stands first, by its hash
	next    []int32          // and where it stands next; -1: nowhere
}

// IndexOf makes a text ready.
func IndexOf(letters []rune) *LetterIndex {
	grams := gramHashes(letters)
	x := &LetterIndex{letters: letters, first: make(map[uint64]int32, len(grams)), next: make([]int32, len(grams))}
	for i := len(grams) - 1; i >= 0; i-- {
		x.next[i] = -1
		if at, ok := x.first[grams[i]]; ok {
			x.next[i] = at
		}
		x.first[grams[i]] = int32(i) //nolint:gosec // a text has far fewer letters
	}
	return x
}

// Compare finds every passage that the indexed text, a, shares with b.
func (x *LetterIndex) Compare(b []rune) Overlap {
	a := x.letters
	out := Overlap{A: make([]bool, len(a)), B: make([]bool, len(b))}
	var all []Passage
	work := 0
	for j, h := range gramHashes(b) {
		i, ok := x.first[h]
		for ; ok && i >= 0 && work < overlapWork; i = x.next[i] {
			work++
			if i > 0 && j > 0 && a[i-1] == b[j-1] {
				continue // a part of the one that began before
			}
			at, n := int(i), 0
			for at+n < len(a) && j+n < len(b) && a[at+n] == b[j+n] {
				n++
			}
			work += n
			if n >= OverlapLeast {
				all = append(all, Passage{at, j, n})
				for k := range n {
					out.A[at+k], out.B[j+k] = true, true
				}
			}
		}
	}
	out.Passages = lay(all, len(a))
	return out
}

// Jaccard is, of the runs of overlapGram letters that either text has, the part that both have.
func (x *LetterIndex) Jaccard(b []rune) float64 {
	both, theirs := 0, map[uint64]bool{}
	for _, h := range gramHashes(b) {
		if !theirs[h] {
			theirs[h] = true
			if _, ok := x.first[h]; ok {
				both++
			}
		}
	}
	if union := len(x.first) + len(theirs) - both; union > 0 {
		return float64(both) / float64(union)
	}
	return 0
}

// lay picks passages so that none lies over another in the first text, the longest first; what sticks out of a longer
// one stays where it is a passage of its own.
func lay(all []Passage, length int) []Passage {
	slices.SortFunc(all, func(x, y Passage) int {
		return cmp.Or(cmp.Compare(y.N, x.N), cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B))
	})
	taken := make([]bool, length)
	out := []Passage{}
	for _, p := range all {
		for i := 0; i < p.N; i++ {
			n := 0
			for i+n < p.N && !taken[p.A+i+n] {
				n++
			}
			if n >= OverlapLeast {
				out = append(out, Passage{p.A + i, p.B + i, n})
				for x := range n {
					taken[p.A+i+x] = true
				}
			}
			i += n
		}
	}
	slices.SortFunc(out, func(x, y Passage) int { return cmp.Compare(x.A, y.A) })
	return out
}

// PassageHash is what an allowance stands for: the very letters.
func PassageHash(letters []rune) string {
	sum := sha256.Sum256([]byte(string(letters)))
	return hex.EncodeToString(sum[:])
}

// Allowed marks the letters that an allowed passage covers: wherever the text has OverlapLeast or more of its letters in
// a row. So an allowed quotation stays allowed when it is cut shorter, and what is copied beyond it does not become so.
func (x *LetterIndex) Allowed(passages []string) []bool {
	out := make([]bool, len(x.letters))
	for _, p := range passages {
		for i, in := range x.Compare([]rune(p)).A {
			out[i] = out[i] || in
		}
	}
	return out
}

// ChangedPrints tells which prints of a text that became another say whom it shares something else with now: changed
// ones, which only one of the two has, and edges, which both have but so near to a changed one that the passage they lie
// in may end elsewhere.
func ChangedPrints(old, now []OverlapPrint) (changed, edges []int64) {
	had, has := map[int64]bool{}, map[int64]bool{}
	for _, p := range old {
		had[p.Hash] = true
	}
	for _, p := range now {
		has[p.Hash] = true
	}
	for h := range had {
		if !has[h] {
			changed = append(changed, h)
		}
	}
	for h := range has {
		if !had[h] {
			changed = append(changed, h)
		}
	}
	near := map[int64]bool{}
	for _, text := range [][]OverlapPrint{old, now} {
		// A text's own ends are edges too: of its first and last letters no print need tell.
		at := []int{0}
		for _, p := range text {
			if !had[p.Hash] || !has[p.Hash] {
				at = append(at, p.At)
			}
		}
		if len(text) > 0 {
			at = append(at, text[len(text)-1].At)
		}
		next := 0
		for _, p := range text {
			for next < len(at)-1 && at[next+1] <= p.At {
				next++
			}
			if had[p.Hash] && has[p.Hash] && (p.At-at[next] <= OverlapLeast || next < len(at)-1 && at[next+1]-p.At <= OverlapLeast) {
				near[p.Hash] = true
			}
		}
	}
	for h := range near {
		edges = append(edges, h)
	}
	slices.Sort(changed)
	slices.Sort(edges)
	return changed, edges
}
