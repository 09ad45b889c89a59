package campaign

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// Input is what an operator writes.
type Input struct {
	Name, Goal, Note  string
	Target            int64
	FirstDay, LastDay int
	Cost              *model.Fen
	Version           int64 // the one the change was made on; 0 for a new campaign
}

// Now is the business clock campaigns begin and end by.
func (s *Service) Now() time.Time { return s.now() }

// Create makes a campaign. ErrInvalid names the fields; ErrConflict: the name is taken.
func (s *Service) Create(ctx context.Context, by model.Operator, in Input) (model.Campaign, error) {
	now := model.Milli(s.now())
	c := model.Campaign{AppID: s.appid, Version: 1, CreatedBy: by.Name, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
	in.fill(&c)
	if err := c.Check(); err != nil {
		return c, err
	}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		c.ID = 0
		if err := tx.Create(&c).Error; err != nil {
			return err
		}
		return s.audited(tx, by, "campaign.create", c.ID, nil, view(c))
	})
	return c, named(err)
}

func (in Input) fill(c *model.Campaign) {
	c.Name, c.Goal, c.Note, c.Target, c.FirstDay, c.LastDay, c.Cost = in.Name, in.Goal, in.Note, in.Target, in.FirstDay, in.LastDay, in.Cost
}

// named says that a name is taken.
func named(err error) error {
	if _, dup := store.Duplicate(err); dup {
		return model.Refuse(model.ErrConflict, model.CodeConflict, "已经有一个同名的活动").Field("name", "已经有一个同名的活动")
	}
	if err != nil {
		return fmt.Errorf("campaign: %w", err)
	}
	return nil
}

// Change rewrites a campaign. ErrConflict with who and when, if it was changed since Version.
func (s *Service) Change(ctx context.Context, by model.Operator, id int64, in Input) (model.Campaign, error) {
	var c model.Campaign
	err := s.change(ctx, by, id, in.Version, "campaign.change", &c, func(c *model.Campaign) error {
		in.fill(c)
		return c.Check()
	})
	return c, err
}

// Stop ends a campaign now, before its last day; on false goes back on that. Twice is once. ErrConflict as in Change, or
// when it is over.
func (s *Service) Stop(ctx context.Context, by model.Operator, id, version int64, on bool) (model.Campaign, error) {
	var c model.Campaign
	action := "campaign.stop"
	if !on {
		action = "campaign.resume"
	}
	err := s.change(ctx, by, id, version, action, &c, func(c *model.Campaign) error {
		now := model.Milli(s.now())
		switch {
		case c.State(now) == model.CampaignOver || !on && model.DayNumber(now) > c.LastDay:
			return model.Refuse(model.ErrConflict, model.CodeConflict, "活动已经结束了")
		case on && c.StoppedAt == nil:
			c.StoppedAt, c.StoppedBy = &now, by.Name
		case !on:
			c.StoppedAt, c.StoppedBy = nil, ""
		}
		return nil
	})
	return c, err
}

func (s *Service) change(ctx context.Context, by model.Operator, id, version int64, action string, c *model.Campaign, fn func(*model.Campaign) error) error {
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		*c = model.Campaign{}
		if err := store.Lock(tx).Where("appid = ?", s.appid).Take(c, id).Error; err != nil {
			return gone(err)
		}
		if c.Version != version {
			return model.Refuse(model.ErrConflict, model.CodeConflict, c.UpdatedBy+" 在 "+c.UpdatedAt.In(model.Shanghai).Format("1 月 2 日 15:04")+" 改过这个活动，请刷新后再改")
		}
		before := view(*c)
		if err := fn(c); err != nil {
			return err
		}
		c.Version, c.UpdatedBy, c.UpdatedAt = c.Version+1, by.Name, model.Milli(s.now())
		if err := tx.Model(c).Select("name", "goal", "target", "first_day", "last_day", "cost", "note", "stopped_at", "stopped_by", "version", "updated_by", "updated_at").Updates(c).Error; err != nil {
			return err
		}
		return s.audited(tx, by, action, id, before, view(*c))
	})
	return named(err)
}

func gone(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个活动")
	}
	return err
}

// One gives a campaign. ErrNotFound.
func (s *Service) One(ctx context.Context, id int64) (model.Campaign, error) {
	var c model.Campaign
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Take(&c, id).Error; err != nil {
		return c, named(gone(err))
	}
	return c, nil
}

// In is One inside the caller's transaction.
func (s *Service) In(tx *gorm.DB, id int64) (model.Campaign, error) {
	var c model.Campaign
	if err := tx.Where("appid = ?", s.appid).Take(&c, id).Error; err != nil {
		return c, named(gone(err))
	}
	return c, nil
}

// List gives campaigns, the latest made first, below the number before (0: from the top).
func (s *Service) List(ctx context.Context, before int64, limit int) ([]model.Campaign, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	out := []model.Campaign{}
	if err := q.Order("id DESC").Limit(limit).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("campaigns: %w", err)
	}
	return out, nil
}

// Items lists what belongs to a campaign by a line of its own.
func (s *Service) Items(ctx context.Context, id int64) ([]model.CampaignItem, error) {
	out := []model.CampaignItem{}
	if err := s.db.WithContext(ctx).Where("campaign_id = ?", id).Order("kind, id").Limit(1000).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("things of campaign %d: %w", id, err)
	}
	return out, nil
}

// Attach puts a thing into a campaign, on false takes it out; twice is once. ErrInvalid for a thing that is not there.
func (s *Service) Attach(ctx context.Context, by model.Operator, id int64, kind model.CampaignKind, ref int64, on bool) error {
	things, known := s.things[kind]
	if !known {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("kind", "没有这一类")
	}
	if on {
		found, err := things.Among(ctx, []int64{ref})
		if err != nil {
			return fmt.Errorf("thing of campaign %d: %w", id, err)
		}
		if len(found) == 0 {
			return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("ref", "没有这一项，可能刚被删了")
		}
	}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var c model.Campaign
		if err := store.Lock(tx).Where("appid = ?", s.appid).Take(&c, id).Error; err != nil {
			return gone(err)
		}
		what := map[string]any{"kind": kind, "ref": ref}
		if on {
			res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&model.CampaignItem{CampaignID: id, Kind: kind, Ref: ref, CreatedBy: by.Name, CreatedAt: model.Milli(s.now())})
			if res.Error != nil || res.RowsAffected == 0 {
				return res.Error
			}
			return s.audited(tx, by, "campaign.attach", id, nil, what)
		}
		res := tx.Where("campaign_id = ? AND kind = ? AND ref = ?", id, kind, ref).Delete(&model.CampaignItem{})
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		return s.audited(tx, by, "campaign.detach", id, what, nil)
	})
	return named(err)
}

func view(c model.Campaign) map[string]any {
	return map[string]any{"name": c.Name, "goal": c.Goal, "target": c.Target, "from": model.DayName(c.FirstDay), "to": model.DayName(c.LastDay), "cost": c.Cost, "note": c.Note, "stopped_at": c.StoppedAt}
}

func (s *Service) audited(tx *gorm.DB, by model.Operator, action string, id int64, before, after map[string]any) error {
	return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "campaign", ObjectID: strconv.FormatInt(id, 10), Before: model.AuditJSON(before), After: model.AuditJSON(after)})
}
