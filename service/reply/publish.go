package reply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Version is one publication in the history.
type Version struct {
	Version      int64
	Note         string
	RestoredFrom int64 // 0: published from the desk
	Diff         []string
	By           string
	At           time.Time
	Live         bool
	Rules        []model.Rule // only from Version
}

// Publish puts all drafts live at once as the next version. Nothing changed is ErrConflict: a version
// that says nothing only hides the one that did. With the stamp that Pending gave, ErrConflict also when
// somebody changed a draft since: nobody publishes what they have not seen.
func (s *Service) Publish(ctx context.Context, by model.Operator, note, seen string) (Version, error) {
	return s.publish(ctx, by, note, seen, 0)
}

// Restore puts version n live again, as a new version, and lays its rules on the desk.
func (s *Service) Restore(ctx context.Context, by model.Operator, n int64, note string) (Version, error) {
	return s.publish(ctx, by, note, "", n)
}

func (s *Service) publish(ctx context.Context, by model.Operator, note, seen string, restore int64) (Version, error) {
	note = strings.TrimSpace(note)
	if utf8.RuneCountInString(note) > 200 {
		return Version{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "说明最多 200 个字").Field("note", "最多 200 个字")
	}
	var v versionRow
	var rules []model.Rule
	var err error
	for range 4 { // two at once: the unique number lets one wait for the other
		err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			v, rules, err = s.write(tx, by, note, seen, restore)
			return err
		})
		if _, dup := store.Duplicate(err); !dup {
			break
		}
	}
	if err != nil {
		return Version{}, err
	}
	if err := s.use(v.Version, rules); err != nil {
		return Version{}, err
	}
	return v.view(s.Live()), nil
}

func (s *Service) write(tx *gorm.DB, by model.Operator, note, seen string, restore int64) (versionRow, []model.Rule, error) {
	last, before, err := s.newest(tx)
	if err != nil {
		return versionRow{}, nil, err
	}
	var rules []model.Rule
	if restore > 0 {
		var from versionRow
		if err := tx.Where("appid = ? AND version = ?", s.appid, restore).Take(&from).Error; err != nil {
			return versionRow{}, nil, notFound(err, fmt.Sprintf("没有第 %d 版", restore))
		}
		if rules, err = from.rules(); err != nil {
			return versionRow{}, nil, err
		}
		if err := s.layOut(tx, by, rules); err != nil {
			return versionRow{}, nil, err
		}
	} else {
		var rows []ruleRow
		if rows, rules, err = s.desk(tx); err != nil {
			return versionRow{}, nil, err
		}
		if seen != "" && seen != stamp(rows) {
			return versionRow{}, nil, unseen(rows)
		}
	}
	if _, err := compile(last+1, rules); err != nil {
		return versionRow{}, nil, fmt.Errorf("%w: %w", model.ErrInvalid, err)
	}
	diff := Diff(before, rules)
	if len(diff) == 0 && last > 0 {
		return versionRow{}, nil, model.Refuse(model.ErrConflict, model.CodeConflict, "没有改动，不用发布")
	}
	action := "reply.publish"
	if restore > 0 {
		action = "reply.restore"
	}
	v := versionRow{Version: last + 1, Note: note, RestoredFrom: restore}
	return v, rules, s.keep(tx, by, &v, rules, diff, action)
}

// layOut replaces the desk by rules, their numbers kept.
func (s *Service) layOut(tx *gorm.DB, by model.Operator, rules []model.Rule) error {
	var old []ruleRow
	if err := store.Lock(tx).Where("appid = ?", s.appid).Find(&old).Error; err != nil {
		return fmt.Errorf("read rules: %w", err)
	}
	revision := map[int64]int64{}
	for _, o := range old {
		revision[o.ID] = o.Revision
	}
	if err := tx.Where("appid = ?", s.appid).Delete(&ruleRow{}).Error; err != nil {
		return fmt.Errorf("clear rules: %w", err)
	}
	now := model.Milli(s.now())
	for i := range rules {
		row, err := rowOf(s.appid, &rules[i])
		if err != nil {
			return err
		}
		row.CreatedAt, row.UpdatedAt, row.OperatorName, row.Revision = now, now, by.Name, revision[row.ID]+1
		if err := tx.Create(&row).Error; err != nil {
			return fmt.Errorf("lay out rule %d: %w", row.ID, err)
		}
	}
	return nil
}

// newest gives the newest version's number and rules; 0 and none before the first.
func (s *Service) newest(tx *gorm.DB) (int64, []model.Rule, error) {
	var v []versionRow
	if err := tx.Where("appid = ?", s.appid).Order("version DESC").Limit(1).Find(&v).Error; err != nil {
		return 0, nil, fmt.Errorf("newest reply version: %w", err)
	}
	if len(v) == 0 {
		return 0, nil, nil
	}
	rules, err := v[0].rules()
	return v[0].Version, rules, err
}

func (v *versionRow) view(live int64) Version {
	out := Version{Version: v.Version, Note: v.Note, RestoredFrom: v.RestoredFrom, By: v.OperatorName, At: v.PublishedAt.UTC(), Live: v.Version == live}
	_ = json.Unmarshal([]byte(v.Diff), &out.Diff) // our own writing
	return out
}

// Versions lists the history, newest first, older than before (0: from the top).
func (s *Service) Versions(ctx context.Context, before int64, limit int) ([]Version, error) {
	q := s.db.WithContext(ctx).Omit("rules").Where("appid = ?", s.appid).Order("version DESC").Limit(limit)
	if before > 0 {
		q = q.Where("version < ?", before)
	}
	var rows []versionRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("reply versions: %w", err)
	}
	live := s.Live()
	out := make([]Version, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].view(live))
	}
	return out, nil
}

// Pending says in words what a publish would change now, and gives the stamp of the drafts it speaks of.
func (s *Service) Pending(ctx context.Context) (changes []string, seen string, err error) {
	var rows []ruleRow
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id").Find(&rows).Error; err != nil {
		return nil, "", fmt.Errorf("read rules: %w", err)
	}
	rules := make([]model.Rule, 0, len(rows))
	for i := range rows {
		r, err := rows[i].rule()
		if err != nil {
			return nil, "", err
		}
		rules = append(rules, r)
	}
	_, live, err := s.newest(s.db.WithContext(ctx))
	if err != nil {
		return nil, "", err
	}
	return Diff(live, rules), stamp(rows), nil
}

// stamp names the drafts as they stand.
func stamp(rows []ruleRow) string {
	h := sha256.New()
	for i := range rows {
		_, _ = fmt.Fprintf(h, "%d:%d;", rows[i].ID, rows[i].Revision)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// unseen says who changed a draft last, and when.
func unseen(rows []ruleRow) error {
	text := "规则刚刚有改动，请看过再发布"
	if len(rows) > 0 {
		last := slices.MaxFunc(rows, func(a, b ruleRow) int { return a.UpdatedAt.Compare(b.UpdatedAt) })
		text = fmt.Sprintf("你打开之后规则又有改动（最近：%s 在 %s 改了「%s」），请看过再发布", last.OperatorName, last.UpdatedAt.In(model.Shanghai).Format("01-02 15:04"), last.Name)
	}
	return model.Refuse(model.ErrConflict, model.CodeConflict, text)
}
