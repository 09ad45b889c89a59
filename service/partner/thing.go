package partner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// thingsMost is how many things a partner may own: a channel is one, however many codes carry it.
const thingsMost = 2000

// Things lists what is a partner's now.
func (s *Service) Things(ctx context.Context, id int64) ([]model.PartnerThing, error) {
	out := []model.PartnerThing{}
	if err := s.db.WithContext(ctx).Where("partner_id = ? AND live = 1", id).Order("kind, id").Limit(thingsMost).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("things of partner %d: %w", id, err)
	}
	return out, nil
}

// Own gives a partner a thing, on false takes it away from now on; twice is once. What nobody ever owned is the
// partner's with all that it brought before; what was somebody's, from when it ceased to be. ErrInvalid for a thing
// that is not there, ErrConflict when it is another's.
func (s *Service) Own(ctx context.Context, by model.Operator, id int64, kind model.PartnerKind, ref string, on bool) error {
	if !slices.Contains(model.PartnerKinds, kind) {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("kind", "没有这一类")
	}
	if on {
		if err := s.known(ctx, kind, ref); err != nil {
			return err
		}
	}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if _, err := s.lock(tx, id); err != nil {
			return err
		}
		if on {
			return s.give(tx, by, id, kind, ref)
		}
		now := model.Milli(s.now())
		res := tx.Model(&model.PartnerThing{}).Where("appid = ? AND partner_id = ? AND kind = ? AND ref = ? AND live = 1", s.appid, id, kind, ref).Updates(map[string]any{"live": nil, "ended_at": now, "ended_by": by.Name})
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		return s.audited(tx, by, "partner.release", id, map[string]any{"kind": kind, "ref": ref}, nil)
	})
	if err != nil {
		return fmt.Errorf("thing of partner %d: %w", id, err)
	}
	return nil
}

func (s *Service) known(ctx context.Context, kind model.PartnerKind, ref string) error {
	if len(ref) > 64 || ref == "" || !utf8.ValidString(ref) || strings.TrimSpace(ref) != ref {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("ref", "1 到 64 字节，首尾没有空格")
	}
	if kind == model.PartnerChannel {
		return nil // a channel is a word on codes and links; it may be written on them later
	}
	ok, err := s.things.Known(ctx, kind, ref)
	if err != nil {
		return fmt.Errorf("thing %s: %w", kind, err)
	}
	if !ok {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("ref", "没有这一项，可能刚被删了")
	}
	return nil
}

func (s *Service) give(tx *gorm.DB, by model.Operator, id int64, kind model.PartnerKind, ref string) error {
	var have int64
	if err := tx.Model(&model.PartnerThing{}).Where("partner_id = ? AND live = 1", id).Count(&have).Error; err != nil {
		return err
	}
	if have >= thingsMost {
		return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("一个合作方最多 %d 项；码很多时给它们同一个渠道，把渠道归给合作方", thingsMost))
	}
	one := int64(1)
	t := model.PartnerThing{AppID: s.appid, PartnerID: id, Kind: kind, Ref: ref, Live: &one, CreatedBy: by.Name, CreatedAt: model.Milli(s.now())}
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&t)
	if res.Error != nil {
		return res.Error
	}
	of := tx.Where("appid = ? AND kind = ? AND ref = ?", s.appid, kind, ref)
	if res.RowsAffected == 0 {
		var had model.PartnerThing
		if err := store.Lock(of.Session(&gorm.Session{})).Where("live = 1").Take(&had).Error; err != nil {
			return err
		}
		if had.PartnerID == id {
			return nil
		}
		var other model.Partner
		if err := tx.Take(&other, had.PartnerID).Error; err != nil {
			return err
		}
		return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("「%s」已经归合作方「%s」，先从那里移出", ref, other.Name)).Field("ref", "已经归别的合作方")
	}
	// Read after the insert, and locked: whoever owned it last has ended by now.
	var last []model.PartnerThing
	if err := store.Lock(of.Session(&gorm.Session{})).Where("ended_at IS NOT NULL").Order("ended_at DESC").Limit(1).Find(&last).Error; err != nil {
		return err
	}
	if len(last) > 0 {
		if err := tx.Model(&t).Update("begins_at", last[0].EndedAt).Error; err != nil {
			return err
		}
	}
	return s.audited(tx, by, "partner.own", id, nil, map[string]any{"kind": kind, "ref": ref})
}
