package menu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// PlanJob is the kind of the job that publishes a menu at its time.
const PlanJob = "menu.plan"

// States of a plan. Running is passing: the instance that publishes may be killed in it, and the job comes again.
const (
	planWaiting, planRunning, planDone, planFailed, planDropped = "waiting", "running", "done", "failed", "dropped"
)

// planGrace is how late a plan may still be carried out: a menu that appears hours after its time surprises.
const planGrace = time.Hour

const mostPlans = 20 // waiting at once

type planRow struct {
	ID            int64  `gorm:"primaryKey"`
	AppID         string `gorm:"column:appid"`
	PublishAt     time.Time
	Note          string
	Menu          string
	DraftRevision int64
	Revision      int64
	State         string
	Tries         int64
	Error         string
	Version       int64
	OperatorID    int64
	OperatorName  string
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

func (planRow) TableName() string { return "menu_plans" }

// Plan is a menu that goes live at a time. It is the draft as it was when it was planned: what is written on the
// desk afterwards does not slip in.
type Plan struct {
	model.Menu
	ID        int64
	At        time.Time
	Note      string
	Draft     int64 // the draft's revision that was planned
	Revision  int64
	State     string // waiting, running, failed
	Tries     int64
	Error     string // of the last try, in Chinese
	By        string
	UpdatedAt time.Time
	Changes   []string // against what will be live just before
}

type planJob struct {
	ID       int64 `json:"id"`
	Revision int64 `json:"revision"`
}

// PlanAt plans the draft as it stands to go live at a time. With the revision that was looked at, ErrConflict if
// somebody saved since. Errors: ErrInvalid for a time that has passed, or names the button.
func (s *Service) PlanAt(ctx context.Context, by model.Operator, at time.Time, note string, seen *int64) (Plan, error) {
	d, err := s.Draft(ctx)
	if err != nil {
		return Plan{}, err
	}
	if seen != nil && *seen != d.Revision && d.UpdatedAt != nil {
		return Plan{}, faster(d.By, *d.UpdatedAt, "没有定时")
	}
	row := planRow{AppID: s.appid, PublishAt: model.Milli(at), Note: strings.TrimSpace(note), DraftRevision: d.Revision, Revision: 1, State: planWaiting}
	if err := s.fit(&row, d.Menu); err != nil {
		return Plan{}, err
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		row.ID, row.OperatorID, row.OperatorName, row.CreatedAt, row.UpdatedAt = 0, by.ID, by.Name, model.Milli(s.now()), model.Milli(s.now())
		var n int64
		if err := tx.Model(&planRow{}).Where("appid = ? AND state = ?", s.appid, planWaiting).Count(&n).Error; err != nil {
			return fmt.Errorf("menu plans: %w", err)
		}
		if n >= mostPlans {
			return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("已经定了 %d 个时间，请先取消不用的", mostPlans))
		}
		if err := tx.Create(&row).Error; err != nil {
			return fmt.Errorf("menu plan: %w", err)
		}
		return s.queue(tx, by, "menu.plan", "", &row)
	})
	if err != nil {
		return Plan{}, err
	}
	return s.plan(ctx, row.ID)
}

// Replan changes time and note of a plan that waits or failed, and with draft takes the draft as it stands now.
// ErrConflict when somebody changed the plan since revision, or it is being published.
func (s *Service) Replan(ctx context.Context, by model.Operator, id, revision int64, at time.Time, note string, draft bool) (Plan, error) {
	d, err := s.Draft(ctx)
	if err != nil {
		return Plan{}, err
	}
	err = s.changePlan(ctx, id, revision, func(tx *gorm.DB, row *planRow) error {
		before := row.brief()
		var m model.Menu
		if err := json.Unmarshal([]byte(row.Menu), &m); err != nil {
			return fmt.Errorf("menu plan %d: %w", id, err)
		}
		if draft {
			m, row.DraftRevision = d.Menu, d.Revision
		}
		row.PublishAt, row.Note, row.State, row.Tries, row.Error = model.Milli(at), strings.TrimSpace(note), planWaiting, 0, ""
		if err := s.fit(row, m); err != nil {
			return err
		}
		return s.queue(tx, by, "menu.replan", before, row)
	})
	if err != nil {
		return Plan{}, err
	}
	return s.plan(ctx, id)
}

// Unplan takes a plan back, or one that failed out of sight. Nothing is published.
func (s *Service) Unplan(ctx context.Context, by model.Operator, id, revision int64) error {
	return s.changePlan(ctx, id, revision, func(tx *gorm.DB, row *planRow) error {
		before := row.brief()
		row.State = planDropped
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "menu.unplan", Object: "menu", ObjectID: fmt.Sprint(id), Before: before})
	})
}

func (s *Service) changePlan(ctx context.Context, id, revision int64, fn func(tx *gorm.DB, row *planRow) error) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var row planRow
		if err := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, id).Take(&row).Error; errors.Is(err, gorm.ErrRecordNotFound) {
			return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个定时发布")
		} else if err != nil {
			return fmt.Errorf("menu plan %d: %w", id, err)
		}
		switch {
		case row.State == planDone:
			return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("已经发布了，是第 %d 版", row.Version))
		case row.State == planDropped:
			return model.Refuse(model.ErrConflict, model.CodeConflict, row.OperatorName+" 定的这次发布已被取消")
		case row.State == planRunning && s.now().Sub(row.UpdatedAt) < 5*time.Minute:
			return model.Refuse(model.ErrConflict, model.CodeConflict, "正在发布，来不及改了")
		case row.Revision != revision:
			return model.Refuse(model.ErrConflict, model.CodeConflict, row.OperatorName+" 刚刚改过这次定时，请刷新后再改")
		}
		old := row.Revision
		row.Revision, row.UpdatedAt = old+1, model.Milli(s.now())
		if err := fn(tx, &row); err != nil {
			return err
		}
		if err := tx.Model(&planRow{}).Where("id = ? AND revision = ?", id, old).
			Select("publish_at", "note", "menu", "draft_revision", "revision", "state", "tries", "error", "updated_at").Updates(&row).Error; err != nil {
			return fmt.Errorf("menu plan %d: %w", id, err)
		}
		return nil
	})
}

// fit checks the plan and lays the menu into it.
func (s *Service) fit(row *planRow, m model.Menu) error {
	if !row.PublishAt.After(s.now()) {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "时间已经过了").Field("at", "请选将来的时间")
	}
	if row.PublishAt.After(s.now().AddDate(1, 0, 0)) {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "最多定到一年以后").Field("at", "最多定到一年以后")
	}
	if utf8.RuneCountInString(row.Note) > 200 {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "说明最多 200 个字").Field("note", "最多 200 个字")
	}
	if err := m.Check(); err != nil {
		return err
	}
	tidy(&m)
	b, err := json.Marshal(m)
	row.Menu = string(b)
	return err
}

// queue keeps the job and the trail. Jobs run by the real clock, the plan's time is the business clock's.
func (s *Service) queue(tx *gorm.DB, by model.Operator, action, before string, row *planRow) error {
	due := time.Now().Add(row.PublishAt.Sub(s.now()))
	if err := s.jobs.Add(tx, PlanJob, fmt.Sprintf("%s:%d:%d", s.appid, row.ID, row.Revision), planJob{row.ID, row.Revision}, due); err != nil {
		return err
	}
	return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "menu", ObjectID: fmt.Sprint(row.ID), Before: before, After: row.brief(), Reason: row.Note})
}

func (row *planRow) brief() string {
	return model.AuditJSON(map[string]any{"publish_at": row.PublishAt.UTC(), "draft": row.DraftRevision})
}

// RunPlan publishes a menu whose time has come: the job PlanJob. Run twice, or on two instances, it publishes
// once: the version and the plan's end are one commit, and sending the same menu again changes nothing. What WeChat
// refuses is kept with the plan; what may heal is tried again for an hour.
func (s *Service) RunPlan(ctx context.Context, payload json.RawMessage) error {
	var j planJob
	if err := json.Unmarshal(payload, &j); err != nil {
		return fmt.Errorf("menu plan: %w: %w", model.ErrInvalid, err)
	}
	db := s.db.WithContext(ctx)
	var rows []planRow
	if err := db.Where("appid = ? AND id = ?", s.appid, j.ID).Limit(1).Find(&rows).Error; err != nil {
		return fmt.Errorf("menu plan %d: %w", j.ID, err)
	}
	if len(rows) == 0 || rows[0].Revision != j.Revision || rows[0].State != planWaiting && rows[0].State != planRunning {
		return nil // changed, cancelled or done: another job's, or nobody's
	}
	row := rows[0]
	if err := store.WaitOut(ctx, row.PublishAt.Sub(s.now())); err != nil {
		return fmt.Errorf("menu plan %d: %w", j.ID, err)
	}
	if s.now().Sub(row.PublishAt) > planGrace {
		why := row.Error
		if why == "" {
			why = "到点时服务没有运行"
		}
		return s.endPlan(ctx, row, planFailed, "一小时内没能发布，已放弃："+why)
	}
	own := func(tx *gorm.DB, states ...string) *gorm.DB {
		return tx.Model(&planRow{}).Where("id = ? AND revision = ? AND state IN ?", row.ID, row.Revision, states)
	}
	res := own(db, planWaiting, planRunning).Updates(map[string]any{"state": planRunning, "tries": gorm.Expr("tries + 1"), "updated_at": model.Milli(s.now())})
	if res.Error != nil || res.RowsAffected == 0 {
		return res.Error
	}
	var m model.Menu
	if err := json.Unmarshal([]byte(row.Menu), &m); err != nil {
		return fmt.Errorf("menu plan %d: %w: %w", j.ID, model.ErrInvalid, err)
	}
	by := model.Operator{ID: row.OperatorID, Name: row.OperatorName}
	_, err := s.publish(ctx, by, planNote(&row), m, 0, func(tx *gorm.DB, v Version) error {
		res := own(tx, planRunning).Updates(map[string]any{"state": planDone, "version": v.Version, "error": "", "updated_at": model.Milli(s.now())})
		if res.Error == nil && res.RowsAffected == 0 {
			return errPlanOver
		}
		return res.Error
	})
	switch {
	case err == nil || errors.Is(err, errPlanOver):
		return nil
	case model.Hopeless(err):
		return s.endPlan(ctx, row, planFailed, model.WordsOf(err, planBroke))
	}
	return errors.Join(err, s.endPlan(ctx, row, planWaiting, model.WordsOf(err, planBroke)))
}

var errPlanOver = errors.New("the plan was carried out by another instance")

func (s *Service) endPlan(ctx context.Context, row planRow, state, why string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := s.db.WithContext(ctx).Model(&planRow{}).Where("id = ? AND revision = ? AND state IN ?", row.ID, row.Revision, []string{planWaiting, planRunning}).
		Updates(map[string]any{"state": state, "error": model.Cut(why, 500), "updated_at": model.Milli(s.now())}).Error
	if err != nil {
		return fmt.Errorf("menu plan %d: %w", row.ID, err)
	}
	return nil
}

func planNote(row *planRow) string {
	if row.Note == "" {
		return "定时发布"
	}
	return model.Cut("定时发布："+row.Note, 200)
}

// planBroke is told where there is no refusal to quote.
const planBroke = "服务出了问题，稍后再试"

// Plans lists what is planned, the next first, and what failed and nobody has seen to.
func (s *Service) Plans(ctx context.Context) ([]Plan, error) {
	var rows []planRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND state IN ?", s.appid, []string{planWaiting, planRunning, planFailed}).Order("publish_at, id").Limit(200).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("menu plans: %w", err)
	}
	last, err := s.newest(s.db.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	before := last.Menu
	out := make([]Plan, 0, len(rows))
	for _, r := range rows {
		p := Plan{ID: r.ID, At: r.PublishAt.UTC(), Note: r.Note, Draft: r.DraftRevision, Revision: r.Revision, State: r.State, Tries: r.Tries, Error: r.Error, By: r.OperatorName, UpdatedAt: r.UpdatedAt.UTC()}
		if err := json.Unmarshal([]byte(r.Menu), &p.Menu); err != nil {
			return nil, fmt.Errorf("menu plan %d: %w", r.ID, err)
		}
		tidy(&p.Menu)
		p.Changes = model.MenuDiff(before, p.Menu)
		if r.State != planFailed {
			before = p.Menu
		}
		out = append(out, p)
	}
	return out, nil
}

// Failed counts the plans that were not carried out and wait for a person.
func (s *Service) Failed(ctx context.Context) (int64, error) {
	var n int64
	if err := s.db.WithContext(ctx).Model(&planRow{}).Where("appid = ? AND state = ?", s.appid, planFailed).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("failed menu plans: %w", err)
	}
	return n, nil
}

func (s *Service) plan(ctx context.Context, id int64) (Plan, error) {
	all, err := s.Plans(ctx)
	if err != nil {
		return Plan{}, err
	}
	for _, p := range all {
		if p.ID == id {
			return p, nil
		}
	}
	return Plan{}, model.Refuse(model.ErrConflict, model.CodeConflict, "刚刚已经发布")
}
