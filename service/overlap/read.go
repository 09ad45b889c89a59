package overlap

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// sweepFor bounds one run of Sweep; the next goes on where it ended.
const sweepFor = 40 * time.Second

// Sweep reads what changed and counts what that touched. Run by the timetable; again and at several places at once does
// no harm.
func (s *Service) Sweep(ctx context.Context) error {
	end := time.Now().Add(sweepFor)
	for _, kind := range []model.OverlapKind{model.OverlapLesson, model.OverlapArticle} {
		if err := s.sweepKind(ctx, kind, end); err != nil {
			return err
		}
	}
	for time.Now().Before(end) {
		var ids []int64
		if err := s.db.WithContext(ctx).Model(&model.OverlapText{}).Where("rev <> counted_rev").Order("id").Limit(50).Pluck("id", &ids).Error; err != nil {
			return fmt.Errorf("texts to count: %w", err)
		}
		for _, id := range ids {
			if err := s.Count(ctx, id); err != nil {
				return err
			}
		}
		if len(ids) < 50 {
			return nil
		}
	}
	return nil
}

func (s *Service) sweepKind(ctx context.Context, kind model.OverlapKind, end time.Time) error {
	now, err := s.sources[kind].TextVersions(ctx)
	if err != nil {
		return err
	}
	var known []struct{ Ref, SourceVersion int64 }
	if err := s.db.WithContext(ctx).Model(&model.OverlapText{}).Select("ref, source_version").Where("kind = ?", kind).Scan(&known).Error; err != nil {
		return fmt.Errorf("known texts: %w", err)
	}
	todo := maps.Clone(now)
	for _, k := range known {
		v, there := now[k.Ref]
		switch {
		case !there:
			if err := s.forget(ctx, Item{kind, k.Ref}); err != nil {
				return err
			}
		case v <= k.SourceVersion:
			delete(todo, k.Ref)
		}
	}
	for _, ref := range slices.Sorted(maps.Keys(todo)) {
		if time.Now().After(end) {
			return nil
		}
		if err := s.Read(ctx, Item{kind, ref}); err != nil {
			return err
		}
	}
	return nil
}

// Read brings an item's row to the text it has now. One that is gone is forgotten.
func (s *Service) Read(ctx context.Context, i Item) error {
	src, err := s.sources[i.Kind].OverlapText(ctx, i.Ref)
	if errors.Is(err, model.ErrNotFound) {
		return s.forget(ctx, i)
	}
	if err != nil {
		return err
	}
	text := Plain(src.Content)
	letters := model.LettersOf(text)
	prints := model.Prints(letters.Runes)
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		first := model.OverlapText{Kind: i.Kind, Ref: i.Ref, Version: -1, ReadAt: model.Milli(s.now())}
		if err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "kind"}, {Name: "ref"}}, DoNothing: true}).Create(&first).Error; err != nil {
			return err
		}
		var t model.OverlapText
		if err := store.Lock(tx).Where("kind = ? AND ref = ?", i.Kind, i.Ref).Take(&t).Error; err != nil {
			return err
		}
		if t.Version >= src.Version {
			return nil // another instance was faster
		}
		same, moved := t.Version >= 0 && t.Plain == text && t.CourseID == src.CourseID, t.CourseID != src.CourseID
		t.CourseID, t.Title, t.Plain, t.Length, t.Version, t.ReadAt = src.CourseID, model.Cut(src.Title, 200), text, len(letters.Runes), src.Version, model.Milli(s.now())
		if !same {
			t.Rev++
		}
		if err := tx.Model(&t).Select("course_id", "title", "plain", "length", "source_version", "rev", "read_at").Updates(t).Error; err != nil {
			return err
		}
		if same {
			return nil
		}
		var old []model.OverlapPrint
		if err := tx.Where("text_id = ?", t.ID).Order("place").Find(&old).Error; err != nil {
			return err
		}
		if err := tx.Where("text_id = ?", t.ID).Delete(&model.OverlapPrint{}).Error; err != nil {
			return err
		}
		for part := range slices.Chunk(prints, 500) {
			for k := range part {
				part[k].TextID = t.ID
			}
			if err := tx.Create(&part).Error; err != nil {
				return err
			}
		}
		if moved {
			return s.touch(tx, t.ID, append(hashesOf(old), hashesOf(prints)...), nil)
		}
		changed, edges := model.ChangedPrints(old, prints)
		return s.touch(tx, t.ID, changed, edges)
	})
	if err != nil {
		return fmt.Errorf("read %s %d: %w", i.Kind, i.Ref, err)
	}
	return nil
}

// forget takes an item's rows away.
func (s *Service) forget(ctx context.Context, i Item) error {
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var t model.OverlapText
		if err := store.Lock(tx).Where("kind = ? AND ref = ?", i.Kind, i.Ref).Take(&t).Error; err != nil {
			if errors.Is(err, gorm.ErrRecordNotFound) {
				return nil
			}
			return err
		}
		var old []model.OverlapPrint
		if err := tx.Where("text_id = ?", t.ID).Find(&old).Error; err != nil {
			return err
		}
		if err := s.touch(tx, t.ID, hashesOf(old), nil); err != nil {
			return err
		}
		if err := tx.Where("text_id = ?", t.ID).Delete(&model.OverlapPrint{}).Error; err != nil {
			return err
		}
		return tx.Delete(&model.OverlapText{}, t.ID).Error
	})
	if err != nil {
		return fmt.Errorf("forget %s %d: %w", i.Kind, i.Ref, err)
	}
	return nil
}

func hashesOf(prints []model.OverlapPrint) []int64 {
	out := make([]int64, 0, len(prints))
	for _, p := range prints {
		out = append(out, p.Hash)
	}
	return out
}

// touch marks the texts that share something else with text id now: those that hold one of the changed prints, and those
// that hold one at an edge. A print that more than `looked` texts have, of the foot of every article, marks nobody: one
// more or less who has it changes no sum, or else a new article would have thousands counted again, and the first
// reading of them all would be quadratic. At the edge of such a passage sums may be off by a few letters until they are
// next counted.
func (s *Service) touch(tx *gorm.DB, id int64, changed, edges []int64) error {
	var rare []int64
	for part := range slices.Chunk(append(slices.Clone(changed), edges...), 500) {
		var some []int64
		if err := tx.Model(&model.OverlapPrint{}).Where("hash IN ?", part).Group("hash").Having("COUNT(*) <= ?", looked).Pluck("hash", &some).Error; err != nil {
			return err
		}
		rare = append(rare, some...)
	}
	marked := map[int64]bool{}
	for part := range slices.Chunk(rare, 500) {
		var ids []int64
		if err := tx.Model(&model.OverlapPrint{}).Distinct("text_id").Where("hash IN ? AND text_id <> ?", part, id).Pluck("text_id", &ids).Error; err != nil {
			return err
		}
		for _, other := range ids {
			marked[other] = true
		}
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(marked)), 500) {
		if err := tx.Model(&model.OverlapText{}).Where("id IN ?", part).UpdateColumn("rev", gorm.Expr("rev + 1")).Error; err != nil {
			return err
		}
	}
	return nil
}
