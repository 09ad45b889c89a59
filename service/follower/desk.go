package follower

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// What WeChat takes.
const (
	nameMost = 30 // bytes of a tag's name
	noteMost = 29 // characters of a remark
	fanTags  = 20 // tags of one fan
)

// RefreshTags reads the account's tags from WeChat; ours become the same. One made here while WeChat was asked
// stays.
func (s *Service) RefreshTags(ctx context.Context) error {
	begin := model.Milli(s.now())
	tags, err := s.ask.Tags(ctx)
	if err != nil {
		return fmt.Errorf("tags: %w", err)
	}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		now := model.Milli(s.now())
		ids := []int64{-1}
		for _, t := range tags {
			ids = append(ids, t.ID)
			r := tagRow{s.appid, t.ID, t.Name, t.Fans, now}
			if err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "appid"}, {Name: "tag_id"}}, DoUpdates: clause.AssignmentColumns([]string{"name", "fans", "updated_at"})}).Create(&r).Error; err != nil {
				return fmt.Errorf("tags: %w", err)
			}
		}
		if err := tx.Where("appid = ? AND tag_id NOT IN ? AND updated_at < ?", s.appid, ids, begin).Delete(&tagRow{}).Error; err != nil {
			return fmt.Errorf("tags: %w", err)
		}
		if err := tx.Where("appid = ? AND tag_id NOT IN (?)", s.appid, tx.Model(&tagRow{}).Select("tag_id").Where("appid = ?", s.appid)).Delete(&wornRow{}).Error; err != nil {
			return fmt.Errorf("tags: %w", err)
		}
		return nil
	})
}

func tagName(name string) (string, error) {
	name = strings.TrimSpace(name)
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标签名")
	switch {
	case name == "":
		return "", bad.Field("name", "请写标签名")
	case len(name) > nameMost:
		return "", bad.Field("name", fmt.Sprintf("有 %d 字节，最多 %d 字节（10 个汉字）", len(name), nameMost))
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == utf8.RuneError }):
		return "", bad.Field("name", "有无法显示的字符")
	}
	return name, nil
}

// CreateTag makes a tag at WeChat.
func (s *Service) CreateTag(ctx context.Context, by model.Operator, name string) (model.Tag, error) {
	name, err := tagName(name)
	if err != nil {
		return model.Tag{}, err
	}
	id, err := s.ask.TagCreate(ctx, name)
	if err != nil {
		return model.Tag{}, fmt.Errorf("tag %s: %w", name, err)
	}
	t := model.Tag{ID: id, Name: name}
	return t, s.keepTag(ctx, by, "tag.create", id, nil, map[string]any{"name": name}, func(tx *gorm.DB) error {
		return tx.Clauses(nothing).Create(&tagRow{s.appid, id, name, 0, model.Milli(s.now())}).Error
	})
}

// RenameTag gives a tag another name at WeChat.
func (s *Service) RenameTag(ctx context.Context, by model.Operator, id int64, name string) error {
	name, err := tagName(name)
	if err != nil {
		return err
	}
	had, err := s.tag(ctx, id)
	if err != nil {
		return err
	}
	if err := s.ask.TagRename(ctx, id, name); err != nil {
		return fmt.Errorf("tag %d: %w", id, err)
	}
	return s.keepTag(ctx, by, "tag.change", id, map[string]any{"name": had.Name}, map[string]any{"name": name}, func(tx *gorm.DB) error {
		return tx.Model(&tagRow{}).Where("appid = ? AND tag_id = ?", s.appid, id).Updates(map[string]any{"name": name, "updated_at": model.Milli(s.now())}).Error
	})
}

// DeleteTag takes a tag away at WeChat, and so from every fan.
func (s *Service) DeleteTag(ctx context.Context, by model.Operator, id int64) error {
	had, err := s.tag(ctx, id)
	if err != nil {
		return err
	}
	if err := s.ask.TagDelete(ctx, id); err != nil {
		return fmt.Errorf("tag %d: %w", id, err)
	}
	return s.keepTag(ctx, by, "tag.delete", id, map[string]any{"name": had.Name, "fans": had.Fans}, nil, func(tx *gorm.DB) error {
		if err := tx.Where("appid = ? AND tag_id = ?", s.appid, id).Delete(&wornRow{}).Error; err != nil {
			return err
		}
		return tx.Where("appid = ? AND tag_id = ?", s.appid, id).Delete(&tagRow{}).Error
	})
}

func (s *Service) tag(ctx context.Context, id int64) (tagRow, error) {
	var rows []tagRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND tag_id = ?", s.appid, id).Limit(1).Find(&rows).Error; err != nil {
		return tagRow{}, fmt.Errorf("tag %d: %w", id, err)
	}
	if len(rows) == 0 {
		return tagRow{}, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个标签")
	}
	return rows[0], nil
}

// keepTag writes down what WeChat has done: it is true by now, whoever hangs up.
func (s *Service) keepTag(ctx context.Context, by model.Operator, action string, id int64, before, after any, do func(tx *gorm.DB) error) error {
	return store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		if err := do(tx); err != nil {
			return fmt.Errorf("%s %d: %w", action, id, err)
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "tag", ObjectID: strconv.FormatInt(id, 10), Before: model.AuditJSON(before), After: model.AuditJSON(after)})
	})
}

// chosen gives the followers an operator picked; one that is not the account's is ErrNotFound, as if it did
// not exist.
func (s *Service) chosen(ctx context.Context, ids []int64) ([]row, error) {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var rows []row
	for part := range slices.Chunk(ids, 500) {
		var some []row
		if err := s.db.WithContext(ctx).Where("appid = ? AND id IN ?", s.appid, part).Order("id").Find(&some).Error; err != nil {
			return nil, fmt.Errorf("chosen followers: %w", err)
		}
		rows = append(rows, some...)
	}
	if len(rows) != len(ids) || len(ids) == 0 {
		return nil, model.Refuse(model.ErrNotFound, model.CodeNotFound, "选中的粉丝里有找不到的，请刷新列表")
	}
	return rows, nil
}

// TagFollowers gives a tag to followers or takes it from them, 50 at a time; done is how many WeChat has
// heard of, also when an error ended it half way. Who has it already is not counted.
func (s *Service) TagFollowers(ctx context.Context, by model.Operator, tagID int64, ids []int64, on bool) (done int, err error) {
	t, err := s.tag(ctx, tagID)
	if err != nil {
		return 0, err
	}
	rows, err := s.chosen(ctx, ids)
	if err != nil {
		return 0, err
	}
	worn, err := s.worn(ctx, ids)
	if err != nil {
		return 0, err
	}
	var todo []row
	for _, r := range rows {
		has := slices.ContainsFunc(worn[r.ID], func(x model.Tag) bool { return x.ID == tagID })
		if has == on {
			continue
		}
		if on && len(worn[r.ID]) >= fanTags {
			return 0, model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("粉丝 %d 已经有 20 个标签，不能再加", r.ID))
		}
		todo = append(todo, r)
	}
	kind, action := model.FollowerTag, "follower.tag"
	if !on {
		kind, action = model.FollowerUntag, "follower.untag"
	}
	for part := range slices.Chunk(todo, model.TagFansMost) {
		if err := s.ask.TagFans(ctx, tagID, openidsOf(part), on); err != nil {
			return done, fmt.Errorf("tag %d: %w", tagID, err)
		}
		err := s.changed(ctx, by, action, kind, t.Name, "tag", strconv.FormatInt(tagID, 10), part, func(tx *gorm.DB) error {
			if on {
				var add []wornRow
				for _, r := range part {
					add = append(add, wornRow{s.appid, tagID, r.ID})
				}
				return s.give(tx, add)
			}
			return tx.Where("appid = ? AND tag_id = ? AND follower_id IN ?", s.appid, tagID, idsOf(part)).Delete(&wornRow{}).Error
		})
		if err != nil {
			return done, err
		}
		done += len(part)
	}
	return done, nil
}

// BlockFollowers puts followers on WeChat's black list, or takes them off it.
func (s *Service) BlockFollowers(ctx context.Context, by model.Operator, ids []int64, on bool) (done int, err error) {
	rows, err := s.chosen(ctx, ids)
	if err != nil {
		return 0, err
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return r.Blocked == on })
	kind, action := model.FollowerBlock, "follower.block"
	if !on {
		kind, action = model.FollowerUnblock, "follower.unblock"
	}
	for part := range slices.Chunk(rows, model.BlockMost) {
		if err := s.ask.Block(ctx, openidsOf(part), on); err != nil {
			return done, fmt.Errorf("black list: %w", err)
		}
		err := s.changed(ctx, by, action, kind, "", "follower", strconv.FormatInt(part[0].ID, 10), part, func(tx *gorm.DB) error {
			return tx.Model(&row{}).Where("appid = ? AND id IN ?", s.appid, idsOf(part)).Updates(map[string]any{"blocked": on, "updated_at": model.Milli(s.now())}).Error
		})
		if err != nil {
			return done, err
		}
		done += len(part)
	}
	return done, nil
}

// SetRemark names a fan for us alone; empty takes the name away.
func (s *Service) SetRemark(ctx context.Context, by model.Operator, id int64, remark string) error {
	remark = strings.TrimSpace(remark)
	if utf8.RuneCountInString(remark) > noteMost || strings.ContainsFunc(remark, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查备注").Field("remark", "备注最多 29 个字，一行")
	}
	r, err := s.one(ctx, id)
	if err != nil || r.Remark == remark {
		return err
	}
	if err := s.ask.Remark(ctx, model.OpenID(r.OpenID), remark); err != nil {
		return fmt.Errorf("remark of follower %d: %w", id, err)
	}
	return s.changed(ctx, by, "follower.remark", model.FollowerRemark, remark, "follower", strconv.FormatInt(id, 10), []row{r}, func(tx *gorm.DB) error {
		return tx.Model(&row{}).Where("appid = ? AND id = ?", s.appid, id).Updates(map[string]any{"remark": remark, "updated_at": model.Milli(s.now())}).Error
	})
}

// changed writes down what WeChat has done to some followers: the rows, a line in each one's history, and one in
// the audit trail. A remark is a person's name, so the trail does not repeat it.
func (s *Service) changed(ctx context.Context, by model.Operator, action, kind, what, object, objectID string, fans []row, do func(tx *gorm.DB) error) error {
	now := model.Milli(s.now())
	key := "op:" + rand.Text() + ":"
	history := make([]changeRow, 0, len(fans))
	for _, f := range fans {
		history = append(history, changeRow{AppID: s.appid, OpenID: f.OpenID, Kind: kind, Scene: model.Cut(what, model.SceneMost), PushKey: key + strconv.FormatInt(f.ID, 10), OperatorName: by.Name, HappenedAt: now})
	}
	after := map[string]any{"followers": idsOf(fans)}
	if kind == model.FollowerTag || kind == model.FollowerUntag {
		after["name"] = what
	}
	return store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		if err := do(tx); err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		if err := tx.Create(&history).Error; err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: object, ObjectID: objectID, After: model.AuditJSON(after)})
	})
}

func openidsOf(rows []row) []model.OpenID {
	out := make([]model.OpenID, 0, len(rows))
	for _, r := range rows {
		out = append(out, model.OpenID(r.OpenID))
	}
	return out
}

func idsOf(rows []row) []int64 {
	out := make([]int64, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.ID)
	}
	return out
}
