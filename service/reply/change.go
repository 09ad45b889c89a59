package reply

import (
	"context"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// changeSet says rule by rule how after differs from before.
func changeSet(before, after []model.Rule) []model.RuleChange {
	old := map[int64]*model.Rule{}
	for i := range before {
		old[before[i].ID] = &before[i]
	}
	out := []model.RuleChange{}
	for i := range after {
		r, o := &after[i], old[after[i].ID]
		delete(old, r.ID)
		if o == nil || !same(*o, *r) {
			out = append(out, model.RuleChange{Before: o, After: r})
		}
	}
	for i := range before {
		if o := old[before[i].ID]; o != nil {
			out = append(out, model.RuleChange{Before: o})
		}
	}
	return out
}

// DeskIn gives what is on the desk and not live, rule by rule. With the stamp that Pending gave, ErrConflict when
// somebody changed a draft since.
func (s *Service) DeskIn(tx *gorm.DB, seen string) ([]model.RuleChange, error) {
	rows, rules, err := s.desk(tx)
	if err != nil {
		return nil, err
	}
	if seen != "" && seen != stamp(rows) {
		return nil, unseen(rows)
	}
	_, live, err := s.newest(tx)
	return changeSet(live, rules), err
}

// LayIn lays changes on the desk. A rule that stands there otherwise than the change expects is somebody's draft: it is
// left, and its name given.
func (s *Service) LayIn(tx *gorm.DB, by model.Operator, cs []model.RuleChange) (left []string, err error) {
	rows, rules, err := s.desk(tx)
	if err != nil {
		return nil, err
	}
	at := map[int64]int{}
	for i := range rules {
		at[rules[i].ID] = i
	}
	now := model.Milli(s.now())
	for _, c := range cs {
		i, there := at[c.ID()]
		switch {
		case there && c.After != nil && same(rules[i], *c.After), !there && c.After == nil:
			continue // it stands as it shall
		case there && (c.Before == nil || !same(rules[i], *c.Before)):
			left = append(left, rules[i].Name)
			continue
		case c.After == nil:
			if err := tx.Where("id = ? AND appid = ?", c.ID(), s.appid).Delete(&ruleRow{}).Error; err != nil {
				return nil, fmt.Errorf("take rule %d off the desk: %w", c.ID(), err)
			}
			continue
		}
		row, err := rowOf(s.appid, c.After)
		if err != nil {
			return nil, err
		}
		row.OperatorName, row.UpdatedAt, row.CreatedAt, row.Revision = by.Name, now, now, 1
		if there {
			row.Revision = rows[i].Revision + 1
			err = tx.Model(&ruleRow{}).Where("id = ? AND appid = ?", row.ID, s.appid).
				Select("name", "kind", "event_key", "priority", "enabled", "spec", "revision", "operator_name", "updated_at").Updates(&row).Error
		} else {
			err = tx.Create(&row).Error
		}
		if err != nil {
			return nil, fmt.Errorf("lay rule %d on the desk: %w", row.ID, err)
		}
	}
	return left, nil
}

func (s *Service) desk(tx *gorm.DB) ([]ruleRow, []model.Rule, error) {
	var rows []ruleRow
	if err := store.Lock(tx).Where("appid = ?", s.appid).Order("id").Find(&rows).Error; err != nil {
		return nil, nil, fmt.Errorf("read rules: %w", err)
	}
	rules := make([]model.Rule, 0, len(rows))
	for i := range rows {
		r, err := rows[i].rule()
		if err != nil {
			return nil, nil, err
		}
		rules = append(rules, r)
	}
	return rows, rules, nil
}

// Weigh says in words what the changes would make of what is live now, and refuses what could not be published:
// ErrInvalid, or ErrConflict for an exact keyword that a live rule has.
func (s *Service) Weigh(ctx context.Context, cs []model.RuleChange) ([]string, error) {
	_, live, err := s.newest(s.db.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	after, err := changed(live, cs)
	return Diff(live, after), err
}

func changed(live []model.Rule, cs []model.RuleChange) ([]model.Rule, error) {
	after := model.ChangeRules(live, cs)
	for _, c := range cs {
		if c.After == nil {
			continue
		}
		others := make([]model.Rule, 0, len(after))
		for _, r := range after {
			if r.ID != c.After.ID {
				others = append(others, r)
			}
		}
		if err := clash(c.After, others); err != nil {
			return nil, err
		}
	}
	if _, err := compile(1, after); err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrInvalid, err)
	}
	return after, nil
}

// PublishIn makes the changes to what is live, as the next version, inside another's transaction; Refresh takes it into
// memory after the commit. It gives what really changed, rule by rule and in words. Version 0: nothing did, and
// nothing was written. The desk follows where nobody wrote on it since.
func (s *Service) PublishIn(tx *gorm.DB, by model.Operator, note string, cs []model.RuleChange) (version int64, done []model.RuleChange, words []string, err error) {
	if len(cs) == 0 {
		return 0, cs, nil, nil
	}
	last, live, err := s.newest(tx)
	if err != nil {
		return 0, nil, nil, err
	}
	after, err := changed(live, cs)
	if err != nil {
		return 0, nil, nil, err
	}
	words = Diff(live, after)
	if len(words) > 0 {
		v := versionRow{Version: last + 1, Note: note}
		if err := s.keep(tx, by, &v, after, words, "reply.publish"); err != nil {
			return 0, nil, nil, err
		}
		version = v.Version
	}
	_, err = s.LayIn(tx, by, cs)
	return version, changeSet(live, after), words, err
}

// Refresh takes the newest version into memory at once.
func (s *Service) Refresh(ctx context.Context) error { return s.refresh(ctx) }

// keep writes a version and its trail.
func (s *Service) keep(tx *gorm.DB, by model.Operator, v *versionRow, rules []model.Rule, diff []string, action string) error {
	body, err := json.Marshal(rules)
	if err != nil {
		return err
	}
	words, err := json.Marshal(diff)
	if err != nil {
		return err
	}
	v.AppID, v.Rules, v.Diff, v.OperatorID, v.OperatorName, v.PublishedAt = s.appid, string(body), string(words), by.ID, by.Name, model.Milli(s.now())
	if err := tx.Create(v).Error; err != nil {
		return fmt.Errorf("publish rules: %w", err)
	}
	return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "reply_version", ObjectID: fmt.Sprint(v.Version), After: v.Diff, Reason: v.Note})
}
