package reply

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Draft is a rule as it stands on the desk, and how it differs from what is live.
type Draft struct {
	model.Rule
	Revision  int64
	State     string // new, changed, live
	By        string
	UpdatedAt time.Time
	Warnings  []Warning // what the editor should know: a rule that can never win, a word too short
}

// Drafts lists all rules in their order on the desk, oldest first.
func (s *Service) Drafts(ctx context.Context) ([]Draft, error) {
	var rows []ruleRow
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list rules: %w", err)
	}
	live := s.liveRules()
	out := make([]Draft, 0, len(rows))
	rules := make([]model.Rule, 0, len(rows))
	for i := range rows {
		r, err := rows[i].rule()
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
		out = append(out, Draft{Rule: r, Revision: rows[i].Revision, State: state(r, live), By: rows[i].OperatorName, UpdatedAt: rows[i].UpdatedAt.UTC()})
	}
	for i, w := range s.lint(ctx, rules) {
		out[i].Warnings = w
	}
	return out, nil
}

// Desk gives the rules as they stand as drafts.
func (s *Service) Desk(ctx context.Context) ([]model.Rule, error) {
	var rows []ruleRow
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list rules: %w", err)
	}
	out := make([]model.Rule, 0, len(rows))
	for i := range rows {
		r, err := rows[i].rule()
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// liveRules are the enabled rules in memory by number; a disabled rule is live by not answering.
func (s *Service) liveRules() map[int64]model.Rule {
	out := map[int64]model.Rule{}
	for _, r := range s.book.Load().rules {
		out[r.ID] = r
	}
	return out
}

func state(r model.Rule, live map[int64]model.Rule) string {
	l, ok := live[r.ID]
	switch {
	case ok && same(r, l):
		return "live"
	case ok:
		return "changed"
	case !r.Enabled:
		return "off"
	}
	return "new"
}

func same(a, b model.Rule) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y) || reflect.DeepEqual(a, b)
}

// Create saves a new rule as a draft. Errors: ErrInvalid; ErrConflict for an exact keyword another rule has.
func (s *Service) Create(ctx context.Context, by model.Operator, r model.Rule) (Draft, error) {
	r.ID = 0
	return s.saveDraft(ctx, by, r, nil)
}

// Change saves a draft over rule id. With a revision, ErrConflict if somebody saved it since.
func (s *Service) Change(ctx context.Context, by model.Operator, id int64, revision *int64, r model.Rule) (Draft, error) {
	r.ID = id
	return s.saveDraft(ctx, by, r, revision)
}

func (s *Service) saveDraft(ctx context.Context, by model.Operator, r model.Rule, revision *int64) (Draft, error) {
	if err := ready(&r); err != nil {
		return Draft{}, err
	}
	var out Draft
	var all []model.Rule
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) (err error) {
		out, all, err = s.saveIn(tx, by, r, revision)
		return err
	})
	if err != nil {
		return Draft{}, err
	}
	out.Warnings = s.lint(ctx, all)[len(all)-1]
	return out, nil
}

// CreateIn is Create inside another's transaction, and gives the rule's number. A refusal leaves the transaction as
// it was.
func (s *Service) CreateIn(tx *gorm.DB, by model.Operator, r model.Rule) (int64, error) {
	r.ID = 0
	if err := ready(&r); err != nil {
		return 0, err
	}
	out, _, err := s.saveIn(tx, by, r, nil)
	return out.ID, err
}

// ready brings a rule to the form it is kept in, or says what is wrong with it.
func ready(r *model.Rule) error {
	r.Name = strings.TrimSpace(r.Name)
	if r.Pick == "" {
		r.Pick = "all"
	}
	if r.Kind == model.RuleScene {
		r.EventKey = strings.TrimPrefix(r.EventKey, "qrscene_")
		for i, x := range r.Scenes {
			r.Scenes[i] = strings.TrimPrefix(strings.TrimSpace(x), "qrscene_")
		}
	}
	return r.Check()
}

// saveIn writes the rule and gives it with all others, itself last.
func (s *Service) saveIn(tx *gorm.DB, by model.Operator, r model.Rule, revision *int64) (out Draft, others []model.Rule, err error) {
	var rows []ruleRow
	if err := store.Lock(tx).Where("appid = ?", s.appid).Order("id").Find(&rows).Error; err != nil {
		return out, nil, fmt.Errorf("read rules: %w", err)
	}
	if r.ID == 0 && len(rows) >= mostRules {
		return out, nil, model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("规则已有 %d 条，请先删除不用的", mostRules))
	}
	all := make([]model.Rule, 0, len(rows)+1)
	var old *ruleRow
	for i := range rows {
		if rows[i].ID == r.ID {
			old = &rows[i]
			continue
		}
		o, err := rows[i].rule()
		if err != nil {
			return out, nil, err
		}
		all = append(all, o)
	}
	if err := clash(&r, all); err != nil {
		return out, nil, err
	}
	if err := tooOpen(&r, all); err != nil {
		return out, nil, err
	}
	row, err := rowOf(s.appid, &r)
	if err != nil {
		return out, nil, err
	}
	now := model.Milli(s.now())
	row.OperatorName, row.UpdatedAt, row.Revision = by.Name, now, 1
	before := ""
	switch {
	case r.ID == 0:
		row.CreatedAt = now
		if err := tx.Create(&row).Error; err != nil {
			return out, nil, fmt.Errorf("create rule: %w", err)
		}
		r.ID = row.ID
	case old == nil:
		return out, nil, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这条规则，可能已被删除")
	case revision != nil && *revision != old.Revision:
		return out, nil, model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("%s 在 %s 改过这条规则，请刷新后再改", old.OperatorName, old.UpdatedAt.In(model.Shanghai).Format("01-02 15:04")))
	default:
		before, row.Revision = brief(old), old.Revision+1
		if err := tx.Model(&ruleRow{}).Where("id = ? AND appid = ?", r.ID, s.appid).
			Select("name", "kind", "event_key", "priority", "enabled", "spec", "revision", "operator_name", "updated_at").Updates(&row).Error; err != nil {
			return out, nil, fmt.Errorf("change rule %d: %w", r.ID, err)
		}
	}
	out = Draft{Rule: r, Revision: row.Revision, State: state(r, s.liveRules()), By: by.Name, UpdatedAt: now}
	action := "reply.change"
	if before == "" {
		action = "reply.create"
	}
	err = s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "reply", ObjectID: fmt.Sprint(r.ID), Before: before, After: brief(&row)})
	return out, append(all, r), err
}

// brief is a rule in the audit trail: all of it, as JSON.
func brief(r *ruleRow) string {
	b, err := json.Marshal(map[string]any{"name": r.Name, "kind": r.Kind, "event_key": r.EventKey, "priority": r.Priority, "enabled": r.Enabled, "spec": json.RawMessage(r.Spec)})
	if err != nil {
		return ""
	}
	return string(b)
}

// Delete takes a rule off the desk; it answers on until the next publish.
func (s *Service) Delete(ctx context.Context, by model.Operator, id int64) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var row ruleRow
		if err := store.Lock(tx).Where("id = ? AND appid = ?", id, s.appid).Take(&row).Error; err != nil {
			return notFound(err, "没有这条规则，可能已被删除")
		}
		if err := tx.Where("id = ? AND appid = ?", id, s.appid).Delete(&ruleRow{}).Error; err != nil {
			return fmt.Errorf("delete rule %d: %w", id, err)
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "reply.delete", Object: "reply", ObjectID: fmt.Sprint(id), Before: brief(&row)})
	})
}

// clash refuses an exact keyword that another rule has too at the same time. Two windows that never meet (day
// and night) may share it, and so may a rule of higher priority that is live for a while only.
func clash(r *model.Rule, others []model.Rule) error {
	if r.Kind != model.RuleKeyword || !r.Enabled {
		return nil
	}
	place := map[string]int{}
	for i, k := range r.Keywords {
		if k.Match == model.MatchExact {
			place[model.Fold(k.Text)] = i
		}
	}
	bad := model.Refuse(model.ErrConflict, model.CodeConflict, "")
	for j := range others {
		o := &others[j]
		if o.Kind != model.RuleKeyword || !o.Enabled || !r.Active.Overlaps(&o.Active) {
			continue
		}
		upper := r
		if o.Priority > r.Priority {
			upper = o
		}
		if o.Priority != r.Priority && !upper.Active.Always() {
			continue
		}
		for _, w := range o.Keywords {
			if i, ok := place[model.Fold(w.Text)]; ok && w.Match == model.MatchExact {
				bad.Field(fmt.Sprintf("keywords[%d]", i), fmt.Sprintf("关键词「%s」已在规则「%s」里", r.Keywords[i].Text, o.Name))
			}
		}
	}
	if len(bad.Fields) == 0 {
		return nil
	}
	bad.Text = bad.Fields[0].Message
	return bad
}

const (
	mostRules = 10_000
	// mostOpen bounds the regexes that need no word at all: each is tried on every message.
	mostOpen = 50
)

func tooOpen(r *model.Rule, others []model.Rule) error {
	count := func(o *model.Rule) (n, at int) {
		for i, k := range o.Keywords {
			if o.Enabled && k.Match == model.MatchRegex && len(requirement(k.Text)) == 0 {
				n, at = n+1, i
			}
		}
		return n, at
	}
	n, at := count(r)
	if n == 0 {
		return nil
	}
	for i := range others {
		more, _ := count(&others[i])
		n += more
	}
	if n <= mostOpen {
		return nil
	}
	text := fmt.Sprintf("没有固定文字的正则最多 %d 个（每句话都要试一遍）；请写上一定会出现的字，或先停用别的", mostOpen)
	return model.Refuse(model.ErrConflict, model.CodeConflict, text).Field(fmt.Sprintf("keywords[%d]", at), text)
}
