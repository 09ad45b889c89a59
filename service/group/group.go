// Package group keeps chat groups (社群): one address that shows the picture of a group's code, replaced by the next one
// when it has been shown to as many as fit, and from which channel they came. It owns the fan_groups, fan_group_codes and
// fan_group_visits tables.
//
// WeChat tells nobody who joined a group. What is counted is browsers that were shown a picture, each once and by a number
// of this group alone, and those that said they joined. A place is taken by one conditional update, so that a picture is
// never shown to more than it may on any number of instances.
package group

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Pictures gives uploaded pictures: service/media.
type Pictures interface {
	Picture(ctx context.Context, address string) (model.Media, []byte, error)
}

// Campaigns tells which of the numbers are of campaigns that exist: figure.Catalogue.
type Campaigns interface {
	Among(ctx context.Context, ids []int64) ([]int64, error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service keeps the groups of the account appid.
type Service struct {
	db        *gorm.DB
	appid     string
	pictures  Pictures
	campaigns Campaigns
	audit     Auditor
	now       func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, pictures Pictures, campaigns Campaigns, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, pictures: pictures, campaigns: campaigns, audit: audit, now: now}
}

// Now is the business clock pictures end by.
func (s *Service) Now() time.Time { return s.now() }

// Input is what an operator writes.
type Input struct {
	Name, Note string
	CampaignID int64
	Closed     bool
	Version    int64 // the one the change was made on; 0 for a new group
}

// Whole is a group with its pictures, in their order, and why it needs another.
type Whole struct {
	model.FanGroup
	Codes []model.FanGroupCode
	Short string
	Seen  int64 // browsers
	Said  int64 // of them, those who said they joined
}

// Save makes a group (id 0) or changes one. ErrInvalid names the fields; ErrConflict: the name is taken, or it was changed
// since.
func (s *Service) Save(ctx context.Context, by model.Operator, id int64, in Input) (Whole, error) {
	draft := model.FanGroup{Name: in.Name, Note: in.Note, CampaignID: in.CampaignID, Closed: in.Closed}
	if err := draft.Check(); err != nil {
		return Whole{}, err
	}
	if in.CampaignID != 0 {
		found, err := s.campaigns.Among(ctx, []int64{in.CampaignID})
		if err != nil {
			return Whole{}, err
		}
		if len(found) == 0 {
			return Whole{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项").Field("campaign_id", "没有这个活动")
		}
	}
	now := model.Milli(s.now())
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		g := draft
		g.AppID, g.Version, g.UpdatedBy, g.UpdatedAt = s.appid, 1, by.Name, now
		if id == 0 {
			g.Code, g.CreatedBy, g.CreatedAt = strings.ToLower(model.NewCode(model.FanGroupCodeLength)), by.Name, now
			if err := tx.Create(&g).Error; err != nil {
				return err
			}
			id = g.ID
			return s.audited(tx, by, "group.create", g.ID, nil, view(g))
		}
		had, err := s.lock(tx, id)
		if err != nil {
			return err
		}
		if had.Version != in.Version {
			return model.Refuse(model.ErrConflict, model.CodeConflict, had.UpdatedBy+" 在 "+had.UpdatedAt.In(model.Shanghai).Format("1 月 2 日 15:04")+" 改过这个社群，请刷新后再改")
		}
		g.ID, g.Version = id, had.Version+1
		if err := tx.Model(&g).Select("name", "note", "campaign_id", "closed", "version", "updated_by", "updated_at").Updates(&g).Error; err != nil {
			return err
		}
		return s.audited(tx, by, "group.change", id, view(had), view(g))
	})
	if _, dup := store.Duplicate(err); dup {
		return Whole{}, model.Refuse(model.ErrConflict, model.CodeConflict, "已经有一个同名的社群").Field("name", "已经有一个同名的社群")
	}
	if err != nil {
		return Whole{}, fmt.Errorf("group %d: %w", id, err)
	}
	return s.One(ctx, id)
}

func (s *Service) lock(tx *gorm.DB, id int64) (model.FanGroup, error) {
	var g model.FanGroup
	err := store.Lock(tx).Where("appid = ?", s.appid).Take(&g, id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return g, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个社群")
	}
	return g, err
}

// AddCode puts another picture behind those there are. ErrInvalid names the fields.
func (s *Service) AddCode(ctx context.Context, by model.Operator, id int64, c model.FanGroupCode) (Whole, error) {
	now := model.Milli(s.now())
	c.ID, c.GroupID, c.Shown, c.State, c.CreatedBy, c.CreatedAt = 0, id, 0, model.FanGroupOpen, by.Name, now
	if c.EndsAt != nil {
		at := model.Milli(*c.EndsAt)
		c.EndsAt = &at
	}
	if err := c.Check(now); err != nil {
		return Whole{}, err
	}
	if _, _, err := s.pictures.Picture(ctx, c.Picture); errors.Is(err, model.ErrNotFound) || errors.Is(err, model.ErrInvalid) {
		return Whole{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项").Field("picture", "没有这张图片，请重新上传")
	} else if err != nil {
		return Whole{}, err
	}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if _, err := s.lock(tx, id); err != nil {
			return err
		}
		var n int64
		if err := tx.Model(&model.FanGroupCode{}).Where("group_id = ?", id).Count(&n).Error; err != nil {
			return err
		}
		if n >= 100 {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "一个社群最多放 100 张群码，请新建一个社群")
		}
		c.ID = 0
		if err := tx.Create(&c).Error; err != nil {
			return err
		}
		return s.audited(tx, by, "group.upload", id, nil, map[string]any{"most": c.Most, "ends_at": c.EndsAt})
	})
	if err != nil {
		return Whole{}, fmt.Errorf("picture of group %d: %w", id, err)
	}
	return s.One(ctx, id)
}

// MarkCode says that a picture is full, withdrawn, or open after all. Twice is once. ErrNotFound.
func (s *Service) MarkCode(ctx context.Context, by model.Operator, id, codeID int64, state model.FanGroupCodeState) (Whole, error) {
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if _, err := s.lock(tx, id); err != nil {
			return err
		}
		var c model.FanGroupCode
		if err := tx.Where("group_id = ?", id).Limit(1).Find(&c, codeID).Error; err != nil {
			return err
		}
		if c.ID == 0 {
			return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这张群码")
		}
		if c.State == state {
			return nil
		}
		if err := tx.Model(&model.FanGroupCode{}).Where("id = ?", codeID).UpdateColumn("state", state).Error; err != nil {
			return err
		}
		return s.audited(tx, by, "group.update", id, map[string]any{"first": codeID, "state": c.State}, map[string]any{"first": codeID, "state": state})
	})
	if err != nil {
		return Whole{}, fmt.Errorf("picture %d: %w", codeID, err)
	}
	return s.One(ctx, id)
}

// One gives a group. ErrNotFound.
func (s *Service) One(ctx context.Context, id int64) (Whole, error) {
	var g []model.FanGroup
	if err := s.db.WithContext(ctx).Where("appid = ? AND id = ?", s.appid, id).Limit(1).Find(&g).Error; err != nil {
		return Whole{}, fmt.Errorf("group %d: %w", id, err)
	}
	if len(g) == 0 {
		return Whole{}, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个社群")
	}
	all, err := s.wholes(ctx, g)
	if err != nil {
		return Whole{}, err
	}
	return all[0], nil
}

// List gives groups, the latest first, below the number before (0: from the top).
func (s *Service) List(ctx context.Context, before int64, limit int) ([]Whole, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var list []model.FanGroup
	if err := q.Order("id DESC").Limit(limit).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	return s.wholes(ctx, list)
}

// Short counts the groups in use that need another picture.
func (s *Service) Short(ctx context.Context) (n int64, err error) {
	var list []model.FanGroup
	if err := s.db.WithContext(ctx).Where("appid = ? AND closed = ?", s.appid, false).Find(&list).Error; err != nil {
		return 0, fmt.Errorf("groups: %w", err)
	}
	all, err := s.wholes(ctx, list)
	for _, g := range all {
		if g.Short != "" {
			n++
		}
	}
	return n, err
}

func (s *Service) wholes(ctx context.Context, list []model.FanGroup) ([]Whole, error) {
	db := s.db.WithContext(ctx)
	ids := []int64{0}
	for _, g := range list {
		ids = append(ids, g.ID)
	}
	var codes []model.FanGroupCode
	if err := db.Where("group_id IN ?", ids).Order("id").Find(&codes).Error; err != nil {
		return nil, fmt.Errorf("pictures of groups: %w", err)
	}
	var sums []struct{ GroupID, Seen, Said int64 }
	if err := db.Model(&model.FanGroupVisit{}).Select("group_id, COUNT(*) AS seen, COUNT(joined_at) AS said").Where("group_id IN ?", ids).Group("group_id").Scan(&sums).Error; err != nil {
		return nil, fmt.Errorf("visits of groups: %w", err)
	}
	out := make([]Whole, 0, len(list))
	for _, g := range list {
		w := Whole{FanGroup: g}
		for _, c := range codes {
			if c.GroupID == g.ID {
				w.Codes = append(w.Codes, c)
			}
		}
		for _, n := range sums {
			if n.GroupID == g.ID {
				w.Seen, w.Said = n.Seen, n.Said
			}
		}
		if !g.Closed {
			w.Short = model.FanGroupShort(w.Codes, s.now())
		}
		out = append(out, w)
	}
	return out, nil
}

// Channel is from where people came to a group.
type Channel struct {
	Channel    string // "": the address alone
	Seen, Said int64
}

// Channels lists from where people came to a group, the most first.
func (s *Service) Channels(ctx context.Context, id int64) ([]Channel, error) {
	out := []Channel{}
	if err := s.db.WithContext(ctx).Model(&model.FanGroupVisit{}).Select("channel, COUNT(*) AS seen, COUNT(joined_at) AS said").Where("group_id = ?", id).Group("channel").Order("seen DESC, channel").Limit(500).Scan(&out).Error; err != nil {
		return nil, fmt.Errorf("channels of group %d: %w", id, err)
	}
	return out, nil
}

func view(g model.FanGroup) map[string]any {
	return map[string]any{"name": g.Name, "note": g.Note, "campaign_id": g.CampaignID, "closed": g.Closed}
}

func (s *Service) audited(tx *gorm.DB, by model.Operator, action string, id int64, before, after map[string]any) error {
	return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "group", ObjectID: strconv.FormatInt(id, 10), Before: model.AuditJSON(before), After: model.AuditJSON(after)})
}

// channelMost bounds a channel in bytes, as elsewhere.
const channelMost = 64

// channel is what stood in the address, as far as it can be one.
func channel(typed string) string {
	typed = strings.TrimSpace(typed)
	if len(typed) > channelMost || !utf8.ValidString(typed) || strings.ContainsFunc(typed, func(r rune) bool { return r < ' ' }) {
		return ""
	}
	return typed
}
