package overlap

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Allow lets a passage that two items share stand: there, or wherever it stands. The passage is named by its hash, as
// Side gave it; allowing it twice is once. ErrConflict where the texts no longer share it.
func (s *Service) Allow(ctx context.Context, by model.Operator, i, j Item, hash string, everywhere bool, note string) (model.OverlapAllowance, error) {
	if utf8.RuneCountInString(note) > 200 {
		return model.OverlapAllowance{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项").Field("note", "最多 200 个字")
	}
	a, err := s.text(ctx, i)
	if err != nil {
		return model.OverlapAllowance{}, err
	}
	b, err := s.text(ctx, j)
	if err != nil {
		return model.OverlapAllowance{}, err
	}
	la, lb := model.LettersOf(a.Plain), model.LettersOf(b.Plain)
	passage := ""
	for _, p := range model.IndexOf(la.Runes).Compare(lb.Runes).Passages {
		if letters := la.Runes[p.A : p.A+p.N]; model.PassageHash(letters) == hash {
			passage = string(letters)
		}
	}
	if i == j || passage == "" {
		return model.OverlapAllowance{}, model.Refuse(model.ErrConflict, model.CodeConflict, "文字已经改过，这一段不再相同，请刷新再看")
	}
	k := pair(i, j)
	x := model.OverlapAllowance{AppID: s.appid, Kind: k[0].Kind, Ref: k[0].Ref, OtherKind: k[1].Kind, OtherRef: k[1].Ref, PassageHash: hash, Passage: passage, Note: note, CreatedBy: by.Name, CreatedAt: model.Milli(s.now())}
	if everywhere {
		x.Kind, x.Ref, x.OtherKind, x.OtherRef = "", 0, "", 0
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		x.ID = 0
		if err := tx.Create(&x).Error; err != nil {
			return err
		}
		if err := s.again(tx, x); err != nil {
			return err
		}
		return s.trail(tx, by, "overlap.allow", x)
	})
	if _, dup := store.Duplicate(err); dup {
		err = s.db.WithContext(ctx).Where("appid = ? AND kind = ? AND ref = ? AND other_kind = ? AND other_ref = ? AND passage_hash = ?", s.appid, x.Kind, x.Ref, x.OtherKind, x.OtherRef, hash).Take(&x).Error
	}
	if err != nil {
		return x, fmt.Errorf("allow a passage of %s %d: %w", i.Kind, i.Ref, err)
	}
	return x, s.soon(ctx, x)
}

// Forbid takes an allowance back.
func (s *Service) Forbid(ctx context.Context, by model.Operator, id int64) error {
	var x model.OverlapAllowance
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if err := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, id).Take(&x).Error; err != nil {
			if errors.Is(err, gorm.ErrRecordNotFound) {
				return model.Refuse(model.ErrNotFound, model.CodeNotFound, "这一段已经不在允许之列")
			}
			return err
		}
		if err := tx.Delete(&model.OverlapAllowance{}, id).Error; err != nil {
			return err
		}
		if err := s.again(tx, x); err != nil {
			return err
		}
		return s.trail(tx, by, "overlap.forbid", x)
	})
	if err != nil {
		return fmt.Errorf("allowance %d: %w", id, err)
	}
	return s.soon(ctx, x)
}

// again marks whom an allowance is about; one for everywhere is about whoever holds one of its prints.
func (s *Service) again(tx *gorm.DB, x model.OverlapAllowance) error {
	up := gorm.Expr("rev + 1")
	if x.Kind != "" {
		return tx.Model(&model.OverlapText{}).Where("(kind = ? AND ref = ?) OR (kind = ? AND ref = ?)", x.Kind, x.Ref, x.OtherKind, x.OtherRef).UpdateColumn("rev", up).Error
	}
	var hashes []int64
	for _, p := range model.Prints([]rune(x.Passage)) {
		hashes = append(hashes, p.Hash)
	}
	holders := map[int64]bool{}
	for part := range slices.Chunk(hashes, 500) {
		var ids []int64
		if err := tx.Model(&model.OverlapPrint{}).Distinct("text_id").Where("hash IN ?", part).Pluck("text_id", &ids).Error; err != nil {
			return err
		}
		for _, id := range ids {
			holders[id] = true
		}
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(holders)), 500) {
		if err := tx.Model(&model.OverlapText{}).Where("id IN ?", part).UpdateColumn("rev", up).Error; err != nil {
			return err
		}
	}
	return nil
}

// soon counts the two items of an allowance at once, for whoever pressed the button looks at them; all others wait for
// the next sweep.
func (s *Service) soon(ctx context.Context, x model.OverlapAllowance) error {
	if x.Kind == "" {
		return nil
	}
	var ids []int64
	if err := s.db.WithContext(ctx).Model(&model.OverlapText{}).Where("(kind = ? AND ref = ?) OR (kind = ? AND ref = ?)", x.Kind, x.Ref, x.OtherKind, x.OtherRef).Pluck("id", &ids).Error; err != nil {
		return fmt.Errorf("items of an allowance: %w", err)
	}
	for _, id := range ids {
		if err := s.Count(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) trail(tx *gorm.DB, by model.Operator, action string, x model.OverlapAllowance) error {
	return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "overlap", ObjectID: strconv.FormatInt(x.ID, 10),
		After: model.AuditJSON(map[string]any{"kind": x.Kind, "ref": x.Ref, "other_kind": x.OtherKind, "other_ref": x.OtherRef, "letters": utf8.RuneCountInString(x.Passage), "note": x.Note})})
}
