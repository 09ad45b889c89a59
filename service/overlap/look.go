package overlap

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"loudou/model"
	"loudou/service/store"
)

// Filter narrows the list.
type Filter struct {
	Kind     model.OverlapKind // "": both
	CourseID int64             // lessons of it
	Word     string            // in the title
	Shared   bool              // only what shares something that is not allowed
}

// List gives items without their texts, those with the greatest share first, from the offset-th on.
func (s *Service) List(ctx context.Context, f Filter, offset, limit int) ([]model.OverlapText, error) {
	q := s.db.WithContext(ctx).Omit("plain").Order("CASE WHEN length = 0 THEN 0 ELSE shared * 1.0 / length END DESC, kind, ref DESC").Offset(offset).Limit(limit)
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.CourseID > 0 {
		q = q.Where("kind = ? AND course_id = ?", model.OverlapLesson, f.CourseID)
	}
	if f.Word != "" {
		q = q.Where("title LIKE ? ESCAPE '!'", "%"+store.EscapeLike(f.Word)+"%")
	}
	if f.Shared {
		q = q.Where("shared > 0")
	}
	out := []model.OverlapText{}
	if err := q.Find(&out).Error; err != nil {
		return nil, fmt.Errorf("overlap list: %w", err)
	}
	return out, nil
}

// Pending tells how many items wait to be counted.
func (s *Service) Pending(ctx context.Context) (n int64, err error) {
	if err = s.db.WithContext(ctx).Model(&model.OverlapText{}).Where("rev <> counted_rev").Count(&n).Error; err != nil {
		err = fmt.Errorf("texts to count: %w", err)
	}
	return n, err
}

// Course gives the lessons of a course as they overlap, without their texts.
func (s *Service) Course(ctx context.Context, id int64) ([]model.OverlapText, error) {
	out := []model.OverlapText{}
	if err := s.db.WithContext(ctx).Omit("plain").Where("kind = ? AND course_id = ?", model.OverlapLesson, id).Order("ref").Find(&out).Error; err != nil {
		return nil, fmt.Errorf("overlap of course %d: %w", id, err)
	}
	return out, nil
}

// Near is another item that shares passages with one.
type Near struct {
	model.OverlapText
	Mine     int // letters of the one that stand in this other, allowed ones too
	Theirs   int // letters of this other that stand in the one
	Allowed  int // those of Mine that are allowed
	Passages int
	Jaccard  float64
}

// nearest is how many are shown; a few more are looked at, for prints only estimate the order.
const nearest = 10

// Nearest gives an item and those it shares most with, by how much of its own text stands there.
func (s *Service) Nearest(ctx context.Context, i Item) (model.OverlapText, []Near, error) {
	t, err := s.text(ctx, i)
	if err != nil {
		return t, nil, err
	}
	near, err := s.near(ctx, t.ID, 3*nearest)
	if err != nil {
		return t, nil, err
	}
	others, err := s.texts(ctx, near)
	if err != nil {
		return t, nil, err
	}
	rules, err := s.rules(ctx)
	if err != nil {
		return t, nil, err
	}
	mine := model.LettersOf(t.Plain).Runes
	index := model.IndexOf(mine)
	everywhere := index.Allowed(rules.everywhere)
	out := []Near{}
	for _, o := range others {
		theirs := model.LettersOf(o.Plain).Runes
		c := index.Compare(theirs)
		n := Near{OverlapText: o, Mine: number(c.A), Theirs: number(c.B), Passages: len(c.Passages), Jaccard: index.Jaccard(theirs)}
		if n.Mine == 0 {
			continue // prints met by chance, or in a run too short to be a passage
		}
		here := index.Allowed(rules.of(i, itemOf(o)))
		for k, in := range c.A {
			if in && (here[k] || everywhere[k]) {
				n.Allowed++
			}
		}
		n.Plain = ""
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b Near) int {
		return cmp.Or(cmp.Compare(b.Mine, a.Mine), cmp.Compare(b.Theirs, a.Theirs), cmp.Compare(a.ID, b.ID))
	})
	return t, out[:min(len(out), nearest)], nil
}

// Piece is a stretch of a text. Passage numbers the passage it belongs to from 1, 0 for none.
type Piece struct {
	Text    string
	Passage int
}

// Shown is a passage that two items share.
type Shown struct {
	Number    int
	Text      string // as the first item writes it
	Letters   int
	Hash      string
	Allowed   bool                    // all of it is
	Allowance *model.OverlapAllowance // one that reaches into it; nil: none does
}

// Pair is two items side by side.
type Pair struct {
	A, B     Near // each as it overlaps the other
	TextA    []Piece
	TextB    []Piece
	Passages []Shown
}

// Side sets two items beside each other with the passages they share marked in both.
func (s *Service) Side(ctx context.Context, i, j Item) (Pair, error) {
	if i == j {
		return Pair{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请选两篇不同的文字")
	}
	a, err := s.text(ctx, i)
	if err != nil {
		return Pair{}, err
	}
	b, err := s.text(ctx, j)
	if err != nil {
		return Pair{}, err
	}
	allowed, err := s.allowances(s.db.WithContext(ctx))
	if err != nil {
		return Pair{}, err
	}
	allowed = applying(allowed, i, j)
	la, lb := model.LettersOf(a.Plain), model.LettersOf(b.Plain)
	index := model.IndexOf(la.Runes)
	c, jaccard := index.Compare(lb.Runes), index.Jaccard(lb.Runes)
	out := Pair{A: Near{OverlapText: a, Mine: number(c.A), Theirs: number(c.B), Jaccard: jaccard, Passages: len(c.Passages)}, B: Near{OverlapText: b, Mine: number(c.B), Theirs: number(c.A), Jaccard: jaccard, Passages: len(c.Passages)}, Passages: []Shown{}}
	var passages []string
	for _, x := range allowed {
		passages = append(passages, x.Passage)
	}
	out.A.Allowed, out.B.Allowed = overlay(c.A, index.Allowed(passages)), overlay(c.B, model.IndexOf(lb.Runes).Allowed(passages))
	ra, rb := []rune(a.Plain), []rune(b.Plain)
	inA, inB := make([]int, len(ra)), make([]int, len(rb))
	for n, p := range c.Passages {
		from, to := la.At[p.A], la.At[p.A+p.N-1]+1
		mark(inA, from, to, n+1)
		mark(inB, lb.At[p.B], lb.At[p.B+p.N-1]+1, n+1)
		letters := la.Runes[p.A : p.A+p.N]
		x := Shown{Number: n + 1, Text: string(ra[from:to]), Letters: p.N, Hash: model.PassageHash(letters)}
		x.Allowance, x.Allowed = covering(allowed, letters)
		out.Passages = append(out.Passages, x)
	}
	out.TextA, out.TextB = pieces(ra, inA), pieces(rb, inB)
	return out, nil
}

// covering finds an allowance that reaches into a passage, and says whether those that apply cover all of it.
func covering(apply []model.OverlapAllowance, letters []rune) (first *model.OverlapAllowance, whole bool) {
	covered, index := make([]bool, len(letters)), model.IndexOf(letters)
	for n, a := range apply {
		for i, in := range index.Allowed([]string{a.Passage}) {
			if in && first == nil {
				first = &apply[n]
			}
			covered[i] = covered[i] || in
		}
	}
	return first, !slices.Contains(covered, false)
}

// applying are the allowances for two items, those for everywhere among them.
func applying(all []model.OverlapAllowance, i, j Item) []model.OverlapAllowance {
	k := pair(i, j)
	return slices.DeleteFunc(all, func(a model.OverlapAllowance) bool {
		return a.Kind != "" && pair(Item{a.Kind, a.Ref}, Item{a.OtherKind, a.OtherRef}) != k
	})
}

// overlay counts what both mark.
func overlay(a, b []bool) (n int) {
	for i := range a {
		if a[i] && b[i] {
			n++
		}
	}
	return n
}

func mark(in []int, from, to, number int) {
	for i := from; i < to; i++ {
		if in[i] == 0 { // in the second text one passage may lie over another: the first stays whole
			in[i] = number
		}
	}
}

func pieces(text []rune, in []int) []Piece {
	out := []Piece{}
	for from := 0; from < len(text); {
		to := from
		for to < len(text) && in[to] == in[from] {
			to++
		}
		out = append(out, Piece{string(text[from:to]), in[from]})
		from = to
	}
	return out
}
