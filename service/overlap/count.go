package overlap

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"loudou/model"
)

// looked is how many texts one is compared with, those that share the most prints first. Beyond them only texts that
// hold a print nobody so far has shown to be a passage are looked at.
const looked = 200

// candidate is a text that shares prints with another.
type candidate struct {
	TextID int64
	Prints int
}

// near lists the texts that share prints with id, the most first.
func (s *Service) near(ctx context.Context, id int64, limit int) ([]candidate, error) {
	var out []candidate
	err := s.db.WithContext(ctx).Raw("SELECT o.text_id, COUNT(*) AS prints FROM overlap_prints p JOIN overlap_prints o ON o.hash = p.hash WHERE p.text_id = ? AND o.text_id <> ? GROUP BY o.text_id ORDER BY prints DESC, o.text_id LIMIT ?", id, id, limit).Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("texts near %d: %w", id, err)
	}
	return out, nil
}

// Count brings a text's sums up to its present rev. Where somebody marks it meanwhile, it stays to be counted.
func (s *Service) Count(ctx context.Context, id int64) error {
	var t model.OverlapText
	found := s.db.WithContext(ctx).Limit(1).Find(&t, id)
	if found.Error != nil || found.RowsAffected == 0 {
		return found.Error
	}
	mine := model.LettersOf(t.Plain).Runes
	near, err := s.near(ctx, id, looked)
	if err != nil {
		return err
	}
	rules, err := s.rules(ctx)
	if err != nil {
		return err
	}
	index := model.IndexOf(mine)
	everywhere := index.Allowed(rules.everywhere)
	all, shared, outside := make([]bool, len(mine)), make([]bool, len(mine)), make([]bool, len(mine))
	look := func(part []candidate) error {
		others, err := s.texts(ctx, part)
		if err != nil {
			return err
		}
		for _, o := range others {
			c := index.Compare(model.LettersOf(o.Plain).Runes)
			here := index.Allowed(rules.of(itemOf(t), itemOf(o)))
			away := o.Kind != t.Kind || t.Kind == model.OverlapArticle || o.CourseID != t.CourseID
			for i, in := range c.A {
				if !in {
					continue
				}
				all[i] = true
				if !here[i] && !everywhere[i] {
					shared[i] = true
					outside[i] = outside[i] || away
				}
			}
		}
		return nil
	}
	for part := range slices.Chunk(near, 50) {
		if err := look(part); err != nil {
			return err
		}
	}
	if len(near) == looked { // more share something: only what is not marked yet can add
		rest, err := s.rest(ctx, id, near, all)
		if err != nil {
			return err
		}
		if err := look(rest); err != nil {
			return err
		}
	}
	res := s.db.WithContext(ctx).Model(&model.OverlapText{}).Where("id = ? AND rev = ?", id, t.Rev).
		UpdateColumns(map[string]any{"shared": number(shared), "outside": number(outside), "allowed": number(all) - number(shared), "counted_rev": t.Rev})
	if res.Error != nil {
		return fmt.Errorf("count text %d: %w", id, res.Error)
	}
	return nil
}

// rest lists, of the texts beyond near, those that hold a print of id whose place is in no passage yet.
func (s *Service) rest(ctx context.Context, id int64, near []candidate, marked []bool) ([]candidate, error) {
	had := make(map[int64]bool, len(near))
	for _, c := range near {
		had[c.TextID] = true
	}
	var mine []model.OverlapPrint
	if err := s.db.WithContext(ctx).Where("text_id = ?", id).Find(&mine).Error; err != nil {
		return nil, fmt.Errorf("prints of text %d: %w", id, err)
	}
	var open []int64
	for _, p := range mine {
		if p.At < len(marked) && !marked[p.At] {
			open = append(open, p.Hash)
		}
	}
	prints := map[int64]int{}
	for part := range slices.Chunk(open, 500) {
		var ids []int64
		if err := s.db.WithContext(ctx).Model(&model.OverlapPrint{}).Where("hash IN ? AND text_id <> ?", part, id).Limit(10*looked).Pluck("text_id", &ids).Error; err != nil {
			return nil, fmt.Errorf("texts with open prints: %w", err)
		}
		for _, other := range ids {
			if !had[other] {
				prints[other]++
			}
		}
	}
	var out []candidate
	for other, n := range prints {
		out = append(out, candidate{other, n})
	}
	slices.SortFunc(out, func(a, b candidate) int {
		if a.Prints != b.Prints {
			return b.Prints - a.Prints
		}
		return int(a.TextID - b.TextID)
	})
	return out[:min(len(out), looked)], nil
}

// texts reads candidates, in their order; one that went meanwhile is left out.
func (s *Service) texts(ctx context.Context, part []candidate) ([]model.OverlapText, error) {
	if len(part) == 0 {
		return nil, nil
	}
	ids := make([]int64, 0, len(part))
	for _, c := range part {
		ids = append(ids, c.TextID)
	}
	var rows []model.OverlapText
	if err := s.db.WithContext(ctx).Where("id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("near texts: %w", err)
	}
	slices.SortFunc(rows, func(a, b model.OverlapText) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return rows, nil
}

func itemOf(t model.OverlapText) Item { return Item{t.Kind, t.Ref} }

func number(marks []bool) (n int) {
	for _, m := range marks {
		if m {
			n++
		}
	}
	return n
}

// rules are the allowances of the account, by the pair they are for.
type rules struct {
	everywhere []string
	pairs      map[[2]Item][]string
}

func (r rules) of(a, b Item) []string { return r.pairs[pair(a, b)] }

// pair names two items the same whichever is asked first.
func pair(a, b Item) [2]Item {
	if a.Kind > b.Kind || a.Kind == b.Kind && a.Ref > b.Ref {
		a, b = b, a
	}
	return [2]Item{a, b}
}

func (s *Service) rules(ctx context.Context) (rules, error) {
	out := rules{pairs: map[[2]Item][]string{}}
	all, err := s.allowances(s.db.WithContext(ctx))
	for _, a := range all {
		if a.Kind == "" {
			out.everywhere = append(out.everywhere, a.Passage)
			continue
		}
		k := pair(Item{a.Kind, a.Ref}, Item{a.OtherKind, a.OtherRef})
		out.pairs[k] = append(out.pairs[k], a.Passage)
	}
	return out, err
}

func (s *Service) allowances(db *gorm.DB) ([]model.OverlapAllowance, error) {
	out := []model.OverlapAllowance{}
	if err := db.Where("appid = ?", s.appid).Order("id").Find(&out).Error; err != nil {
		return nil, fmt.Errorf("allowed passages: %w", err)
	}
	return out, nil
}
